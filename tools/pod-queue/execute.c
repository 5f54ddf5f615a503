/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An action that lies in running/ is executed by this process alone, which holds a lock on its file
 * meanwhile.  It ends in done/ with what the executor said, or why nothing was said; if we die
 * before, the steward says so.
 */
#include "tools/pod-queue/cmds.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/budget.h"
#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "libcommon/unit.h"
#include "tools/pod-queue/catalog.h"
#include "tools/pod-queue/chain.h"
#include "tools/pod-queue/deed.h"
#include "tools/pod-queue/kept.h"

#define SAID_MAX 400 /* bytes of the result that go on record */

struct execution {
	struct pod pod;
	struct store store;
	struct action action;
	int file; /* of running/, locked */
	int kept;
	struct deed deed;
};

static void execution_finish(struct execution *x)
{
	own_close(&x->file);
	own_close(&x->kept);
	deed_finish(&x->deed);
	action_finish(&x->action);
	store_finish(&x->store);
	pod_finish(&x->pod);
}

/* The steward's lock, which it passed on, if it is of this very file. */
static int passed_file(const char *name, int running)
{
	const char *text = secure_getenv("ENVPOD_ACTION_FD");
	struct stat mine, theirs;
	uint64_t fd;

	if (!text || unit_u64(text, INT32_MAX, &fd) < 0 || fd < 3 ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 || fstat((int)fd, &mine) < 0 ||
	    fstatat(running, name, &theirs, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev ? (int)fd : -1;
}

/* Nobody else may be at it; the steward sees by the lock that we live. */
static int take_file(struct execution *x, const char *id, struct err *e)
{
	char name[ACTION_ID + 8];

	snprintf(name, sizeof(name), "%s.json", id);
	x->file = passed_file(name, x->store.dir[PLACE_RUNNING]);
	if (x->file < 0)
		x->file = openat(x->store.dir[PLACE_RUNNING], name,
				 O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (x->file < 0)
		return err_set(e, errno, "open %s/queue/running/%s", x->pod.path, name);
	if (flock(x->file, LOCK_EX | LOCK_NB) < 0)
		return err_status(e, POD_EXIT_BUSY, errno, "action %s is being executed", id);
	return store_read(&x->store, PLACE_RUNNING, id, &x->action, e);
}

static void write_request(const struct action *a, const struct entry *en, struct buf *out)
{
	jw_open(out, '{');
	jw_knum(out, "v", 1);
	jw_kstr(out, "id", a->id);
	jw_kstr(out, "name", a->name);
	jw_kstr(out, "type", en->type->name);
	jw_key(out, "params");
	buf_str(out, a->params);
	jw_key(out, "config");
	buf_str(out, en->config);
	jw_close(out, '}');
	buf_char(out, '\n');
}

/* What it is now; approved was what it is by its digest. */
static int check_digest(const struct execution *x, const struct entry *en, struct err *e)
{
	char digest[ACTION_HEX];
	int r = catalog_digest(&x->pod, en, &x->action, digest, e);

	if (r < 0 || strcmp(digest, x->action.digest) == 0)
		return r;
	return err_set(e, ERR_PLAIN, "what executes %s has changed since it was submitted",
		       x->action.name);
}

static int find_entry(const struct execution *x, struct catalog *c, struct entry **en,
		      struct err *e)
{
	int r = catalog_load(c, &x->pod, e);

	*en = r < 0 ? NULL : catalog_find(c, x->action.name);
	if (r == 0 && !*en)
		r = err_set(e, ERR_PLAIN, "the pod has no action %s any more", x->action.name);
	return r < 0 ? r : check_digest(x, *en, e);
}

/* A run would be refused without it, and what an executor keeps weighs on the host. */
static int check_room(const struct execution *x, uint64_t *room, struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	int r = plan_open(&pl, &x->pod, e);

	if (r == 0)
		r = budgets_check(&x->pod, &pl, e);
	return r < 0 ? r : kept_room(&x->store, &pl, room, e);
}

static int do_it(struct execution *x, struct err *e)
{
	OWN_CATALOG struct catalog c = {0};
	OWN_BUF struct buf request = BUF_INIT;
	struct entry *en;
	uint64_t room = 0;
	int r = find_entry(x, &c, &en, e);

	if (r == 0)
		r = check_room(x, &room, e);
	if (r == 0)
		r = x->kept = kept_new(room, e);
	if (r < 0)
		return r;
	write_request(&x->action, en, &request);
	return deed_run(&x->deed, &x->pod, en, &request, x->kept, e);
}

/* --- afterwards --- */

static bool has_kept(const struct execution *x)
{
	struct stat st;

	return x->kept >= 0 && fstat(x->kept, &st) == 0 && st.st_size > 0;
}

/* How to take it back, or why nothing does; where a disk is full, that is why. */
static void say_how(struct execution *x, struct undo_note *n)
{
	const struct verdict *v = &x->deed.verdict;
	const struct action *a = &x->action;
	struct err e = {0};

	if (v->undo.len == 0) {
		n->never = xstrdup(v->never.len ? v->never.data : "its executor does not say how");
	} else if (kept_save(&x->store, a, &v->undo, x->kept, &e) < 0) {
		kept_drop(&x->store, a->id);
		n->never = xfmt("what that needs could not be saved: %s", e.msg);
		say_err(&e);
	} else {
		n->holds = kept_path(a->id);
		undo_words(&n->run, "pod-queue", "reverse", x->pod.name, a->id, NULL);
	}
}

/* It failed after it had kept something, perhaps half-way through what it kept that for. */
static void say_where(struct execution *x, struct undo_note *n)
{
	const struct buf none = BUF_INIT;
	const struct action *a = &x->action;
	struct err e = {0};

	if (kept_save(&x->store, a, &none, x->kept, &e) < 0) {
		kept_drop(&x->store, a->id);
		n->never = xfmt("it failed, and what it had kept could not be saved: %s", e.msg);
		say_err(&e);
		return;
	}
	n->holds = kept_path(a->id);
	n->never = xfmt("it failed; what it had kept until then lies in %s/%s/kept", x->pod.path,
			n->holds);
}

/* "Nothing takes it back" is a record, too: the list tells why. */
static int register_undo(struct execution *x, bool done, struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	struct action *a = &x->action;
	char id[UNDO_ID];
	int r;

	undo_words(&n.what, "action", a->name, a->id, NULL);
	n.by = xstrdup(*a->approved_by ? a->approved_by : a->by);
	if (done)
		say_how(x, &n);
	else
		say_where(x, &n);
	r = undo_register(&x->pod, &n, id, e);
	if (r == 0)
		snprintf(a->undo, sizeof(a->undo), "%s", id);
	else
		kept_drop(&x->store, a->id);
	return r;
}

/* pod-action-http works outside of the pod's view, so that what it found out is our word. */
static void put_status(const struct execution *x, struct event *ev)
{
	const struct buf *result = &x->deed.verdict.result;
	int64_t n = -1;
	char key[32];
	struct json j;

	if (!x->deed.outside || !result->len)
		return;
	json_init(&j, result->data, result->len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key)))
			strcmp(key, "status") == 0 ? json_integer(&j, &n) : json_skip(&j);
	if (json_end(&j) && n >= 0)
		event_num(ev, "http_status", n);
}

/* Whatever the executor says is the pod's word. */
static void put_on_record(struct execution *x)
{
	OWN_EVENT struct event ev = {0};
	const struct action *a = &x->action;
	const struct buf *said = &x->deed.verdict.result;
	struct err e = {0};

	event_init(&ev, x->pod.name, "queue",
		   strcmp(a->status, "executed") == 0 ? "action_executed" : "action_failed");
	event_str(&ev, "id", a->id);
	event_str(&ev, "action", a->name);
	event_str(&ev, "type", a->type);
	event_str(&ev, "digest", a->digest);
	if (*a->approved_by)
		event_str(&ev, "approved_by", a->approved_by);
	if (*a->undo)
		event_str(&ev, "undo", a->undo);
	if (a->reason)
		event_str(&ev, "reason", a->reason);
	put_status(x, &ev);
	if (said->len > 0) {
		OWN_FREE char *text = xfmt("%.*s", SAID_MAX, said->data);

		event_str(&ev, "said", text);
	}
	if (record_event(&ev, true, &e) < 0)
		say_err(&e);
}

static int finish(struct execution *x, const struct err *why, struct err *e)
{
	struct action *a = &x->action;
	int r;

	if (x->deed.verdict.result.len > 0) {
		free(a->result);
		a->result = xstrdup(x->deed.verdict.result.data);
	}
	r = store_lock(&x->store, e);
	if (r == 0)
		r = store_end(&x->store, PLACE_RUNNING, a, why->code ? "failed" : "executed",
			      why->code ? why->msg : NULL, e);
	store_unlock(&x->store);
	if (r == 0)
		put_on_record(x);
	return r;
}

/* What was done and cannot be taken back is still done: that it could not be registered is said. */
static int execute(struct execution *x, struct err *e)
{
	struct err why = {0};
	bool done = do_it(x, &why) == 0;

	if ((done || has_kept(x)) && register_undo(x, done, e) < 0) {
		say_err(e);
		*e = (struct err){0};
	}
	return finish(x, &why, e);
}

int cmd_execute(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-queue execute POD ID",
					"Execute an action that lies in running/.", 2, 2, 0};
	OWN(execution_finish)
	struct execution x = {.pod = POD_INIT, .store = STORE_INIT, .file = -1, .kept = -1};
	struct err e = {0};
	int r;

	opt_parse(opts, &usage, argc, argv);
	if (!action_is_id(argv[1]))
		die(POD_EXIT_USAGE, "%s is no action's id", esc(argv[1]));
	r = pod_open(&x.pod, argv[0], &e);
	if (r == 0)
		r = store_open(&x.store, &x.pod, &e);
	if (r == 0)
		r = take_file(&x, argv[1], &e);
	if (r == 0)
		r = execute(&x, &e);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
