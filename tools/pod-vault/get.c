/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/store.h"
#include "tools/pod-vault/target.h"

static int fetch(const struct target *t, const char *key, struct secret *value, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	const struct scope *s;
	const struct entry *entry;
	int r = vault_open(&v, VAULT_READ, -1, e);

	if (r < 0)
		return r;
	s = target_scope(t, &v, e);
	entry = s ? scope_find(s, key) : NULL;
	if (entry)
		return store_open(t->dir, s, entry, value, e);
	return e->msg[0] ? -EINVAL
			 : err_set(e, ERR_PLAIN, "%s has no secret %s (envpod vault %s%s list)",
				   t->name, key, t->shared ? "--scope " : "", t->name);
}

/* As it is into a pipe, with a newline for a person. */
static int print(const struct secret *value, bool terminal, struct err *e)
{
	int r = write_full(STDOUT_FILENO, value->data, value->len);

	if (r == 0 && terminal)
		r = write_full(STDOUT_FILENO, "\n", 1);
	return r < 0 ? err_set(e, -r, "write the secret") : 0;
}

int cmd_get(int argc, char **argv)
{
	const char *scope = NULL;
	bool reveal = false, terminal = isatty(STDOUT_FILENO);
	OWN(target_finish) struct target t = TARGET_INIT;
	OWN_SECRET struct secret value = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME", "of this shared scope, not of a pod's own"},
		{OPT_FLAG, 0, "reveal", &reveal, NULL, "also where a terminal would show it"},
		{0},
	};
	const struct opt_usage usage = {"pod-vault get POD KEY",
					"Write a secret to standard output.", 1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	const char *key = words_after(n, argv, scope, 1, 1)[0];

	if (terminal && !reveal)
		die(POD_EXIT_USAGE, "the terminal would show the secret; --reveal if it shall");
	if (check_key_name(key, &e) < 0 || target_open(&t, argv[0], scope, &e) < 0 ||
	    fetch(&t, key, &value, &e) < 0 || print(&value, terminal, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
