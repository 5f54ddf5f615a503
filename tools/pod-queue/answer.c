/* SPDX-License-Identifier: Apache-2.0 */
/* What the listener asks for the agent.  Names, ids and keys are checked here again: the listener
 * is who would be taken over first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-queue/note.h"
#include "tools/pod-queue/reply.h"
#include "tools/pod-queue/steward.h"

#define REQUESTS_A_MINUTE    120
#define SUBMISSIONS_A_MINUTE 20
#define LISTED               200
#define DIFF_MAX             (256u << 10)

/* --- answering --- */

static void put(struct steward *s, uint32_t serial, enum answer_kind kind, const char *data,
		size_t len)
{
	const struct answer a = {.len = (uint32_t)len, .serial = serial, .kind = kind};

	channel_put(&s->channel, &a, sizeof(a), data, len);
	if (channel_flush(&s->channel) < 0)
		s->has_lost_listener = true;
}

void answer_text(struct steward *s, uint32_t serial, const char *text, size_t len)
{
	put(s, serial, ANSWER_TEXT, text, len);
}

/* Cut at the last whole line that fits. */
void answer_lines(struct steward *s, uint32_t serial, const char *text, size_t len)
{
	OWN_BUF struct buf out = BUF_INIT;
	bool cut = false;

	while (len && text[len - 1] != '\n') {
		len--;
		cut = true;
	}
	jw_open(&out, '{');
	jw_kbool(&out, "ok", true);
	jw_kbool(&out, "cut", cut);
	jw_key(&out, "lines");
	buf_char(&out, '[');
	for (size_t i = 0, n; i < len; i += n + 1) {
		n = (size_t)((const char *)memchr(text + i, '\n', len - i) - (text + i));
		if (i)
			buf_char(&out, ',');
		buf_add(&out, text + i, n);
	}
	buf_str(&out, "]}\n");
	answer_text(s, serial, out.data, out.len);
}

void answer_error(struct steward *s, uint32_t serial, const char *word, const char *message)
{
	OWN_FREE char *text = xfmt("%s %.2000s", word, message);

	put(s, serial, ANSWER_ERROR, text, strlen(text));
}

void answer_file(struct steward *s, uint32_t serial, const char *id)
{
	OWN_BUF struct buf text = BUF_INIT;
	char file[ACTION_ID + 8];
	int place = store_find(&s->store, id);

	snprintf(file, sizeof(file), "%s.json", id);
	if (place < 0 || read_file_at(s->store.dir[place], file, &text, ACTION_FILE) < 0)
		answer_error(s, serial, "not_found", "there is no action of this id");
	else
		put(s, serial, ANSWER_FILE, text.data, text.len);
}

/* --- allowance --- */

static bool may_ask(struct steward *s, enum op op)
{
	int64_t now = (int64_t)s->loop.now_ms;
	bool submits = op == OP_CALL || op == OP_SUBMIT || op == OP_DIFF;

	if (op == OP_POLL || op == OP_WAIT || op == OP_DROP || op == OP_SCHEMA)
		return true;
	if (s->minute + 60000 <= now) {
		s->minute = now;
		s->requests = s->submissions = 0;
	}
	if (s->requests >= REQUESTS_A_MINUTE || (submits && s->submissions >= SUBMISSIONS_A_MINUTE))
		return false;
	s->requests++;
	s->submissions += submits;
	return true;
}

/* --- submitting --- */

static enum place first_place(enum tier tier)
{
	return tier == TIER_DELAYED  ? PLACE_DELAYED
	       : tier == TIER_STAGED ? PLACE_STAGED
				     : PLACE_NEW;
}

static int fill(const struct steward *s, struct action *a, const struct entry *en,
		const struct ask *q, const char *params, struct err *e)
{
	*a = (struct action){.tier = en->tier, .created = action_now()};
	action_new_id(a->id);
	memcpy(a->name, en->name, sizeof(a->name));
	snprintf(a->type, sizeof(a->type), "%s", en->type->name);
	memcpy(a->key, q->key, sizeof(a->key));
	snprintf(a->by, sizeof(a->by), "agent");
	a->params = strndup(params, q->len);
	if (a->tier == TIER_DELAYED)
		a->due = a->created + en->delay;
	if (a->tier == TIER_STAGED)
		a->until = a->created + (int64_t)plan_u64(&s->plan, "queue.timeout", 86400);
	return catalog_digest(&s->pod, en, a, a->digest, e);
}

static int keep(struct steward *s, struct action *a, struct err *e)
{
	bool is_blocked = a->tier == TIER_BLOCKED;
	int r = store_lock(&s->store, e);

	if (is_blocked) {
		snprintf(a->status, sizeof(a->status), "blocked");
		a->ended = a->created;
	}
	if (r == 0) /* on record before it can have any effect */
		r = note_action(&s->pod, is_blocked ? "action_blocked" : "action_submitted", a,
				a->by, e);
	if (r == 0)
		r = store_add(&s->store, is_blocked ? PLACE_DENIED : first_place(a->tier), a, e);
	store_unlock(&s->store);
	if (r == 0)
		index_refresh(s, a->id);
	return r;
}

/* The same key again is the same action, or a mistake. */
static bool take_known(struct steward *s, const struct ask *q, const struct action *a)
{
	const struct item *it = index_by_key(s, q->key);

	if (!it)
		return false;
	if (strcmp(it->digest, a->digest) == 0)
		answer_file(s, q->serial, it->id);
	else
		answer_error(s, q->serial, "conflict",
			     "409: another action was submitted with this key");
	return true;
}

/* The action that it names, in the catalog of now; NULL: it was answered. */
static const struct entry *find_entry(struct steward *s, const struct ask *q, struct catalog *c)
{
	const struct entry *en = NULL;
	struct err e = {0};

	if (catalog_load(c, &s->pod, &e) < 0)
		answer_error(s, q->serial, "failed", e.msg);
	else if (!(en = catalog_find(c, q->name)))
		answer_error(s, q->serial, "unknown_action", "there is no action of this name");
	return en;
}

static void submit(struct steward *s, const struct ask *q, const char *params)
{
	OWN_CATALOG struct catalog c = {0};
	OWN_ACTION struct action a = {.tier = TIERS};
	const struct entry *en;
	struct err e = {0};

	en = find_entry(s, q, &c);
	if (!en)
		return;
	if (fill(s, &a, en, q, params, &e) < 0) {
		answer_error(s, q->serial, "failed", e.msg);
		return;
	}
	if (take_known(s, q, &a))
		return;
	if (index_is_full(s))
		answer_error(s, q->serial, "full",
			     "1000 actions, or 16 MiB of them, have not ended yet");
	else if (keep(s, &a, &e) < 0)
		answer_error(s, q->serial, "failed", e.msg);
	else
		answer_file(s, q->serial, a.id);
}

/* --- the other questions --- */

static void tell_schema(struct steward *s, const struct ask *q)
{
	OWN_CATALOG struct catalog c = {0};
	OWN_BUF struct buf text = BUF_INIT;
	const struct entry *en;

	en = find_entry(s, q, &c);
	if (!en)
		return;
	if (en->is_free)
		buf_str(&text, "*");
	else
		params_print(en->params, en->n_params, &text);
	put(s, q->serial, ANSWER_SCHEMA, text.data, text.len);
}

static void tell_actions(struct steward *s, const struct ask *q)
{
	OWN_CATALOG struct catalog c = {0};
	OWN_BUF struct buf out = BUF_INIT;
	struct err e = {0};

	if (catalog_load(&c, &s->pod, &e) < 0) {
		answer_error(s, q->serial, "failed", e.msg);
		return;
	}
	jw_open(&out, '{');
	jw_kbool(&out, "ok", true);
	jw_key(&out, "actions");
	jw_open(&out, '[');
	for (size_t i = 0; i < c.n; i++) {
		struct entry shown = c.v[i];

		shown.config = (char *)"{}"; /* that is between its owner and its executor */
		entry_print(&shown, &out);
	}
	jw_close(&out, ']');
	jw_close(&out, '}');
	buf_char(&out, '\n');
	answer_text(s, q->serial, out.data, out.len);
}

static int newest_first(const void *a, const void *b)
{
	int64_t x = (*(const struct item *const *)a)->created,
		y = (*(const struct item *const *)b)->created;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void tell_list(struct steward *s, const struct ask *q)
{
	OWN_FREE const struct item **v = xcalloc(s->n_items + 1, sizeof(*v));
	OWN_BUF struct buf out = BUF_INIT;
	char time[ACTION_TIME];

	for (size_t i = 0; i < s->n_items; i++)
		v[i] = &s->items[i];
	qsort(v, s->n_items, sizeof(*v), newest_first);
	jw_open(&out, '{');
	jw_kbool(&out, "ok", true);
	jw_key(&out, "items");
	jw_open(&out, '[');
	for (size_t i = 0; i < s->n_items && i < LISTED; i++) {
		jw_open(&out, '{');
		jw_kstr(&out, "id", v[i]->id);
		jw_kstr(&out, "name", v[i]->name);
		jw_kstr(&out, "tier", tier_names[v[i]->tier]);
		jw_kstr(&out, "state", place_names[v[i]->place]);
		jw_kstr(&out, "created", action_time(v[i]->created, time));
		jw_close(&out, '}');
	}
	jw_close(&out, ']');
	jw_close(&out, '}');
	buf_char(&out, '\n');
	answer_text(s, q->serial, out.data, out.len);
}

static void wait_for(struct steward *s, const struct ask *q)
{
	const struct item *it = index_find(s, q->id);

	if (!it || it->place == PLACE_DONE || it->place == PLACE_DENIED || !q->timeout) {
		answer_file(s, q->serial, q->id);
		return;
	}
	if (s->n_waiters == WAITERS_MAX) {
		answer_error(s, q->serial, "busy", "too many wait already");
		return;
	}
	s->waiters[s->n_waiters] = (struct waiter){
		.serial = q->serial, .until_ms = s->loop.now_ms + (uint64_t)q->timeout * 1000};
	memcpy(s->waiters[s->n_waiters++].id, q->id, sizeof(q->id));
}

bool answer_is_behind(const struct steward *s)
{
	return channel_unsent(&s->channel) > UNTAKEN_MAX;
}

void answer_waiters(struct steward *s)
{
	for (size_t i = 0; i < s->n_waiters && !answer_is_behind(s);) {
		struct waiter w = s->waiters[i];
		const struct item *it = index_find(s, w.id);

		if (it && it->place != PLACE_DONE && it->place != PLACE_DENIED &&
		    w.until_ms > s->loop.now_ms) {
			i++;
			continue;
		}
		s->waiters[i] = s->waiters[--s->n_waiters];
		answer_file(s, w.serial, w.id);
	}
}

int answer_next_ms(const struct steward *s)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < s->n_waiters; i++)
		if (s->waiters[i].until_ms < next)
			next = s->waiters[i].until_ms;
	if (next == UINT64_MAX || answer_is_behind(s))
		return -1;
	return next <= s->loop.now_ms ? 0 : (int)(next - s->loop.now_ms);
}

static void cancel(struct steward *s, const struct ask *q)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	struct err e = {0};
	int place, r = store_lock(&s->store, &e);

	place = r < 0 ? r : store_find(&s->store, q->id);
	if (place == PLACE_NEW || place == PLACE_DELAYED || place == PLACE_STAGED) {
		r = store_read(&s->store, (enum place)place, q->id, &a, &e);
		if (r == 0)
			r = store_end(&s->store, (enum place)place, &a, "cancelled", "by the agent",
				      &e);
		if (r == 0)
			note_said(&s->pod, "action_cancelled", &a, "agent");
	}
	store_unlock(&s->store);
	index_refresh(s, q->id);
	if (r < 0)
		answer_error(s, q->serial, "failed", e.msg);
	else if (place == PLACE_RUNNING)
		answer_error(s, q->serial, "conflict", "it is being executed");
	else
		answer_file(s, q->serial, q->id);
}

/* Another tool of ours says it; one at a time, and bounded where it comes in. */
static void have_told(struct steward *s, const struct ask *q)
{
	char *const diff[] = {"pod-mount", "diff", "--json", "--cwd", "/", s->pod.name, NULL};
	char *const why[] = {"pod-dns", "why", "--json", s->pod.name, (char *)q->name, NULL};
	struct child *c = child_free(s);
	struct err e = {0};

	/* A diff holds the pod's lock, which what a person approved waits for. */
	if (child_of_kind(s, CHILD_TELLS) || (q->op == OP_DIFF && child_of_kind(s, CHILD_GOVERNS)))
		c = NULL;
	if (!c) {
		answer_error(s, q->serial, "busy",
			     "another question is being answered, or a commit made");
		return;
	}
	c->kind = CHILD_TELLS;
	c->serial = q->serial;
	c->id[0] = '\0';
	c->input = -1;
	c->input_hash[0] = '\0';
	if (child_start(s, c, q->op == OP_DIFF ? diff : why, -1, &e) < 0)
		answer_error(s, q->serial, "failed", e.msg);
}

static void drop(struct steward *s, const struct ask *q)
{
	child_drop(s, q->serial);
	for (size_t i = 0; i < s->n_waiters; i++)
		if (s->waiters[i].serial == q->serial) {
			s->waiters[i] = s->waiters[--s->n_waiters];
			return;
		}
}

static bool ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

/* Or the file it becomes a part of would be none. */
static bool is_object(const char *data, size_t len)
{
	struct json j;

	json_init(&j, data, len);
	return len <= ACTION_PARAMS && json_peek(&j) == '{' && json_skip(&j) && json_end(&j);
}

static bool is_sane(const struct ask *q, const char *data)
{
	if (!ends(q->id, sizeof(q->id)) || !ends(q->key, sizeof(q->key)) ||
	    !ends(q->name, sizeof(q->name)) || q->timeout > WAIT_MAX)
		return false;
	if (*q->id && !action_is_id(q->id))
		return false;
	if (*q->key && !action_is_name(q->key))
		return false;
	if (q->op == OP_SCHEMA)
		return action_is_name(q->name);
	if (q->op == OP_CALL || q->op == OP_SUBMIT)
		return action_is_name(q->name) && is_object(data, q->len);
	return q->op != OP_WHY || (*q->name && q->name[0] != '-');
}

void answer_take(struct steward *s, const struct ask *q, const char *data)
{
	static void (*const plain[OPS])(struct steward *, const struct ask *) = {
		[OP_LIST_ACTIONS] = tell_actions,
		[OP_LIST] = tell_list,
		[OP_WAIT] = wait_for,
		[OP_CANCEL] = cancel,
		[OP_DIFF] = have_told,
		[OP_WHY] = have_told,
		[OP_SCHEMA] = tell_schema,
		[OP_DROP] = drop,
	};

	if (q->op >= OPS || !is_sane(q, data))
		answer_error(s, q->serial, "bad_request", "this is no request");
	else if (!may_ask(s, (enum op)q->op))
		answer_error(s, q->serial, "rate_limited",
			     "120 requests a minute, 20 of them submissions: wait a moment");
	else if (plain[q->op])
		plain[q->op](s, q);
	else if (q->op == OP_POLL)
		answer_file(s, q->serial, q->id);
	else
		submit(s, q, data);
}
