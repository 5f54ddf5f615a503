/* SPDX-License-Identifier: Apache-2.0 */
/* The names of several directories that are one to the pod, merged and in order. */
#ifndef POD_MOUNT_NAMES_H
#define POD_MOUNT_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct name {
	uint32_t at; /* in the pool */
	uint16_t part;
	uint8_t type; /* DT_ */
};

struct names {
	struct name *v;
	size_t n, cap;
	char *pool;
	size_t used, size;
};

/* Append what an open directory holds, as part `part`.  -errno; -EFBIG beyond 4 GiB of names. */
int names_read(struct names *list, int dirfd, uint16_t part);
/* Order by name, equal names by part. */
void names_sort(struct names *list);
void names_finish(struct names *list);

static inline const char *name_text(const struct names *list, size_t i)
{
	return list->pool + list->v[i].at;
}

#endif
