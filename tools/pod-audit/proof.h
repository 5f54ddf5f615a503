/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints that were kept elsewhere, against the log as it is now. */
#ifndef POD_AUDIT_PROOF_H
#define POD_AUDIT_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-audit/note.h"
#include "tools/pod-audit/source.h"

struct proof {
	const char *file;
	uint64_t size; /* lines that it is of */
	unsigned char root[TREE_HASH];
	const char *fault; /* NULL: the log's first lines are those */
};

struct proofs {
	struct proof *v;
	size_t n;
	uint64_t lines; /* of the log */
};

/* Public keys that are believed. */
#define NOTE_KEYS_MAX 8
struct note_keys {
	struct note_key v[NOTE_KEYS_MAX];
	size_t n;
};

void proofs_finish(struct proofs *p);

/*
 * The checkpoints of one log in these files ("-": standard input), by the end of its origin,
 * "/POD/J" or, with a '/' at its end, "/POD/", whichever J, or none.  A file without any is a proof
 * with a fault.
 */
int proofs_read(struct proofs *p, const struct strv *files, const char *origin,
		const struct note_keys *keys, struct err *e);

/* Read the log, from its beginning, and see which of them hold. */
int proofs_check(struct proofs *p, struct source *s, struct err *e);

bool proofs_hold(const struct proofs *p);
/* So many lines, from the first on, are proven. */
uint64_t proofs_anchored(const struct proofs *p);

#endif
