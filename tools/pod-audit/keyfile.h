/* SPDX-License-Identifier: Apache-2.0 */
/* Files with keys that a person keeps elsewhere. */
#ifndef POD_AUDIT_KEYFILE_H
#define POD_AUDIT_KEYFILE_H

#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-audit/seal.h"

#define KEYFILE_MAX 65536

/*
 * The verification key among the lines of a text: `envpod-verification-key 1 HEX`.  Other lines are
 * not for us.  -EINVAL where there is none, or one that is none.
 */
int keyfile_parse(struct seals *s, const char *data, size_t len);

/* Of FILE or, "-", standard input. */
int keyfile_read(struct seals *s, const char *file, struct err *e);

/* The host's own, where it still lies there: 1, 0 where it does not, -errno with e set. */
int keyfile_host(struct seals *s, struct err *e);

#endif
