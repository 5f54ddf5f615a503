/* SPDX-License-Identifier: Apache-2.0 */
/* Putting secrets into a scope: all of them hold, or none. */
#ifndef POD_VAULT_PUT_H
#define POD_VAULT_PUT_H

#include "tools/pod-vault/target.h"

struct put {
	char *key;
	struct secret value;
};

/* Can that be a secret?  Not empty, not too long, no NUL byte. */
int put_check(const char *key, const struct secret *value, struct err *e);
/* overwrite: what is there already may be replaced; else it is refused (3). */
int put_all(struct target *t, const struct put *puts, size_t n, bool overwrite, struct err *e);

#endif
