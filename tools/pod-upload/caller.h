/* SPDX-License-Identifier: Apache-2.0 */
/* On the host we are root, and copy for the person who asked: with his rights, and no more. */
#ifndef POD_UPLOAD_CALLER_H
#define POD_UPLOAD_CALLER_H

#include "libcommon/err.h"

/* "UID:GID"; NULL: stay who we are. */
int caller_become(const char *owner, struct err *e);

#endif
