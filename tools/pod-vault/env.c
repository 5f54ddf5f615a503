/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run gets as variables: those keys of vault.env that name no command, or this one.  All of
 * them or none: half of what a program was promised is worse than an error.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/words.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"

#define ENV_MAX (128 * 1024) /* bytes of all variables; pod-exec takes no more */

/* "KEY [COMMAND...]": the key where this command gets it, else NULL. */
static const char *wanted(const struct strv *words, const char *command)
{
	bool any = words->n == 1;

	for (size_t i = 1; i < words->n; i++)
		any |= command && strcmp(words->v[i], command) == 0;
	return any ? words->v[0] : NULL;
}

static int collect_keys(const struct plan *plan, const char *command, struct strv *keys,
			struct err *e)
{
	const char *value;

	for (size_t i = 0; (value = plan_next(plan, "vault.env", &i));) {
		OWN_STRV struct strv words = {0};
		const char *key;

		if (words_split(&words, value) < 0)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
					  "plan: vault.env: not words");
		key = wanted(&words, command);
		if (key && !strv_has(keys, key))
			strv_add(keys, key);
	}
	return 0;
}

static int missing(const struct pod *p, const char *key, struct err *e)
{
	return err_set(
		e, ERR_PLAIN,
		"pod %s has no secret %s, which its pod file gives to this run (envpod vault "
		"%s set %s)",
		p->name, key, p->name, key);
}

/* "KEY=VALUE" and a NUL each, into locked memory; an empty one says that it is all. */
static int fill(const struct vault *v, const struct pod *p, const struct strv *keys,
		struct secret *all, struct err *e)
{
	size_t at = 0;

	for (size_t i = 0; i < keys->n; i++) {
		OWN_SECRET struct secret value = {0};
		size_t n = strlen(keys->v[i]);
		int r = lookup(v, p, keys->v[i], &value, e);

		if (r < 0)
			return r == -ENOENT && !e->msg[0] ? missing(p, keys->v[i], e) : r;
		if (at + n + value.len + 3 > ENV_MAX)
			return err_set(e, E2BIG, "give the run all its secrets");
		memcpy(all->data + at, keys->v[i], n);
		all->data[at + n] = '=';
		memcpy(all->data + at + n + 1, value.data, value.len);
		at += n + value.len + 2;
	}
	secret_cut(all, at + 1);
	return 0;
}

/* Nobody reads before we are gone: a pipe that cannot hold it all would never be written. */
static int deliver(const struct secret *all, struct err *e)
{
	int room = fcntl(STDOUT_FILENO, F_GETPIPE_SZ);
	int r;

	if (room >= 0 && (size_t)room < all->len)
		return err_set(e, E2BIG, "give the run all its secrets through a pipe of %d bytes",
			       room);
	r = write_full(STDOUT_FILENO, all->data, all->len);
	return r < 0 ? err_set(e, -r, "give the run its secrets") : 0;
}

static int env(const char *pod, const char *command, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	OWN_STRV struct strv keys = {0};
	OWN_SECRET struct secret all = {0};
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&p, pod, e);
	if (r == 0)
		r = plan_open(&plan, &p, e);
	if (r == 0)
		r = collect_keys(&plan, command, &keys, e);
	if (r == 0)
		r = secret_new(&all, ENV_MAX, e);
	if (r == 0 && keys.n)
		r = vault_open(&v, VAULT_READ, -1, e);
	if (r == 0)
		r = fill(&v, &p, &keys, &all, e);
	return r == 0 ? deliver(&all, e) : r;
}

/* On record, where it can be: why the run did not start. */
static void record_denied(const char *pod, const char *command, const struct err *why)
{
	OWN_EVENT struct event ev = {0};
	struct err ignored = {0};

	event_init(&ev, pod, "vault", "vault_denied");
	event_str(&ev, "what", "run");
	if (command)
		event_str(&ev, "command", command);
	event_str(&ev, "reason", why->msg);
	record_event(&ev, true, &ignored);
}

int cmd_env(int argc, char **argv)
{
	const char *command = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'c', "command", &command, "NAME",
		 "the command of the run, as it is written"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault env [OPTION]... POD",
		"Write the variables that a run gets, for pod-exec: KEY=VALUE and a NUL each, an "
		"empty one at the end.",
		1, 1, 0};
	struct err e = {0}, ignored = {0};

	opt_parse(opts, &usage, argc, argv);
	if (isatty(STDOUT_FILENO))
		die(POD_EXIT_USAGE, "the terminal would show the secrets");
	if (env(argv[0], command, &e) == 0)
		return POD_EXIT_OK;
	if (pod_check_name(argv[0], &ignored) == 0)
		record_denied(argv[0], command, &e);
	return say_err(&e);
}
