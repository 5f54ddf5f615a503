/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles for recipients, in the format age-encryption.org/v1: made and opened by the program age,
 * which knows more kinds of keys than we would (its own, ssh's, those of plugins), and is looked
 * after by those who know.  Text passes through pipes alone; age's own memory is its own affair.
 */
#ifndef POD_VAULT_AGE_H
#define POD_VAULT_AGE_H

#include "libcommon/buf.h"
#include "tools/pod-vault/secret.h"

#define AGE_MAX (8u << 20) /* bytes of a sealed bundle; armour takes a third more */

/* For recipients, and those of files, one a line.  Status 77: there is no age. */
int age_seal(const struct strv *recipients, const struct strv *files, const struct secret *text,
	     struct secret *sealed, struct err *e);
/* By one of the identities in files.  That it opens says nothing about who made it: anybody who
 * knows the public key could have. */
int age_open(const struct strv *identities, const struct secret *sealed, struct secret *text,
	     struct err *e);

#endif
