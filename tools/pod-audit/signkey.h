/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key this host signs checkpoints with: STATE/keys/audit/sign.key, one line
 *     envpod-sign-key 1 NAME SEED
 * with NAME "envpod/HOST", HOST being what the host was called when the key was made, and beside it
 * sign.pub, the public key as C2SP writes it, for people to take with them.
 */
#ifndef POD_AUDIT_SIGNKEY_H
#define POD_AUDIT_SIGNKEY_H

#include "libcommon/err.h"
#include "tools/pod-audit/note.h"

struct signkey {
	struct note_key key;
	unsigned char seed[NOTE_SEED];
};

void signkey_finish(struct signkey *k);
/* The host's, made when there is none. */
int signkey_open(struct signkey *k, struct err *e);
/* -EINVAL */
int signkey_parse(struct signkey *k, const char *text, size_t len);

#endif
