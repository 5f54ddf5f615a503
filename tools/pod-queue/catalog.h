/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod's agent may ask for: pods/NAME/actions.json (envpod-actions(5)), and behind it every
 * type that it does not name.  The file is its owner's, and read anew whenever somebody asks.
 */
#ifndef POD_QUEUE_CATALOG_H
#define POD_QUEUE_CATALOG_H

#include "libcommon/pod.h"
#include "tools/pod-queue/action.h"

#define CATALOG_FILE   "actions.json"
#define CATALOG_MAX    256 /* entries */
#define CATALOG_BYTES  (256u << 10)
#define CATALOG_PARAMS 32

struct entry {
	char name[ACTION_NAME];
	const struct type *type;
	enum tier tier;
	uint32_t delay; /* seconds */
	char *description;
	char *config; /* an object, canonical */
	struct param params[CATALOG_PARAMS];
	size_t n_params;
	bool is_free;  /* takes any parameters */
	bool is_named; /* by the file */
};

struct catalog {
	struct entry *v;
	size_t n;
};

#define OWN_CATALOG __attribute__((cleanup(catalog_finish), unused))

/* Both: the file's entries, then the other types.  No file is an empty one.  Status 78 with
 * "actions.json:LINE:COLUMN: …". */
int catalog_load(struct catalog *c, const struct pod *p, struct err *e);
int catalog_parse(struct catalog *c, const char *data, size_t len, struct err *e);
/* The types that no entry names, as they are. */
void catalog_add_types(struct catalog *c);
void catalog_finish(struct catalog *c);
struct entry *catalog_find(const struct catalog *c, const char *name);
/* Write the entries that the file has, under the store's lock. */
int catalog_save(const struct catalog *c, const struct pod *p, struct err *e);

/* Give an entry the parameters of its type. */
void entry_take_type(struct entry *en, const struct type *t);
void entry_finish(struct entry *en);
/* As the file has it. */
void entry_print(const struct entry *en, struct buf *out);

/*
 * Do the parameters fit?  params is canonical.  0, or -EINVAL with e set: which one is missing,
 * unknown, or of another kind.
 */
int entry_check(const struct param *v, size_t n, const char *params, struct err *e);

/* "name:kind*" words, one blank between them, and back: how the listener is told. */
void params_print(const struct param *v, size_t n, struct buf *out);
size_t params_parse(struct param *v, size_t max, const char *text);

/*
 * The program that executes: the pod's own actions/NAME where there is one, else actions/TYPE of
 * our data, else the tool of ours that knows the type.  A regular file of root's that nobody else
 * can write, in directories likewise; opened for reading.  *outside: it is one of ours that works
 * in the pod's network alone, and not in its view.  -errno with e set, -ENOENT where there is none.
 */
int executor_open(const struct pod *p, const struct entry *en, bool *outside, struct err *e);
/* Hex SHA-256 of the file and of the entry's config; "" for governed commands. */
int executor_digest(const struct pod *p, const struct entry *en, char out[ACTION_HEX],
		    struct err *e);
/* Everything the digest of an action is made of. */
int catalog_digest(const struct pod *p, const struct entry *en, const struct action *a,
		   char out[ACTION_HEX], struct err *e);

#endif
