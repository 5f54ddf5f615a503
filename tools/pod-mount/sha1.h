/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1, because git names contents by it; for nothing that must withstand anybody. */
#ifndef POD_MOUNT_SHA1_H
#define POD_MOUNT_SHA1_H

#include <stddef.h>

#define SHA1_HEX 41

/* The name that git gives a file of this content, in hexadecimal. */
void git_blob_name(char hex[SHA1_HEX], const void *data, size_t len);

#endif
