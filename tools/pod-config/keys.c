/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "tools/pod-config/cmds.h"
#include "tools/pod-config/key.h"
#include "tools/pod-config/type.h"

struct row {
	const char *key, *type, *fallback, *plan, *meaning;
	bool built;
};

static const struct col cols[] = {
	{"key", COL_STR, offsetof(struct row, key), 34},
	{"type", COL_STR, offsetof(struct row, type), 24},
	{"default", COL_STR, offsetof(struct row, fallback), 12},
	{"plan", COL_STR, offsetof(struct row, plan), 16},
	{"built", COL_BOOL, offsetof(struct row, built), 6},
	{"meaning", COL_STR, offsetof(struct row, meaning), 20},
	{0},
};

/* "size 4MB..", "word a|b", "list of path" */
static char *type_text(const struct key *k)
{
	bool has_range = k->range && k->type != T_SECTION && k->type != T_BOOL;

	return xfmt("%s%s%s%s%s", k->flags & KEY_LIST ? "list of " : "", type_name(k->type),
		    k->flags & KEY_EITHER ? " or list" : "", has_range ? " " : "",
		    has_range ? k->range : "");
}

static void print_key(struct out *o, const struct key *k)
{
	OWN_FREE char *type = type_text(k);
	struct row row = {
		.key = k->path,
		.type = type,
		.fallback = k->fallback,
		.plan = k->plan,
		.meaning = k->help,
		.built = !k->idle,
	};

	out_row(o, &row);
}

int cmd_keys(int argc, char **argv)
{
	bool json = false, nul = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{OPT_FLAG, 'z', "null", &nul, NULL, "keys alone, each ended by NUL"},
		{0},
	};
	const struct opt_usage usage = {"pod-config keys [OPTION]... [KEY]",
					"List every key of a pod file, or those below KEY.", 0, 1,
					0};
	int n = opt_parse(opts, &usage, argc, argv);
	struct out o = {.form = json ? OUT_JSON : nul ? OUT_NUL : OUT_TEXT, .cols = cols};

	for (const struct key *k = keys; k->path; k++)
		if (!(k->flags & KEY_COMPILED) &&
		    (n == 0 || strncmp(k->path, argv[0], strlen(argv[0])) == 0))
			print_key(&o, k);
	return n == 1 && o.rows == 0 ? POD_EXIT_NO : POD_EXIT_OK;
}
