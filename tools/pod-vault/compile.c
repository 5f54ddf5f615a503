/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/proxy out of bindings and rules.  Those of one host are joined: where any of them says
 * what is allowed, only that passes.  What is allowed, and screening, hold on port 80 of the host,
 * too, or they could be walked round without TLS; a secret never goes there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/words.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/policy.h"

struct compiler {
	const struct policy *policy;
	struct bindings all; /* bindings, then rules */
	struct buf *to;
	unsigned hosts;
};

/* A line of words: the first is the key; NULL ends them. */
static void line(struct compiler *c, const char *key, const char *const *words)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (; *words; words++)
		words_add(&b, *words);
	/* What words_add() writes needs no escape of the plan's but that of its backslash. */
	plan_line(c->to, key, b.data);
}

#define LINE(c, key, ...) line(c, key, (const char *const[]){__VA_ARGS__, NULL})

static void put_allow(struct compiler *c, const char *id, const struct binding *b)
{
	OWN_BUF struct buf methods = BUF_INIT;

	if (!b->methods.n && !b->paths.n)
		return;
	for (size_t i = 0; i < b->methods.n; i++)
		buf_fmt(&methods, "%s%s", i ? "," : "", b->methods.v[i]);
	for (size_t i = 0; i < b->paths.n; i++)
		LINE(c, "allow", id, methods.len ? methods.data : "*", b->paths.v[i]);
	if (!b->paths.n)
		LINE(c, "allow", id, methods.data, "*");
}

static void put_bind(struct compiler *c, const char *id, const struct binding *b)
{
	static const char *const kinds[] = {"header", "basic", "query"};

	if (b->key)
		LINE(c, "bind", id, b->key, kinds[b->kind], b->name, b->template);
	for (size_t i = 0; i < b->strips.n; i++) {
		OWN_FREE char *kind = xstrdup(b->strips.v[i]);
		char *name = strchr(kind, ':');

		*name = '\0';
		LINE(c, "strip", id, kind, name + 1);
	}
	for (size_t i = 0; i < b->pins.n; i++)
		LINE(c, "pin", id, b->pins.v[i]);
	if (b->usage)
		LINE(c, "usage", id, b->usage);
}

/* The smallest of all bindings of a host. */
static void put_limit(struct compiler *c, const char *id, size_t first, const char *word,
		      size_t offset)
{
	OWN_FREE char *text = NULL;
	uint64_t least = 0;

	for (size_t i = first; i < c->all.n; i++) {
		uint64_t n = *(const uint64_t *)((const char *)&c->all.v[i] + offset);

		if (binding_same_host(&c->all.v[first], &c->all.v[i]) && n && (!least || n < least))
			least = n;
	}
	if (!least)
		return;
	text = xfmt("%llu", (unsigned long long)least);
	LINE(c, "limit", id, word, text);
}

static bool is_first(const struct bindings *all, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (binding_same_host(&all->v[j], &all->v[i]))
			return false;
	return true;
}

/* Is any of that host's so? */
static bool has_any(const struct compiler *c, size_t first, bool (*is_so)(const struct binding *b))
{
	for (size_t i = first; i < c->all.n; i++)
		if (binding_same_host(&c->all.v[first], &c->all.v[i]) && is_so(&c->all.v[i]))
			return true;
	return false;
}

static bool has_rules(const struct binding *b)
{
	return b->methods.n || b->paths.n;
}

static bool is_screened(const struct binding *b)
{
	return b->screened;
}

static void put_host(struct compiler *c, size_t first, const char *port, bool is_plain)
{
	OWN_FREE char *id = xfmt("%u", c->hosts++);
	OWN_BUF struct buf categories = BUF_INIT;

	LINE(c, "host", id, c->all.v[first].domain, port);
	for (size_t i = first; i < c->all.n; i++) {
		if (!binding_same_host(&c->all.v[first], &c->all.v[i]))
			continue;
		if (!is_plain)
			put_bind(c, id, &c->all.v[i]);
		put_allow(c, id, &c->all.v[i]);
	}
	put_limit(c, id, first, "requests", offsetof(struct binding, requests));
	put_limit(c, id, first, "bytes", offsetof(struct binding, bytes));
	put_limit(c, id, first, "concurrent", offsetof(struct binding, concurrent));
	if (has_any(c, first, is_screened)) {
		const char *mode = screen_mode(&c->policy->plan, &categories);

		LINE(c, "screen", id, mode, categories.data);
	}
}

/* A host of that name at port 80, with rules of its own? */
static bool has_plain(const struct compiler *c, size_t first)
{
	for (size_t i = 0; i < c->all.n; i++)
		if (c->all.v[i].port == 80 &&
		    strcmp(c->all.v[i].domain, c->all.v[first].domain) == 0)
			return true;
	return false;
}

static void put_hosts(struct compiler *c)
{
	for (size_t i = 0; i < c->all.n; i++) {
		OWN_FREE char *port = xfmt("%u", c->all.v[i].port);

		if (!is_first(&c->all, i))
			continue;
		put_host(c, i, port, false);
		if (c->all.v[i].port == 443 && !has_plain(c, i) &&
		    (has_any(c, i, has_rules) || has_any(c, i, is_screened)))
			put_host(c, i, "80", true);
	}
}

static int collect(struct compiler *c, struct err *e)
{
	const char *why = policy_refusal(c->policy);
	int r = policy_bindings(c->policy, &c->all, e);

	if (r < 0)
		return r;
	if (c->all.n && plan_is(&c->policy->plan, "vault.proxy", "no"))
		bindings_finish(&c->all);
	else if (c->all.n && why)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "pod %s has bindings, and %s (envpod vault %s unbind takes them "
				  "back)",
				  c->policy->pod.name, why, c->policy->pod.name);
	for (size_t i = 0; i < c->policy->rules.n && r == 0; i++)
		r = bindings_copy(&c->all, &c->policy->rules.v[i], e);
	return r < 0 ? r : screen_mark(&c->policy->plan, &c->all, e);
}

/* The dummies go on being known as such when nothing is bound any more. */
static void put_rest(struct compiler *c)
{
	const struct policy *p = c->policy;

	for (size_t i = 0; i < p->n_dummies; i++)
		LINE(c, "dummy", p->dummies[i].key, p->dummies[i].value);
	buf_str(c->to, "end\n");
}

int compile(const struct policy *p, struct buf *to, struct err *e)
{
	struct compiler c = {.policy = p, .to = to};
	int r = collect(&c, e);

	if (r == 0) {
		buf_str(to, "envpod-plan 1 0 0 0\n");
		LINE(&c, "canary", plan_str(&p->plan, "vault.canary", "alert"));
		put_hosts(&c);
		put_rest(&c);
	}
	bindings_finish(&c.all);
	if (r < 0)
		return r;
	if (to->len > PLAN_MAX)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "the bindings and rules of pod %s are longer than %d bytes",
				  p->pod.name, PLAN_MAX);
	return 0;
}

int compile_ca(const struct pod *p, struct err *e)
{
	char *argv[] = {"pod-proxy", "ca", (char *)(uintptr_t)p->name, NULL};
	int r = spawn_wait(argv, NULL, e);

	return r <= 0 ? r
		      : err_status(e, r, ERR_PLAIN, "the certificate authority of pod %s", p->name);
}

/* Where there is none the injector makes it when it starts; one that runs is not started again. */
static bool has_ca(const struct pod *p)
{
	return faccessat(p->dir, "ca", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int cmd_compile(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-vault compile POD",
		"Write policy/proxy: what is intercepted, and what is put in; pod-net up does it.",
		1, 1, 0};
	OWN(policy_finish) struct policy p = POLICY_INIT;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (policy_load(&p, argv[0], POLICY_CHANGE, &e) < 0 || policy_save(&p, &e) < 0 ||
	    (has_ca(&p.pod) && compile_ca(&p.pod, &e) < 0))
		return say_err(&e);
	return POD_EXIT_OK;
}
