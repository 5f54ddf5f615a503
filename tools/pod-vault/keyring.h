/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an unlocked key waits for the next command: root's keyring in the kernel, never a file.
 * The key is found by its id, so one that was rotated away is not found.
 */
#ifndef POD_VAULT_KEYRING_H
#define POD_VAULT_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/pod-vault/seal.h"

/* seconds 0: until it is locked, or the machine restarts. */
int keyring_put(const unsigned char *key, uint64_t seconds, struct err *e);
/* -ENOKEY: not there. */
int keyring_get(const unsigned char id[SEAL_ID], struct secret *key, struct err *e);
/* Was it there? */
bool keyring_drop(const unsigned char id[SEAL_ID]);

#endif
