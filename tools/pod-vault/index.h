/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vault holds, without the values: scopes (a pod's own, or shared), the key each is sealed
 * by, the current version of each secret.  Its text, envpod-vault(5), is only ever written sealed.
 */
#ifndef POD_VAULT_INDEX_H
#define POD_VAULT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/pod.h"
#include "tools/pod-vault/seal.h"

#define INDEX_SCOPES  4096
#define INDEX_SECRETS 4096 /* of one scope */
#define INDEX_PODS    1024 /* that may use one shared scope */

struct entry {
	char name[SEAL_NAME_MAX];
	uint64_t version;
	int64_t time; /* when it was set, seconds since 1970: told, never relied on */
};

struct scope {
	bool shared;
	char name[POD_NAME_MAX + 1];
	unsigned char id[SEAL_ID]; /* random: a pod made anew by an old name is another one */
	struct secret key;
	uint64_t serial;       /* the highest version ever given: none comes twice */
	struct entry *entries; /* by name */
	size_t n, cap;
	unsigned char (*pods)[SEAL_ID]; /* shared: whose pods may use it */
	size_t n_pods;
};

struct index {
	struct scope *scopes;
	size_t n, cap;
};

void index_finish(struct index *x);
/* Opened text into an empty x; -EINVAL (78) with the line on anything unexpected. */
int index_parse(struct index *x, const char *text, size_t len, struct err *e);
int index_format(const struct index *x, struct secret *text, struct err *e);

/* A shared scope by name; a pod's by name and id, both.  NULL: none. */
struct scope *index_shared(const struct index *x, const char *name);
struct scope *index_pod(const struct index *x, const char *name, const unsigned char *id);
/* A new one with an id and a key of its own, random.  NULL with e set: too many. */
struct scope *index_add(struct index *x, bool shared, const char *name, struct err *e);
/* Scopes of pods by that name, whatever their id: how many went. */
size_t index_drop_pod(struct index *x, const char *name);
void index_drop(struct index *x, struct scope *s);
int scope_new_key(struct scope *s, struct err *e);

struct entry *scope_find(const struct scope *s, const char *name);
/* The entry, made when missing, with the next version and this time. */
struct entry *scope_set(struct scope *s, const char *name, int64_t time, struct err *e);
bool scope_drop(struct scope *s, const char *name);

bool scope_has_pod(const struct scope *s, const unsigned char *id);
int scope_add_pod(struct scope *s, const unsigned char *id, struct err *e);
bool scope_drop_pod(struct scope *s, const unsigned char *id);

/* [A-Za-z_][A-Za-z0-9_]*, shorter than SEAL_NAME_MAX: a variable's name. */
bool is_key_name(const char *name);
int check_key_name(const char *name, struct err *e);

#endif
