/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opened vault: its index, its master key, its lock (STATE/keys/lock, taken after a pod's lock
 * and before its audit lock).  Replacing the index is the moment at which a change holds: what is
 * prepared before it is not valid yet, what is tidied after it is not valid any more.
 */
#ifndef POD_VAULT_VAULT_H
#define POD_VAULT_VAULT_H

#include <stdbool.h>

#include "tools/pod-vault/index.h"

struct vault {
	int keys, lock; /* STATE/keys, and the lock in it */
	struct seal_head head;
	struct secret master;
	struct index index;
	bool is_new; /* nothing was ever put in: no index, perhaps no key */
};

#define VAULT_INIT                      \
	{                               \
		.keys = -1, .lock = -1, \
	}

enum vault_use { VAULT_READ, VAULT_WRITE };

/* passphrase_fd: see master_get().  -ENOKEY: locked. */
int vault_open(struct vault *v, enum vault_use use, int passphrase_fd, struct err *e);
void vault_finish(struct vault *v);
/* Write the index, sealed by v->master as v->head says. */
int vault_commit(struct vault *v, struct err *e);

/* The header of the index as it lies there; -ENOENT when nothing was ever put in. */
int vault_head(struct seal_head *h, struct err *e);

#endif
