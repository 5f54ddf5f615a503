/* SPDX-License-Identifier: Apache-2.0 */
/* Binding a secret to a host, and taking that back; both hold when the command ends. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"
#include "libcommon/wall.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/takeback.h"

struct bind_ask {
	const char *was, *words; /* of envpod undo: TAKEBACK_NONE or a binding's */
	const char *header, *basic, *query, *requests, *bytes, *usage;
	uint64_t port, concurrent;
	struct strv methods, paths, strips, pins;
	bool wide;
};

static void ask_finish(struct bind_ask *a)
{
	strv_finish(&a->methods);
	strv_finish(&a->paths);
	strv_finish(&a->strips);
	strv_finish(&a->pins);
}

/* "60/m" or "60"; sizes likewise: all limits are per minute. */
static int add_limit(struct strv *words, const char *word, const char *text, bool is_size,
		     struct err *e)
{
	OWN_FREE char *copy = text ? xstrdup(text) : NULL;
	char *slash = copy ? strchr(copy, '/') : NULL;
	uint64_t n;

	if (!text)
		return 0;
	if (slash)
		*slash++ = '\0';
	if ((slash && strcmp(slash, "m") != 0 && strcmp(slash, "min") != 0) ||
	    (is_size ? unit_size(copy, &n) : unit_u64(copy, INT64_MAX, &n)) < 0 || n == 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--%s '%.80s': want so many a minute, such as %s", word,
				  esc(text), is_size ? "10MB/m" : "60/m");
	strv_fmt(words, "%s=%llu", word, (unsigned long long)n);
	return 0;
}

static void add_word(struct strv *words, const char *word, const char *value)
{
	if (value)
		strv_fmt(words, "%s=%s", word, value);
}

static void add_words(struct strv *words, const char *word, const struct strv *values)
{
	for (size_t i = 0; i < values->n; i++)
		add_word(words, word, values->v[i]);
}

static int read_ask(const struct bind_ask *a, const char *key, const char *domain,
		    struct binding *b, struct err *e)
{
	OWN_STRV struct strv words = {0};
	int r;

	if (a->words)
		return takeback_parse(b, a->words, e);
	add_word(&words, "key", key);
	add_word(&words, "domain", domain);
	if (a->port != UINT64_MAX)
		strv_fmt(&words, "port=%llu", (unsigned long long)a->port);
	add_word(&words, "header", a->header);
	add_word(&words, "basic", a->basic);
	add_word(&words, "query", a->query);
	add_words(&words, "method", &a->methods);
	add_words(&words, "path", &a->paths);
	add_words(&words, "strip", &a->strips);
	add_words(&words, "pin", &a->pins);
	add_word(&words, "wide", a->wide ? "yes" : NULL);
	add_word(&words, "usage", a->usage);
	if (a->concurrent)
		strv_fmt(&words, "concurrent=%llu", (unsigned long long)a->concurrent);
	r = add_limit(&words, "requests", a->requests, false, e);
	if (r == 0)
		r = add_limit(&words, "bytes", a->bytes, true, e);
	if (r == 0)
		r = binding_parse(b, &words, e);
	if (r < 0)
		e->status = POD_EXIT_USAGE;
	return r;
}

/* --- may it be? --- */

/* What pod-dns would say of it, live changes included. */
static int check_allowed(const struct policy *p, const struct binding *b, struct err *e)
{
	OWN_FREE char *name = b->wide ? xfmt("any%s", b->domain + 1) : xstrdup(b->domain);
	char *argv[] = {"pod-dns", "check", (char *)p->pod.name, name, NULL};
	OWN_FILE FILE *null = fopen("/dev/null", "we");
	struct spawn_io io = {.in = -1, .out = null ? fileno(null) : -1, .err = -1};
	int status = spawn_wait(argv, &io, e);

	if (status == POD_EXIT_NO)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "pod %s may not reach %s: allow it first (envpod dns %s --allow "
				  "'%s')",
				  p->pod.name, b->domain, p->pod.name, b->domain);
	return status == 0  ? 0
	       : status < 0 ? status
			    : err_status(e, status, ERR_PLAIN, "pod-dns check failed");
}

/* A value that is there already must be one that can be sent, and found again in an answer. */
static int check_value(const struct policy *p, const struct binding *b, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	OWN_SECRET struct secret value = {0};
	int r = vault_open(&v, VAULT_READ, -1, e);

	if (r == 0)
		r = lookup(&v, &p->pod, b->key, &value, e);
	if (r == -ENOENT && !e->msg[0]) {
		say_warn("pod %s has no secret %s yet (envpod vault %s set %s)", p->pod.name,
			 b->key, p->pod.name, b->key);
		return 0;
	}
	return r < 0 ? r : bound_check(b->key, &value, e);
}

static int check(const struct policy *p, const struct binding *b, struct err *e)
{
	const char *why = policy_refusal(p);
	int r;

	if (why)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "nothing can be bound in pod %s: %s", p->pod.name, why);
	r = check_allowed(p, b, e);
	return r == 0 ? check_value(p, b, e) : r;
}

/* --- making it so --- */

static int record(const struct policy *p, const char *event, const struct binding *b, struct err *e)
{
	OWN_EVENT struct event ev = {0};
	OWN_FREE char *how = binding_how(b);

	event_init(&ev, p->pod.name, "vault", event);
	event_str(&ev, "key", b->key);
	event_str(&ev, "host", b->domain);
	event_num(&ev, "port", b->port);
	event_str(&ev, "how", how);
	return record_event(&ev, true, e);
}

static void record_denied(const struct policy *p, const struct binding *b, const struct err *why)
{
	OWN_EVENT struct event ev = {0};
	struct err ignored = {0};

	event_init(&ev, p->pod.name, "vault", "vault_denied");
	event_str(&ev, "what", "bind");
	event_str(&ev, "key", b->key);
	event_str(&ev, "host", b->domain);
	event_str(&ev, "reason", why->msg);
	record_event(&ev, true, &ignored);
}

static void forget(struct bindings *all, const struct binding *b)
{
	for (size_t i = all->n; i-- > 0;)
		if (binding_same(&all->v[i], b))
			bindings_drop(all, i);
}

/* A pod whose wall stands may need an injector that was not needed before. */
static int wake(const struct pod *p, struct err *e)
{
	char *helpers[] = {"pod-supervise", "helpers", "wake", (char *)p->name, NULL};
	int r = 0;

	if (wall_stands(p))
		r = spawn_wait(helpers, NULL, e);
	return r <= 0 ? r
		      : err_status(e, r, ERR_PLAIN, "the injector of pod %s is not ready", p->name);
}

/* Without the lock: the injector's own feed takes it. */
static void let_go(struct policy *p)
{
	own_close(&p->dir);
	p->dir = -1;
}

static int bring(struct policy *p, struct err *e)
{
	int r;

	let_go(p);
	r = compile_ca(&p->pod, e);
	if (r == 0)
		r = wake(&p->pod, e);
	return r == 0 ? push_pod(p->pod.name, e) : r;
}

/* The injector forgets first: whatever fails after that, nothing is put in any more; and
 * whether or not it was reached, the authority may sign for the host no longer. */
static int take_back(struct policy *p, struct err *e)
{
	struct err why = {0};
	int r, ca;

	let_go(p);
	r = push_pod(p->pod.name, e);
	ca = compile_ca(&p->pod, r == 0 ? e : &why);
	return r < 0 ? r : ca;
}

/* The pod file may say the very same: then nothing needs to be added to it. */
static int put(struct policy *p, const struct binding *b, struct err *e)
{
	OWN_FREE char *text = takeback_text(b);

	forget(&p->removed, b);
	forget(&p->added, b);
	for (size_t i = 0; i < p->planned.n; i++) {
		OWN_FREE char *planned = takeback_text(&p->planned.v[i]);

		if (strcmp(planned, text) == 0)
			return 0;
	}
	return bindings_copy(&p->added, b, e);
}

static int save(struct policy *p, const struct strv *records, struct err *e)
{
	int r = policy_save(p, e);

	for (size_t i = 0; r < 0 && i < records->n; i++)
		undo_withdraw(&p->pod, records->v[i]);
	return r;
}

/* Before the deed, with what it will have changed. */
static int keep(const struct policy *p, const struct binding *before, const struct binding *after,
		struct strv *records, struct err *e)
{
	char id[UNDO_ID];
	int r = takeback_register(p, before, after, id, e);

	if (r == 0 && *id)
		strv_add(records, id);
	return r;
}

static int bind_it(struct policy *p, const struct binding *b, const char *was, struct err *e)
{
	OWN_BINDINGS struct bindings before = {0};
	OWN_STRV struct strv records = {0};
	int r = was ? takeback_check(p, b, was, e) : 0;

	if (r < 0)
		return r;
	r = check(p, b, e);
	if (r < 0) {
		record_denied(p, b, e);
		return r;
	}
	r = takeback_now(p, b, &before, e);
	if (r == 0)
		r = put(p, b, e);
	if (r == 0)
		r = record(p, "vault_bind", b, e);
	if (r == 0)
		r = keep(p, before.n ? before.v : NULL, b, &records, e);
	if (r == 0)
		r = save(p, &records, e);
	return r == 0 ? bring(p, e) : r;
}

int cmd_bind(int argc, char **argv)
{
	OWN(ask_finish) struct bind_ask a = {.port = UINT64_MAX};
	OWN(policy_finish) struct policy p = POLICY_INIT;
	OWN(binding_finish) struct binding b = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "header", &a.header, "HEADER",
		 "the header that carries it ('Authorization: Bearer {value}')"},
		{OPT_STR, 0, "basic", &a.basic, "USER", "as the password of this user"},
		{OPT_STR, 0, "query", &a.query, "NAME", "as this word of the query"},
		{OPT_LIST, 'm', "method", &a.methods, "METHOD",
		 "allow only this method; may be "
		 "given again"},
		{OPT_LIST, 'p', "path", &a.paths, "GLOB",
		 "allow only such paths; may be given "
		 "again"},
		{OPT_LIST, 0, "strip", &a.strips, "KIND:NAME",
		 "remove the agent's own header:NAME, cookie:NAME or query:NAME"},
		{OPT_LIST, 0, "pin", &a.pins, "sha256/HASH",
		 "believe the host only by this public key, or by an authority's; may be given "
		 "again"},
		{OPT_U64, 0, "port", &a.port, "N", "the host's port (443)"},
		{OPT_FLAG, 0, "wide", &a.wide, NULL, "a wildcard is meant: every host below"},
		{OPT_STR, 0, "requests", &a.requests, "N/m", "at most so many requests a minute"},
		{OPT_STR, 0, "bytes", &a.bytes, "SIZE/m", "at most so many bytes a minute"},
		{OPT_U64, 0, "concurrent", &a.concurrent, "N",
		 "at most so many requests at a time"},
		{OPT_STR, 0, "usage", &a.usage, "API",
		 "count tokens: anthropic, openai, gemini, ollama"},
		{OPT_STR, 0, "words", &a.words, "BINDING", "all of it, as an undo record says it"},
		{OPT_STR, 0, "was", &a.was, "BINDING|none", "only if that holds now; 3 if not"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault bind [OPTION]... POD KEY DOMAIN",
		"Put a secret into a pod's requests for a host; the pod itself gets a dummy.", 3, 3,
		0};

	opt_parse(opts, &usage, argc, argv);
	if (read_ask(&a, argv[1], argv[2], &b, &e) < 0 ||
	    policy_load(&p, argv[0], POLICY_CHANGE, &e) < 0 || bind_it(&p, &b, a.was, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}

/* --- unbind --- */

/* What the pod file says is taken back by an entry of its own. */
static int unbind_one(struct policy *p, const struct binding *b, struct strv *records,
		      struct err *e)
{
	bool planned = false;
	int r = record(p, "vault_unbind", b, e);

	if (r == 0)
		r = keep(p, b, NULL, records, e);
	for (size_t i = 0; i < p->planned.n; i++)
		planned |= binding_same(&p->planned.v[i], b);
	forget(&p->added, b);
	forget(&p->removed, b);
	return r == 0 && planned ? bindings_copy(&p->removed, b, e) : r;
}

struct unbind_ask {
	const char *key, *domain; /* domain NULL: every one */
	const char *was;          /* this very binding */
};

static bool is_meant(const struct unbind_ask *a, const struct binding *b)
{
	OWN_FREE char *text = a->was ? takeback_text(b) : NULL;

	return strcmp(b->key, a->key) == 0 && (!a->domain || strcmp(b->domain, a->domain) == 0) &&
	       (!text || strcmp(text, a->was) == 0);
}

static int nothing_bound(const struct policy *p, const struct unbind_ask *a, struct err *e)
{
	if (a->was)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "the binding of %s in pod %s was changed since", a->key,
				  p->pod.name);
	return err_set(e, ERR_PLAIN, "pod %s has no such binding (envpod vault %s bindings)",
		       p->pod.name, p->pod.name);
}

static int unbind(struct policy *p, const struct unbind_ask *a, struct err *e)
{
	OWN_BINDINGS struct bindings all = {0};
	OWN_STRV struct strv records = {0};
	size_t n = 0;
	int r = policy_bindings(p, &all, e);

	for (size_t i = 0; i < all.n && r == 0; i++) {
		if (!is_meant(a, &all.v[i]))
			continue;
		r = unbind_one(p, &all.v[i], &records, e);
		n++;
	}
	if (r == 0 && n == 0)
		r = nothing_bound(p, a, e);
	for (size_t i = 0; r < 0 && i < records.n; i++)
		undo_withdraw(&p->pod, records.v[i]);
	if (r == 0)
		r = save(p, &records, e);
	return r == 0 ? take_back(p, e) : r;
}

int cmd_unbind(int argc, char **argv)
{
	struct unbind_ask a = {.key = NULL};
	const struct opt opts[] = {
		{OPT_STR, 0, "was", &a.was, "BINDING", "this very one; 3 if it does not hold now"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault unbind [OPTION]... POD KEY [DOMAIN]",
		"Put a secret into requests no more, for that host or any; it holds at once.", 2, 3,
		0};
	OWN(policy_finish) struct policy p = POLICY_INIT;
	struct err e = {0};
	int n = opt_parse(opts, &usage, argc, argv);

	a.key = argv[1];
	a.domain = n > 2 ? argv[2] : NULL;
	if (policy_load(&p, argv[0], POLICY_CHANGE, &e) < 0 || unbind(&p, &a, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
