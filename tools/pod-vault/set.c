/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/put.h"

#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/prompt.h"

/* Typed twice on a terminal; else all of standard input, less one newline. */
static int take_value(struct secret *value, const char *key, struct err *e)
{
	OWN_FREE char *text = xfmt("Value of %s: ", key);
	int r;

	if (isatty(STDIN_FILENO))
		return prompt_new(value, SEAL_VALUE_MAX, text, "Once more: ", e);
	r = secret_read(value, STDIN_FILENO, SEAL_VALUE_MAX + 1, "the value", e);
	if (r == 0 && value->len > 0 && value->data[value->len - 1] == '\n')
		secret_cut(value, value->len - 1);
	return r;
}

int cmd_set(int argc, char **argv)
{
	const char *scope = NULL;
	OWN(target_finish) struct target t = TARGET_INIT;
	struct put put = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME", "in this shared scope, not in a pod's own"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault set POD KEY",
		"Put a secret in: typed twice on a terminal, else read from standard input.", 1, 2,
		0};
	int n = opt_parse(opts, &usage, argc, argv);
	int status = POD_EXIT_OK;

	put.key = words_after(n, argv, scope, 1, 1)[0];
	if (check_key_name(put.key, &e) < 0 || target_open(&t, argv[0], scope, &e) < 0 ||
	    take_value(&put.value, put.key, &e) < 0 || put_check(put.key, &put.value, &e) < 0 ||
	    put_all(&t, &put, 1, true, &e) < 0 || push_target(&t, &e) < 0)
		status = say_err(&e);
	secret_finish(&put.value);
	return status;
}
