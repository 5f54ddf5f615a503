/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /api/v1, as a table: which request is which command line.  The dashboard has no means of its own:
 * what it can do stands here, and is what a person could type.
 *
 * A route's words are those of the command, in which
 *	$name	is a value of the path, the query or the body: exactly one word
 *	?name:--option=	is --option=VALUE where the value was given, and nothing where it was not
 *	?name:--flag	is --flag where the value is true
 *	%file	is the path of a file of the pod ($pod) in its directory
 *	*name	is a list: a word for each of its values, of which there must be some
 * Values never begin with '-' but behind "--" (route_words() refuses them), and each is held
 *against its field's kind; nothing is ever read by a shell.
 */
#ifndef POD_DASH_ROUTE_H
#define POD_DASH_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

enum role { ROLE_VIEW, ROLE_OPERATE, ROLE_ADMIN, ROLES };
extern const char *const role_names[ROLES];

/* What the command prints, and thereby what the answer is. */
enum answer {
	ANSWER_LIST,   /* an object a line: a JSON array, or as it is for application/x-ndjson */
	ANSWER_OBJECT, /* one object */
	ANSWER_TEXT,   /* text/plain */
	ANSWER_DONE    /* {"status":WORD}; what it said in "output" */
};

enum field_kind {
	FIELD_POD,  /* a pod's, base's or preset's name */
	FIELD_ID,   /* of an action, snapshot or operation */
	FIELD_WORD, /* letters, digits and . _ : , = / * @ + - */
	FIELD_TEXT, /* any UTF-8 without control characters but newline and tab */
	FIELD_PATH, /* absolute, without ".." */
	FIELD_NUMBER,
	FIELD_BOOL,
	FIELD_INPUT, /* becomes the command's standard input, not a word */
	FIELD_KINDS
};

struct field {
	const char *name;
	enum field_kind kind;
	bool many; /* a list of such */
};

#define ROUTE_WORDS  20
#define ROUTE_FIELDS 8
#define LIST_MAX     4096       /* values of a list */
#define VALUE_MAX    4096       /* bytes of a value; */
#define INPUT_MAX    (64 << 10) /* of the input */

struct route {
	const char *method, *path; /* "/api/v1/pods/{pod}/diff" */
	const char *text;          /* what it is, in a sentence */
	enum role role;
	enum answer answer;
	const char *done; /* ANSWER_DONE: the word */
	const char *words[ROUTE_WORDS];
	struct field fields[ROUTE_FIELDS]; /* of query and body; those of the path are in it */
	bool judged; /* what is created is judged by the role: a pod file that opens the host */
	bool quiet;  /* a change that is recorded elsewhere as what it is, or no change */
};

extern const struct route routes[];
size_t routes_count(void);

/* What was asked, as names and values; a list's name comes again for each value. */
struct values {
	struct strv names, values;
	struct buf input;
};
void values_finish(struct values *v);
#define OWN_VALUES __attribute__((cleanup(values_finish), unused))
void values_add(struct values *v, const char *name, const char *value);
const char *values_get(const struct values *v, const char *name);

enum route_found { ROUTE_NONE, ROUTE_OTHER_METHOD, ROUTE_FOUND };

/* The route of a request; what its path says goes to v. */
enum route_found route_find(const char *method, const char *path, const struct route **r,
			    struct values *v);

/* Is every value one of the route's, of its kind, and all there that must be?  -EINVAL with e. */
int route_check(const struct route *r, const struct values *v, struct err *e);

/* The command line.  The values have been checked. */
void route_words(const struct route *r, const struct values *v, struct strv *argv);

/* The words a body of JSON, or a query ("a=b&c=d", percent-encoded), says.  -EINVAL with e. */
int values_json(struct values *v, const struct route *r, const char *text, size_t len,
		struct err *e);
int values_query(struct values *v, const char *query, struct err *e);

#endif
