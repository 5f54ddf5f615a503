/* SPDX-License-Identifier: Apache-2.0 */
/* What a person types, unseen; what a command prints. */
#ifndef POD_VAULT_PROMPT_H
#define POD_VAULT_PROMPT_H

#include "tools/pod-vault/secret.h"

#define PROMPT_MAX 4096

/* A line typed at the terminal of the caller, not shown.  -ENOTTY: there is no terminal. */
int prompt_line(struct secret *s, size_t max, const char *text, struct err *e);
/* Twice the same. */
int prompt_new(struct secret *s, size_t max, const char *text, const char *again, struct err *e);
/* Is there a person at a terminal? */
int prompt_possible(void);

/* A passphrase: from fd (all of it, less one newline), from the terminal where fd is -1. */
int prompt_passphrase(struct secret *s, int fd, const char *text, int is_new, struct err *e);

/* What argv (NUL-ended words, argv[0] a path from /) prints within a minute, less one newline. */
int prompt_command(struct secret *s, const char *words, size_t len, struct err *e);

#endif
