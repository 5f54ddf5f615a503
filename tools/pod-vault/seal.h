/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed bytes, envpod-vault(5): a header, then XChaCha20-Poly1305 with everything that must not be
 * exchanged as associated data.  Bytes in, bytes out; no files.
 */
#ifndef POD_VAULT_SEAL_H
#define POD_VAULT_SEAL_H

#include <stdint.h>

#include "libcommon/buf.h"
#include "tools/pod-vault/secret.h"

#define SEAL_KEY       32
#define SEAL_ID        16
#define SEAL_SALT      16
#define SEAL_VALUE_MAX (64u << 10) /* bytes of a secret */
#define SEAL_NAME_MAX  128
#define SEAL_INDEX_MAX (4u << 20) /* bytes of the index, opened */
#define SEAL_ARGV_MAX  4096

/* --- one secret --- */

/* What a sealed value is bound to. */
struct seal {
	const unsigned char *key; /* SEAL_KEY bytes, of its scope */
	const unsigned char *id;  /* SEAL_ID bytes, of its scope */
	const char *name;
	uint64_t version;
};

/* Append the sealed file to out. */
void seal_value(const struct seal *s, const void *value, size_t len, struct buf *out);
/* -EBADMSG (status 78) with e set when it is not what s says, byte by byte. */
int seal_open(const struct seal *s, const void *data, size_t len, struct secret *value,
	      struct err *e);
/* The version its header claims; -EINVAL when it is no sealed secret at all. */
int seal_version(const void *data, size_t len, uint64_t *version);

/* --- the index, and bundles: sealed by a key that a header says how to come by --- */

enum seal_kind {
	SEAL_FILE,       /* the key lies in a file */
	SEAL_PASSPHRASE, /* Argon2id of what a person types */
	SEAL_COMMAND,    /* Argon2id of what a command prints */
};

struct seal_head {
	enum seal_kind kind;
	uint64_t generation;
	unsigned char key_id[SEAL_ID];
	unsigned char salt[SEAL_SALT];
	uint32_t passes, memory_kib; /* of Argon2id */
	char argv[SEAL_ARGV_MAX];    /* of SEAL_COMMAND: words, a NUL after each */
	size_t argv_len;
};

/* What the first eight bytes say the file is. */
enum seal_what { SEAL_INDEX, SEAL_BUNDLE };

void seal_index(enum seal_what what, const struct seal_head *h, const unsigned char *key,
		const void *text, size_t len, struct buf *out);
/* The header alone: bounds checked, nothing authenticated.  Its length in *head_len. */
int seal_head_read(enum seal_what what, const void *data, size_t len, struct seal_head *h,
		   size_t *head_len, struct err *e);
/* -ENOKEY when key is not the one the header names; -EBADMSG when the bytes were changed. */
int seal_index_open(enum seal_what what, const void *data, size_t len, const unsigned char *key,
		    struct secret *text, struct err *e);

/* Which key this is, without saying anything about it. */
void seal_key_id(const unsigned char *key, unsigned char id[SEAL_ID]);
/* SEAL_KEY bytes into *key, out of words, by the figures in h. */
int seal_derive(const struct seal_head *h, const char *words, size_t len, struct secret *key,
		struct err *e);
/* Figures and salt for a new key of that kind. */
void seal_head_new(struct seal_head *h, enum seal_kind kind);

#endif
