/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approved/ holds approvals and nothing else.  Each is held against the action it speaks of, every
 * time the directory changed: what it says must be that action, and who says it must be allowed to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-queue/approve.h"
#include "tools/pod-queue/canon.h"
#include "tools/pod-queue/note.h"
#include "tools/pod-queue/steward.h"

static void note(const struct steward *s, const char *event, const char *file, const char *by,
		 const char *reason)
{
	OWN_EVENT struct event ev;
	struct err e = {0};

	event_init(&ev, s->pod.name, "queue", event);
	event_str(&ev, "file", file);
	if (by && *by)
		event_str(&ev, "by", by);
	event_str(&ev, "reason", reason);
	if (record_event(&ev, true, &e) < 0)
		say_error("%s", e.msg);
}

/* Off to denied/, under a name that no action has. */
static void refuse(const struct steward *s, const char *file, const char *by, const char *reason)
{
	OWN_FREE char *to = xfmt("%.200s.refused", file);

	note(s, "approval_refused", file, by, reason);
	if (renameat(s->store.dir[PLACE_APPROVED], file, s->store.dir[PLACE_DENIED], to) < 0 &&
	    unlinkat(s->store.dir[PLACE_APPROVED], file, 0) < 0 && errno != ENOENT)
		say_error("move %s/queue/approved/%s: %s", s->pod.path, esc(file), strerror(errno));
}

static enum place home_of(const struct action *a)
{
	if (*a->status)
		return strcmp(a->status, "denied") == 0 || strcmp(a->status, "blocked") == 0
			       ? PLACE_DENIED
			       : PLACE_DONE;
	return a->tier == TIER_DELAYED  ? PLACE_DELAYED
	       : a->tier == TIER_STAGED ? PLACE_STAGED
					: PLACE_NEW;
}

/* A rename says nothing about who wanted what, so it is no approval.  A copy just goes. */
void approvals_put_back(struct steward *s, enum place place, const char *id)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	char file[ACTION_ID + 8];
	struct err e = {0};

	snprintf(file, sizeof(file), "%s.json", id);
	if (store_read(&s->store, place, id, &a, &e) < 0) {
		if (place == PLACE_APPROVED)
			refuse(s, file, NULL, e.msg);
		return;
	}
	note(s, "approval_refused", file, NULL,
	     "an action that is moved by hand is not approved: envpod approve writes an approval");
	if (faccessat(s->store.dir[home_of(&a)], file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		unlinkat(s->store.dir[place], file, 0);
	else if (renameat(s->store.dir[place], file, s->store.dir[home_of(&a)], file) < 0)
		say_error("put %s/queue/%s/%s back: %s", s->pod.path, place_names[place], file,
			  strerror(errno));
	index_refresh(s, id);
}

/* What an approval that is well formed must be besides.  NULL: it counts; "": it has done its duty.
 */
static const char *judge(struct steward *s, const struct approval *p, const struct stat *st,
			 struct err *e)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	int place = store_find(&s->store, p->id);
	bool waits = place == PLACE_STAGED || place == PLACE_DELAYED;

	if (place < 0)
		return "there is no such action";
	if (store_read(&s->store, (enum place)place, p->id, &a, e) < 0)
		return e->msg;
	if (strcmp(a.digest, p->digest) != 0)
		return "it is for something else: the digest is not the action's";
	if (*p->name && strcmp(a.name, p->name) != 0)
		return "it is for something else: the name is not the action's";
	if (p->until <= action_now())
		return st->st_mtime < p->until && p->scope != SCOPE_ONCE ? "" : "its time is over";
	if (approver_check(&s->plan, &a, p->by, e) < 0)
		return e->msg;
	if (p->scope == SCOPE_ONCE && !waits)
		return s->is_recovering && a.approved_at == p->at && a.started
			       ? ""
			       : "it was used before, or the action has ended";
	return NULL;
}

static void stand(struct steward *s, struct approval *p)
{
	const struct item *it = index_find(s, p->id);

	if (s->n_standing == STANDING_MAX || !it)
		return;
	memcpy(p->name, it->name, sizeof(p->name));
	s->standing[s->n_standing++] = *p;
}

static void read_one(struct steward *s, const char *file)
{
	OWN_BUF struct buf text = BUF_INIT, canonical = BUF_INIT;
	int dir = s->store.dir[PLACE_APPROVED];
	struct approval p = {.until = 0};
	char id[ACTION_ID];
	const char *reason;
	struct err e = {0};
	struct stat st;
	size_t at;

	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!S_ISREG(st.st_mode) || read_file_at(dir, file, &text, ACTION_FILE) < 0 ||
	    canon_value(&canonical, text.data ? text.data : "", text.len, &reason, &at) < 0) {
		refuse(s, file, NULL, "it is no approval");
		return;
	}
	bool is_action = false;
	int r = approval_parse(&p, canonical.data, canonical.len, &is_action, &e);

	if (is_action && store_id_of(file, id)) {
		approvals_put_back(s, PLACE_APPROVED, id);
		return;
	}
	if (r == 0 && (!store_id_of(file, id) || strcmp(id, p.id) != 0))
		r = err_set(&e, ERR_PLAIN, "its name is not its id");
	reason = r < 0 ? e.msg : judge(s, &p, &st, &e);
	if (!reason)
		stand(s, &p);
	else if (*reason)
		refuse(s, file, p.by, reason);
	else
		unlinkat(dir, file, 0);
}

void approvals_read(struct steward *s)
{
	int fd = openat(s->store.dir[PLACE_APPROVED], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	OWN_STRV struct strv files = {0};
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	const char *name;

	if (plan_open(&pl, &s->pod, &e) == 0) {
		struct plan old = s->plan;

		s->plan = pl; /* who may approve can have changed */
		pl = old;
	}
	s->n_standing = 0;
	while (d && dir_next(d, &name) > 0)
		if (name[0] != '.')
			strv_add(&files, name);
	for (size_t i = 0; i < files.n; i++)
		read_one(s, files.v[i]);
}

static bool covers(const struct approval *p, const struct action *a, int64_t now)
{
	if (p->until <= now)
		return false;
	if (strcmp(p->id, a->id) == 0)
		return strcmp(p->digest, a->digest) == 0;
	if (p->scope == SCOPE_EXACT)
		return strcmp(p->digest, a->digest) == 0;
	return p->scope == SCOPE_FOR && strcmp(p->name, a->name) == 0;
}

bool approvals_stand(const struct steward *s, struct action *a)
{
	int64_t now = action_now();
	struct err e = {0};

	for (size_t i = 0; i < s->n_standing; i++) {
		const struct approval *p = &s->standing[i];

		/* One that goes on for others than the action it was given for may not be theirs to
		 * approve. */
		if (!covers(p, a, now) || approver_check(&s->plan, a, p->by, &e) < 0)
			continue;
		memcpy(a->approved_by, p->by, sizeof(a->approved_by));
		snprintf(a->scope, sizeof(a->scope), "%s", scope_names[p->scope]);
		a->approved_at = p->at ? p->at : now;
		return true;
	}
	return false;
}

void approvals_use(struct steward *s, const struct action *a)
{
	char file[ACTION_ID + 8];

	if (strcmp(a->scope, scope_names[SCOPE_ONCE]) != 0)
		return;
	snprintf(file, sizeof(file), "%s.json", a->id);
	unlinkat(s->store.dir[PLACE_APPROVED], file, 0);
	for (size_t i = 0; i < s->n_standing; i++)
		if (strcmp(s->standing[i].id, a->id) == 0) {
			s->standing[i] = s->standing[--s->n_standing];
			return;
		}
}
