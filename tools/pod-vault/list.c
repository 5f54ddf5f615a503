/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/policy.h"
#include "tools/pod-vault/target.h"

struct row {
	const char *key;
	uint64_t version;
	char *time, *scope, *bound;
};

static const struct col cols[] = {
	{"key", COL_STR, offsetof(struct row, key), 24},
	{"version", COL_U64, offsetof(struct row, version), 8},
	{"time", COL_STR, offsetof(struct row, time), 28},
	{"scope", COL_STR, offsetof(struct row, scope), 12},
	{"bound", COL_STR, offsetof(struct row, bound), 12},
	{0},
};

/* The hosts that a key is bound to; NULL: none.  Caller frees. */
static char *hosts_of(const struct bindings *all, const char *key)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].key, key) == 0)
			buf_fmt(&b, "%s%s", b.len ? "," : "", all->v[i].domain);
	return b.len ? buf_take(&b) : NULL;
}

static void print_scope(struct out *out, const struct scope *s, const struct bindings *bound)
{
	for (size_t i = 0; i < s->n; i++) {
		OWN_FREE char *hosts = hosts_of(bound, s->entries[i].name);
		char time[UNIT_TIME_LEN];
		struct row row = {s->entries[i].name, s->entries[i].version, time,
				  s->shared ? (char *)s->name : NULL, hosts};

		unit_time((uint64_t)s->entries[i].time * 1000000000u, time);
		out_row(out, &row);
	}
}

/* The pod's own, then those of scopes that it may use. */
static void print_all(struct out *out, const struct target *t, const struct vault *v,
		      const struct scope *own, const struct bindings *bound)
{
	if (own)
		print_scope(out, own, bound);
	for (size_t i = 0; !t->shared && own && i < v->index.n; i++)
		if (v->index.scopes[i].shared && scope_has_pod(&v->index.scopes[i], own->id))
			print_scope(out, &v->index.scopes[i], bound);
}

static int find_bound(const struct target *t, struct bindings *bound, struct err *e)
{
	OWN(policy_finish) struct policy p = POLICY_INIT;
	int r;

	if (t->shared || !policy_is_wanted(&t->pod))
		return 0;
	r = policy_load(&p, t->name, POLICY_READ, e);
	return r == 0 ? policy_bindings(&p, bound, e) : r;
}

static int list(const struct target *t, enum out_form form, struct err *e)
{
	OWN_BINDINGS struct bindings bound = {0};
	OWN(vault_finish) struct vault v = VAULT_INIT;
	struct out out = {form, cols, 0};
	const struct scope *own;
	int r = find_bound(t, &bound, e);

	if (r == 0)
		r = vault_open(&v, VAULT_READ, -1, e);
	if (r < 0)
		return r;
	own = target_scope(t, &v, e);
	if (!own && e->msg[0])
		return -EINVAL;
	print_all(&out, t, &v, own, &bound);
	return 0;
}

int cmd_list(int argc, char **argv)
{
	const char *scope = NULL;
	bool json = false;
	OWN(target_finish) struct target t = TARGET_INIT;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a secret"},
		{OPT_STR, 's', "scope", &scope, "NAME", "of this shared scope, not of a pod's own"},
		{0},
	};
	const struct opt_usage usage = {"pod-vault list POD",
					"List secrets: names, versions, times; never values.", 0, 1,
					0};
	int n = opt_parse(opts, &usage, argc, argv);

	words_after(n, argv, scope, 0, 0);
	if (target_open(&t, argv[0], scope, &e) < 0 || list(&t, json ? OUT_JSON : OUT_TEXT, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
