/* SPDX-License-Identifier: Apache-2.0 */
/* The master key: which one opens the index, and where it comes from. */
#ifndef POD_VAULT_MASTER_H
#define POD_VAULT_MASTER_H

#include "tools/pod-vault/seal.h"

#define MASTER_FILE "master"
#define MASTER_NEW  "master.new" /* made by a rotation that has not put its index in place yet */

/*
 * The key that h names: from keys/master, from the kernel's keyring, from a passphrase (passphrase
 * fd, or -1: whoever sits at the terminal), from the key command.  -ENOKEY: locked, or it is gone.
 */
int master_get(int keys, const struct seal_head *h, int passphrase_fd, struct secret *key,
	       struct err *e);

/* Nobody is to be asked from now on: what is locked stays locked. */
void master_never_ask(void);

/* What a new key of the kind in *h is made of, where that is words: typed twice, or printed. */
int master_ask(const struct seal_head *h, int passphrase_fd, struct secret *words, struct err *e);
/* Make a new key; a key file lies in MASTER_NEW then. */
int master_make(int keys, struct seal_head *h, const struct secret *words, struct secret *key,
		struct err *e);
/* After its index is in place: what is not needed any more goes. */
int master_settle(int keys, const struct seal_head *h, struct err *e);

#endif
