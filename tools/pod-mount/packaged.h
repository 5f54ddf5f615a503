/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files belong to a package.  dpkg keeps a list a package, a thousand files of ten megabytes,
 * of which the mask asks for a few hundred paths; those are kept in STATE/cache/packaged for all
 * pods, until a list is added, replaced or removed.
 */
#ifndef POD_MOUNT_PACKAGED_H
#define POD_MOUNT_PACKAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

struct packaged {
	int lists; /* /var/lib/dpkg/info, or -1: nothing belongs to a package */
	int cache; /* cache_open(), or -1: none */
	/*
	 * Nanoseconds since the last change of `lists` before an answer is kept: a change in the
	 * same tick of the clock as the reading would not show in the directory's time.
	 */
	uint64_t settle_ns;
	bool (*wanted)(const char *path); /* the paths to keep; others are never asked for */
};

/*
 * Of sorted paths, those wanted(): set yes[i] for each that stands in a package's list.  Returns 0,
 * or -errno when the lists cannot be read: then nothing is known, and nothing kept.
 */
int packaged_ask(const struct packaged *k, const struct strv *paths, bool *yes);

#endif
