/* SPDX-License-Identifier: Apache-2.0 */
/* How bindings are taken back: by the words they are made of, which name keys and hold no value. */
#ifndef POD_VAULT_TAKEBACK_H
#define POD_VAULT_TAKEBACK_H

#include "libcommon/undo.h"
#include "tools/pod-vault/policy.h"

#define TAKEBACK_NONE "none" /* no such binding */

/* Its words, as the plan has them; TAKEBACK_NONE for NULL.  Caller frees. */
char *takeback_text(const struct binding *b);
/* The other way, into a zeroed b; status 64. */
int takeback_parse(struct binding *b, const char *text, struct err *e);

/* The binding of this key and host that holds now, copied to the end of `to`, where there is one.
 */
int takeback_now(const struct policy *p, const struct binding *b, struct bindings *to,
		 struct err *e);
/* Is it this one that holds for b's key and host?  Status 3 where it is another. */
int takeback_check(const struct policy *p, const struct binding *b, const char *was, struct err *e);

/* The record of a change from before to after, either of which may be NULL; id "" where they are
 * the same. */
int takeback_register(const struct policy *p, const struct binding *before,
		      const struct binding *after, char id[UNDO_ID], struct err *e);

#endif
