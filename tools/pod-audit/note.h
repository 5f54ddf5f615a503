/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints as C2SP has them (tlog-checkpoint, signed-note): three lines, origin, size, root, an
 * empty one, and signatures.  A note as this program makes it:
 *
 *	envpod/HOST/web/3
 *	1200
 *	BASE64 of the root
 *
 *	— envpod/HOST/web/3 BASE64 of key id and Ed25519 signature
 *
 * Of a syslog it is one line, with "envpod-checkpoint: ORIGIN SIZE ROOT SIGNATURE" somewhere in it.
 */
#ifndef POD_AUDIT_NOTE_H
#define POD_AUDIT_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "tools/pod-audit/tree.h"

#define NOTE_ORIGIN 256  /* of an origin, with its NUL */
#define NOTE_TEXT   1024 /* of what is signed; a longer note is none */
#define NOTE_FILE   (16u << 20)
#define NOTE_LINE   "envpod-checkpoint: "

#define NOTE_PUBLIC 32
#define NOTE_SEED   32
#define NOTE_SIGNED 68 /* 4 bytes of key id, 64 of signature */

struct note {
	char origin[NOTE_ORIGIN];
	uint64_t size;
	unsigned char root[TREE_HASH];
	char text[NOTE_TEXT]; /* what is signed */
	size_t len;
	unsigned char signature[NOTE_SIGNED]; /* by the key that is named like the origin */
};

/* A public key as others know it: "NAME+ID+BASE64". */
struct note_key {
	char name[NOTE_ORIGIN];
	unsigned char public[NOTE_PUBLIC];
};

/* Make a note of origin, size and root, which are filled in, and sign it. */
int note_sign(struct note *n, const unsigned char seed[NOTE_SEED]);
/* By key, which is named like the origin or like a directory of it? */
bool note_is_signed(const struct note *n, const struct note_key *key);

/* As it is kept, and on one line. */
void note_write(const struct note *n, struct buf *b);
void note_write_line(const struct note *n, struct buf *b);

/*
 * The next note of a text, which moves behind it: true, or false at its end.  What is no note is
 * passed over, line by line.
 */
bool note_next(struct note *n, const char **text, const char *end);

void note_key_write(const struct note_key *key, struct buf *b);
/* -EINVAL, also where the id is not that of the key. */
int note_key_parse(struct note_key *key, const char *line, size_t len);

#endif
