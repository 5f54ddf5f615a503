/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's store of authorities, in the form that every JDK reads (JKS, version 2): magic, version,
 * number of entries, entries, and a SHA-1 over a password that everybody knows and all of it.
 */
#ifndef POD_MOUNT_KEYSTORE_H
#define POD_MOUNT_KEYSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"

struct keystore {
	struct buf b; /* all but the digest */
	uint32_t count;
};

void keystore_finish(struct keystore *k);
/* From a store as it lies on disk.  False, and empty, when it is no such store or its digest is of
 * another password. */
bool keystore_open(struct keystore *k, const char *data, size_t len);
/* One more authority: its certificate in DER. */
void keystore_add(struct keystore *k, const char *alias, const void *der, size_t len);
/* The store as it is to lie on disk. */
void keystore_close(struct keystore *k, struct buf *out);

/* The next certificate of a PEM text from *p on, which moves behind it; false: there is none. */
bool pem_next(const char **p, struct buf *der);

#endif
