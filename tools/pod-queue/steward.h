/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of pod-queue serve that is root: it keeps the store, answers the listener, executes what
 * is due, and takes approvals.  What it knows of actions is what their files say; it looks there
 * again whenever one of them moved, whoever moved it.
 */
#ifndef POD_QUEUE_STEWARD_H
#define POD_QUEUE_STEWARD_H

#include "libcommon/loop.h"
#include "libcommon/plan.h"
#include "tools/pod-queue/catalog.h"
#include "tools/pod-queue/channel.h"
#include "tools/pod-queue/store.h"

#define PENDING_MAX  1000        /* actions that have not ended */
#define KEPT_MAX     1000        /* ended ones that are remembered */
#define PENDING_SIZE (16u << 20) /* bytes of their files: outside of what the pod may store */
#define KEPT_SIZE    (64u << 20)
#define CHILDREN_MAX 8
#define RUNNING_MAX  4 /* of them, actions at a time */
#define APPROVED_MAX 6 /* the same, for one that a person approved */
#define WAITERS_MAX  256
#define STANDING_MAX 256

/* What is known of one action without looking. */
struct item {
	char id[ACTION_ID], name[ACTION_NAME], key[ACTION_KEY], digest[ACTION_HEX];
	enum tier tier;
	enum place place;
	int64_t created, due, until, ended;
	uint64_t bytes; /* of its file */
	char by[64];
};

enum child_kind { CHILD_EXECUTES, CHILD_GOVERNS, CHILD_TELLS };

struct child {
	enum child_kind kind;
	pid_t pid; /* 0: this place is free */
	char id[ACTION_ID];
	int input;                   /* what it reads, let go once it is started; -1: nothing */
	char input_hash[ACTION_HEX]; /* what that must be; "": it is not looked at */
	uint32_t serial;             /* of the question that CHILD_TELLS answers */
	struct watch out;            /* what it writes */
	struct buf text;
	struct steward *s;
};

struct waiter {
	uint32_t serial;
	char id[ACTION_ID];
	uint64_t until_ms;
};

struct steward {
	struct pod pod;
	struct plan plan;
	struct store store;
	struct loop loop;
	struct channel channel;
	struct watch listener, signals, changes;
	int wd[STORE_DIRS];
	struct item *items;
	size_t n_items;
	struct approval standing[STANDING_MAX];
	size_t n_standing;
	struct child children[CHILDREN_MAX];
	struct waiter waiters[WAITERS_MAX];
	size_t n_waiters;
	int64_t minute;                 /* when the allowance began */
	unsigned requests, submissions; /* of it, used up */
	bool is_recovering;             /* from whatever ended the steward before us */
	bool has_socket, has_lost_listener;
};

/* --- index.c --- */
int index_load(struct steward *s, struct err *e);
/* Where is it now, and what does it say? */
void index_refresh(struct steward *s, const char *id);
struct item *index_find(struct steward *s, const char *id);
struct item *index_by_key(struct steward *s, const char *key);
size_t index_pending(const struct steward *s);
/* Is there room for one more? */
bool index_is_full(const struct steward *s);
/* The oldest of those that ended go, beyond KEPT_MAX and KEPT_SIZE. */
void index_prune(struct steward *s);

/* --- answer.c --- */
void answer_error(struct steward *s, uint32_t serial, const char *word, const char *message);
void answer_text(struct steward *s, uint32_t serial, const char *text, size_t len);
/* {"ok":true,"lines":[…]} of NDJSON that a tool of ours printed. */
void answer_lines(struct steward *s, uint32_t serial, const char *text, size_t len);
void answer_file(struct steward *s, uint32_t serial, const char *id);
/* A frame of the listener's. */
void answer_take(struct steward *s, const struct ask *a, const char *data);
/* Who waits for this action, which has ended, or waited long enough. */
void answer_waiters(struct steward *s);
int answer_next_ms(const struct steward *s);
/* So much waits for the listener to take it that nothing more is to be answered before. */
#define UNTAKEN_MAX (4u << 20)
bool answer_is_behind(const struct steward *s);

/* --- due.c --- */
/* Execute, deny and approve whatever is due; ms until the next look, -1: none. */
int due_look(struct steward *s);
/* Bring what a crash left to an end. */
int due_recover(struct steward *s, struct err *e);
/* An action has been executed, by whatever process. */
void due_ended(struct steward *s, const char *id, const char *how);

/* --- approvals.c --- */
/* Read approved/ anew. */
void approvals_read(struct steward *s);
/* May it be executed by an approval that stands?  Noted in a then. */
bool approvals_stand(const struct steward *s, struct action *a);
/* It was: gone, where it was good for one action only. */
void approvals_use(struct steward *s, const struct action *a);
/* What somebody moved by hand where it does not belong. */
void approvals_put_back(struct steward *s, enum place place, const char *id);

/* --- children.c --- */
/* c->kind, id, input and serial are the caller's.  kept: a descriptor that it inherits; -1: none.
 */
int child_start(struct steward *s, struct child *c, char *const argv[], int kept, struct err *e);
struct child *child_free(struct steward *s);
size_t children_running(const struct steward *s);
bool child_of_kind(const struct steward *s, enum child_kind kind);
bool child_has(const struct steward *s, const char *id);
/* Who asked is gone: it need not be told any more. */
void child_drop(const struct steward *s, uint32_t serial);
void children_reap(struct steward *s);
void children_finish(struct steward *s);

/* --- govern.c --- */
/* The command of a governed action, from its parameters.  -EINVAL with e set. */
int govern_words(const struct steward *s, const struct action *a, struct strv *argv, struct err *e);
/* The hash of what was to be read by it, "": nothing was. */
int govern_input(const struct action *a, char hash[ACTION_HEX], struct err *e);
/* It ended: what it printed is the result. */
void govern_ended(struct steward *s, const struct child *c, int status);

#endif
