/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1, because git names contents, and Java ends its stores, by it; for nothing that must
 * withstand anybody. */
#ifndef POD_MOUNT_SHA1_H
#define POD_MOUNT_SHA1_H

#include <stddef.h>

#define SHA1_HEX   41
#define SHA1_BYTES 20

/* The name that git gives a file of this content, in hexadecimal. */
void git_blob_name(char hex[SHA1_HEX], const void *data, size_t len);

void sha1_sum(unsigned char sum[SHA1_BYTES], const void *data, size_t len);

#endif
