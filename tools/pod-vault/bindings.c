/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/policy.h"

struct row {
	const char *key, *domain;
	uint64_t port;
	const char *how, *methods, *paths;
};

static const struct col cols[] = {
	{"key", COL_STR, offsetof(struct row, key), 20},
	{"domain", COL_STR, offsetof(struct row, domain), 28},
	{"port", COL_U64, offsetof(struct row, port), 5},
	{"how", COL_STR, offsetof(struct row, how), 24},
	{"methods", COL_STR, offsetof(struct row, methods), 12},
	{"paths", COL_STR, offsetof(struct row, paths), 12},
	{0},
};

static char *joined(const struct strv *list)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < list->n; i++)
		buf_fmt(&b, "%s%s", i ? "," : "", list->v[i]);
	return list->n ? buf_take(&b) : NULL;
}

static void print_row(struct out *out, const struct binding *b)
{
	OWN_FREE char *how = binding_how(b), *methods = joined(&b->methods);
	OWN_FREE char *paths = joined(&b->paths);
	struct row row = {b->key, b->domain, b->port, how, methods, paths};

	out_row(out, &row);
}

static void print_json(const struct binding *b)
{
	OWN_BUF struct buf line = BUF_INIT;

	jw_open(&line, '{');
	binding_json(b, &line);
	jw_close(&line, '}');
	puts(line.data);
}

int cmd_bindings(int argc, char **argv)
{
	bool json = false;
	OWN(policy_finish) struct policy p = POLICY_INIT;
	OWN_BINDINGS struct bindings all = {0};
	struct out out = {OUT_TEXT, cols, 0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a binding"},
		{0},
	};
	const struct opt_usage usage = {"pod-vault bindings [--json] POD",
					"List which secret is put into requests for which host.", 1,
					1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (policy_load(&p, argv[0], POLICY_READ, &e) < 0 || policy_bindings(&p, &all, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < all.n; i++) {
		if (json)
			print_json(&all.v[i]);
		else
			print_row(&out, &all.v[i]);
	}
	return POD_EXIT_OK;
}
