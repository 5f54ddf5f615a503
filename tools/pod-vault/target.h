/* SPDX-License-Identifier: Apache-2.0 */
/* Whose secrets a command is about: a pod's own, or those of a shared scope. */
#ifndef POD_VAULT_TARGET_H
#define POD_VAULT_TARGET_H

#include "tools/pod-vault/vault.h"

struct target {
	struct pod pod; /* of a shared scope: not open */
	bool shared;
	const char *name; /* of pod or scope, for messages */
	int dir;          /* where its sealed files lie; -1: nowhere yet */
	unsigned char id[SEAL_ID];
	bool has_id;
};

#define TARGET_INIT                         \
	{                                   \
		.pod = POD_INIT, .dir = -1, \
	}

/* A pod's, or, with scope not NULL, those of the shared scope of that name. */
int target_open(struct target *t, const char *pod, const char *scope, struct err *e);
void target_finish(struct target *t);

/* Its scope in the index: NULL where there is none, with e set where files lie there that belong to
 * nobody. */
struct scope *target_scope(const struct target *t, const struct vault *v, struct err *e);
/* The same, made when missing, its directory too. */
struct scope *target_make(struct target *t, struct vault *v, struct err *e);

/* Is the pod of this scope still the one that it was made for?  Not one made anew by its name. */
bool target_is_there(const struct scope *s);

/* One event about the target: in the pod's log, or in those of all pods that may use the scope. */
int target_record(const struct target *t, const struct vault *v, const char *event,
		  char *const *keys, struct err *e);

/* The vault id of a pod, pods/NAME/vaultid: -ENOENT when it never had one. */
int pod_vault_id(const struct pod *p, unsigned char id[SEAL_ID], struct err *e);
/* pods/NAME/vault, opened; make: made when missing. */
int pod_vault_dir(const struct pod *p, bool make, struct err *e);

#endif
