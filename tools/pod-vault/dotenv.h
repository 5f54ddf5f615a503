/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of KEY=VALUE, as `docker run --env-file` reads them. */
#ifndef POD_VAULT_DOTENV_H
#define POD_VAULT_DOTENV_H

#include "tools/pod-vault/put.h"

#define DOTENV_MAX   (1u << 20)
#define DOTENV_LINES 4096

/* Secrets read from somewhere. */
struct puts {
	struct put *v;
	size_t n;
};

#define OWN_PUTS __attribute__((cleanup(puts_finish), unused))

void puts_finish(struct puts *p);
/* Copies both; -EEXIST: that key is there already. */
int puts_add(struct puts *p, const char *key, size_t key_len, const char *value, size_t len,
	     struct err *e);

/*
 * Blank lines and those that begin with # are passed over, blanks in front of a key too; the value
 * is what follows the first =, quotes and all, to the end of the line.  NAME is for messages:
 * "NAME:LINE:COLUMN: …" (78).
 */
int dotenv_parse(struct puts *p, const char *data, size_t len, const char *name, struct err *e);

#endif
