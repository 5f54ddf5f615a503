/* SPDX-License-Identifier: Apache-2.0 */
/* Files with keys that a person keeps elsewhere. */
#ifndef POD_AUDIT_KEYFILE_H
#define POD_AUDIT_KEYFILE_H

#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-audit/proof.h"
#include "tools/pod-audit/seal.h"

#define KEYFILE_MAX 65536

struct keyfile {
	struct seals seals;     /* by the verification key, `envpod-verification-key 1 HEX` */
	struct note_keys notes; /* public keys, `NAME+ID+BASE64`, the first of them */
};

void keyfile_finish(struct keyfile *k);

/* The keys among the lines of a text; other lines are not for us.  -EINVAL where there is none. */
int keyfile_parse(struct keyfile *k, const char *data, size_t len);

/* Of FILE or, "-", standard input. */
int keyfile_read(struct keyfile *k, const char *file, struct err *e);

/*
 * The host's own, where they lie there: the verification key, 1, 0 where it is gone, -errno with e
 * set; and the public key, if there is one.
 */
int keyfile_host(struct keyfile *k, struct err *e);
int keyfile_host_public(struct keyfile *k, struct err *e);

#endif
