/* SPDX-License-Identifier: Apache-2.0 */
/* One action and one approval, as their files say them: envpod-action(5). */
#ifndef POD_QUEUE_ACTION_H
#define POD_QUEUE_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-queue/types.h"

#define ACTION_ID     17 /* with the NUL */
#define ACTION_NAME   64
#define ACTION_KEY    65
#define ACTION_HEX    65
#define ACTION_PARAMS (64u << 10) /* as the agent's line is bounded */
#define ACTION_RESULT (1u << 20)
#define ACTION_FILE   (ACTION_RESULT + 4 * ACTION_PARAMS)

/*
 * Times are seconds since 1970, 0: none; in the file RFC 3339.  Texts are owned, NULL: none.
 * params and result are JSON of a foreigner's, kept as bytes: last in the file, so that nobody who
 * wants to know the rest has to read them.
 */
struct action {
	char id[ACTION_ID], name[ACTION_NAME], type[ACTION_NAME], key[ACTION_KEY];
	char digest[ACTION_HEX];
	enum tier tier;
	char by[64]; /* "agent", or the user who submitted it */
	int64_t created, due, until, started, ended;
	char status[16]; /* "" while it has not ended */
	char *reason;    /* why it failed or was denied; for people */
	char approved_by[64], scope[8];
	int64_t approved_at;
	char undo[40]; /* the record in pods/NAME/undo that reverses it */
	char *params;  /* canonical: an object */
	char *result;
};

#define OWN_ACTION __attribute__((cleanup(action_finish), unused))
void action_finish(struct action *a);

/* Parse a file.  -EINVAL with e set; a->params is "{}" where there are none. */
int action_parse(struct action *a, const char *data, size_t len, struct err *e);
void action_print(const struct action *a, struct buf *out);

/* A fresh identifier, of 80 random bits. */
void action_new_id(char id[ACTION_ID]);
bool action_is_id(const char *s);
/* Letters, digits, "._-", at most 63: what names files and stands in messages. */
bool action_is_name(const char *s);

/*
 * What an approval speaks of: SHA-256 over name, tier, the digest of the executor's file (what the
 * pod's catalog adds to it included; "" where there is none) and the params, NUL between them.
 */
void action_digest(const struct action *a, const char *executor, char out[ACTION_HEX]);

/* "2026-01-02T03:04:05Z"; and back: -EINVAL. */
#define ACTION_TIME 24
const char *action_time(int64_t t, char out[ACTION_TIME]);
int action_time_parse(const char *s, int64_t *t);
int64_t action_now(void);

enum scope { SCOPE_ONCE, SCOPE_FOR, SCOPE_EXACT, SCOPES };
extern const char *const scope_names[SCOPES];

struct approval {
	char id[ACTION_ID], digest[ACTION_HEX], by[64];
	enum scope scope;
	char name[ACTION_NAME]; /* of the action: what a standing one goes on to approve */
	int64_t until, at;
};

#define APPROVAL_FILE 4096
/* -EINVAL with e set: no approval.  *is_action where it is an action's file instead. */
int approval_parse(struct approval *p, const char *data, size_t len, bool *is_action,
		   struct err *e);
void approval_print(const struct approval *p, struct buf *out);

#endif
