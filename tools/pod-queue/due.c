/* SPDX-License-Identifier: Apache-2.0 */
/* What is to happen now, and when to look again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-queue/chain.h"
#include "tools/pod-queue/note.h"
#include "tools/pod-queue/steward.h"

#define FROZEN_MS 1000  /* how often a frozen pod is looked at */
#define LONGEST   60000 /* clocks are set */

static bool is_frozen(const struct steward *s)
{
	return chain_frozen(&s->pod);
}

/* --- ends --- */

static void end(struct steward *s, enum place from, struct action *a, const char *status,
		const char *event, const char *reason)
{
	struct err e = {0};

	if (store_end(&s->store, from, a, status, reason, &e) < 0)
		say_error("%s", e.msg);
	else
		note_said(&s->pod, event, a, NULL);
}

void due_ended(struct steward *s, const char *id, const char *how)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	OWN_BUF struct buf reason = BUF_INIT;
	struct err e = {0};

	buf_fmt(&reason, "interrupted: %.400s", how);
	while (reason.len && reason.data[reason.len - 1] == '\n')
		reason.data[--reason.len] = '\0';
	if (store_lock(&s->store, &e) == 0 && store_find(&s->store, id) == PLACE_RUNNING &&
	    store_read(&s->store, PLACE_RUNNING, id, &a, &e) == 0)
		end(s, PLACE_RUNNING, &a, "failed", "action_failed", reason.data);
	store_unlock(&s->store);
	if (e.code)
		say_error("%s", e.msg);
	index_refresh(s, id);
}

/* --- beginnings --- */

/* Is it still what was submitted: the same entry, the same executor? */
static int judge(const struct steward *s, const struct action *a, struct err *e)
{
	OWN_CATALOG struct catalog c = {0};
	const struct entry *en;
	const struct type *type = type_find(a->type);
	char digest[ACTION_HEX];
	int r = catalog_load(&c, &s->pod, e);

	if (type && type_is_ours(type)) {
		action_digest(a, "", digest);
		return strcmp(digest, a->digest) == 0 && strcmp(a->by, "agent") != 0
			       ? 0
			       : err_set(e, ERR_PLAIN, "this %s was changed in the queue", a->type);
	}

	if (r < 0)
		return r;
	en = catalog_find(&c, a->name);
	if (!en || en->tier == TIER_BLOCKED)
		return err_set(e, ERR_PLAIN, "this pod has no action %s any more", a->name);
	if (catalog_digest(&s->pod, en, a, digest, e) < 0)
		return -EINVAL;
	return strcmp(digest, a->digest) == 0
		       ? 0
		       : err_set(e, ERR_PLAIN,
				 "what executes %s has changed since it was submitted: submit it "
				 "again",
				 a->name);
}

static int open_running(const struct steward *s, const char *id)
{
	char file[ACTION_ID + 8];

	snprintf(file, sizeof(file), "%s.json", id);
	return openat(s->store.dir[PLACE_RUNNING], file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Whoever executes an action inherits a lock on its file: as long as he lives, however long we do,
 * everybody can see that he does. */
static int lock_file(const struct steward *s, const char *id, struct err *e)
{
	OWN_FD int fd = open_running(s, id);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, errno, "lock action %s", id);
	return take_fd(&fd);
}

static int start(struct steward *s, const struct action *a, struct err *e)
{
	OWN_STRV struct strv argv = {0};
	OWN_FREE char *input = xfmt("input/%s", a->id);
	OWN_FD int kept = lock_file(s, a->id, e);
	struct child *c = child_free(s);
	bool governed = type_find(a->type) && type_find(a->type)->is_governed;

	c->kind = governed ? CHILD_GOVERNS : CHILD_EXECUTES;
	memcpy(c->id, a->id, sizeof(c->id));
	c->input = openat(s->store.root, input, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	c->input_hash[0] = '\0';
	if (kept < 0 || (governed && (govern_words(s, a, &argv, e) < 0 ||
				      govern_input(a, c->input_hash, e) < 0))) {
		own_close(&c->input);
		c->input = -1;
		return -EINVAL;
	}
	if (c->input < 0 && *c->input_hash)
		return err_set(e, errno, "open %s/queue/%s", s->pod.path, input);
	if (!governed) {
		strv_add(&argv, "pod-queue");
		strv_add(&argv, "execute");
		strv_add(&argv, s->pod.name);
		strv_add(&argv, a->id);
	}
	return child_start(s, c, argv.v, kept, e);
}

/* Under the lock.  Once the file lies in running/ it has begun, whatever happens to us. */
static void begin(struct steward *s, enum place from, struct action *a)
{
	struct err e = {0};

	if (judge(s, a, &e) < 0) {
		end(s, from, a, "failed", "action_failed", e.msg);
		return;
	}
	if (strcmp(a->type, "request") == 0) {
		end(s, from, a, "approved", "action_executed", NULL);
		return;
	}
	a->started = action_now();
	if (store_move(&s->store, from, PLACE_RUNNING, a, &e) < 0) {
		say_error("%s", e.msg);
		return;
	}
	note_said(&s->pod, "action_started", a, NULL);
	if (start(s, a, &e) < 0)
		end(s, PLACE_RUNNING, a, "failed", "action_failed", e.msg);
}

/* Where one waits tells when it is executed, so a bare move would decide that. */
static enum place home_of_tier(enum tier tier)
{
	return tier == TIER_DELAYED  ? PLACE_DELAYED
	       : tier == TIER_STAGED ? PLACE_STAGED
				     : PLACE_NEW;
}

/* Read under the lock: somebody may have cancelled it meanwhile.  False where it stays as it was.
 */
static bool look_at(struct steward *s, const char *id, enum place place, int64_t now)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	struct err e = {0};

	if (store_lock(&s->store, &e) < 0) {
		say_error("%s", e.msg);
		return false;
	}
	if (store_find(&s->store, id) == (int)place &&
	    store_read(&s->store, place, id, &a, &e) == 0) {
		if (place != home_of_tier(a.tier))
			approvals_put_back(s, place, id);
		else if (place != PLACE_NEW && approvals_stand(s, &a)) {
			/* However long it has had to wait for its turn since. */
			note_said(&s->pod, "action_approved", &a, a.approved_by);
			begin(s, place, &a);
			approvals_use(s, &a);
		} else if (place == PLACE_STAGED && a.until && a.until <= now)
			end(s, place, &a, "denied", "action_denied", "nobody approved it in time");
		else if (place == PLACE_NEW || (place == PLACE_DELAYED && a.due <= now))
			begin(s, place, &a);
	}
	store_unlock(&s->store);
	index_refresh(s, id);
	return store_find(&s->store, id) != (int)place;
}

static bool is_executed(const struct steward *s, const char *id)
{
	OWN_FD int fd = open_running(s, id);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Those that a steward before us had executed, and whose executor has ended without a word.  Is
 * there one left? */
static bool look_at_strays(struct steward *s)
{
	bool any = false;

	for (size_t i = 0; i < s->n_items; i++) {
		char id[ACTION_ID];

		memcpy(id, s->items[i].id, sizeof(id));
		if (s->items[i].place != PLACE_RUNNING || child_has(s, id))
			continue;
		if (is_executed(s, id))
			any = true;
		else
			due_ended(s, id, "its executor ended without a word");
	}
	return any;
}

static bool is_due(const struct steward *s, const struct item *it, int64_t now)
{
	const struct action a = {.id = ""};
	struct action probe = a;

	memcpy(probe.id, it->id, sizeof(probe.id));
	memcpy(probe.name, it->name, sizeof(probe.name));
	memcpy(probe.digest, it->digest, sizeof(probe.digest));
	memcpy(probe.by, it->by, sizeof(probe.by));
	probe.created = it->created;
	if (it->place == PLACE_NEW || (it->place == PLACE_DELAYED && it->due <= now))
		return true;
	if (it->place != PLACE_STAGED && it->place != PLACE_DELAYED)
		return false;
	return (it->place == PLACE_STAGED && it->until && it->until <= now) ||
	       approvals_stand(s, &probe);
}

static int next_ms(const struct steward *s, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < s->n_items; i++) {
		const struct item *it = &s->items[i];
		int64_t at = it->place == PLACE_DELAYED               ? it->due
			     : it->place == PLACE_STAGED && it->until ? it->until
								      : INT64_MAX;

		if (at < next)
			next = at;
	}
	if (next == INT64_MAX)
		return -1;
	return next <= now ? 0 : next - now > LONGEST / 1000 ? LONGEST : (int)(next - now) * 1000;
}

/* One that is due; false when there is none.  What a person approved goes first: an agent can keep
 * us busy for ever with what needs nobody. */
static bool next_due(const struct steward *s, int64_t now, char id[ACTION_ID], enum place *place)
{
	const struct item *found = NULL;

	for (size_t i = 0; i < s->n_items && !(found && found->place == PLACE_STAGED); i++)
		if ((!found || s->items[i].place == PLACE_STAGED) && is_due(s, &s->items[i], now))
			found = &s->items[i];
	if (!found)
		return false;
	memcpy(id, found->id, ACTION_ID);
	*place = found->place;
	return true;
}

static bool has_room(struct steward *s, enum place place)
{
	return child_free(s) &&
	       children_running(s) < (place == PLACE_STAGED ? APPROVED_MAX : RUNNING_MAX);
}

int due_look(struct steward *s)
{
	int64_t now = action_now();
	char id[ACTION_ID];
	enum place place;

	if (look_at_strays(s))
		return FROZEN_MS;
	while (next_due(s, now, id, &place))
		if (!has_room(s, place) || is_frozen(s) || !look_at(s, id, place, now))
			return FROZEN_MS;
	index_prune(s);
	return next_ms(s, now);
}

/* --- after a crash --- */

static int recover(struct steward *s, enum place place, const char *id, struct err *e)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	int r = store_read(&s->store, place, id, &a, e);

	if (r < 0)
		return r;
	if (*a.status) /* it had ended, and was to be moved */
		return store_move(&s->store, place,
				  strcmp(a.status, "denied") == 0 ||
						  strcmp(a.status, "blocked") == 0
					  ? PLACE_DENIED
					  : PLACE_DONE,
				  &a, e);
	if (place != PLACE_RUNNING)
		return 0;
	if (!a.started)
		approvals_put_back(s, place, id);
	else if (!is_executed(s, id))
		end(s, place, &a, "failed", "action_failed",
		    "interrupted: envpod ended while it was executed");
	return 0;
}

int due_recover(struct steward *s, struct err *e)
{
	static const enum place open[] = {PLACE_NEW, PLACE_DELAYED, PLACE_STAGED, PLACE_RUNNING};
	int r = store_lock(&s->store, e);

	for (size_t p = 0; p < 4 && r == 0; p++) {
		OWN_STRV struct strv ids = {0};

		r = store_list(&s->store, open[p], &ids, e);
		for (size_t i = 0; i < ids.n && r == 0; i++) {
			struct err one = {0};

			if (recover(s, open[p], ids.v[i], &one) < 0)
				say_error("%s", one.msg);
		}
	}
	store_unlock(&s->store);
	return r;
}
