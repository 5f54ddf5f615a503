/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed files of one scope, in a directory of its own.  KEY.new is prepared; the index then
 * names its version, and from that moment it is the secret; its rename to KEY only tidies up.
 */
#ifndef POD_VAULT_STORE_H
#define POD_VAULT_STORE_H

#include "tools/pod-vault/index.h"

/* Seal the value and write KEY.new, on disk when this returns. */
int store_stage(int dir, const struct scope *s, const struct entry *entry,
		const struct secret *value, struct err *e);
/* The value of an entry. */
int store_open(int dir, const struct scope *s, const struct entry *entry, struct secret *value,
	       struct err *e);
/* Make the files those of the index: renames what is prepared and named, removes what is not. */
int store_settle(int dir, const struct scope *s, struct err *e);
/* Is there any sealed file? */
bool store_has_any(int dir);

#endif
