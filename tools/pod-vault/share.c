/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods may use the secrets of a shared scope. */
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"

static int record(const char *pod, const char *event, const char *scope, struct err *e)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, pod, "vault", event);
	event_str(&ev, "scope", scope);
	return record_event(&ev, true, e);
}

/* Scopes move when one is added: the shared one is looked for each time. */
static int change_one(struct vault *v, const char *scope, const char *pod, bool share,
		      struct err *e)
{
	OWN(target_finish) struct target t = TARGET_INIT;
	struct scope *own;
	int r = target_open(&t, pod, NULL, e);

	if (r < 0)
		return r;
	own = share ? target_make(&t, v, e) : target_scope(&t, v, e);
	if (!own && e->msg[0])
		return -EINVAL;
	if (share)
		r = bound_scope(own, index_shared(&v->index, scope), e);
	if (share && r == 0)
		r = scope_add_pod(index_shared(&v->index, scope), own->id, e);
	else if (!share && (!own || !scope_drop_pod(index_shared(&v->index, scope), own->id)))
		r = err_set(e, ERR_PLAIN, "pod %s does not use scope %s; nothing was changed", pod,
			    scope);
	return r == 0 ? record(pod, share ? "vault_share" : "vault_unshare", scope, e) : r;
}

static int change(const char *scope, char **pods, bool share, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	int r = vault_open(&v, VAULT_WRITE, -1, e);

	if (r < 0)
		return r;
	if (!index_shared(&v.index, scope))
		return err_set(e, ERR_PLAIN,
			       "there is no scope %s (envpod vault --scope %s set KEY makes it)",
			       scope, scope);
	for (char **pod = pods; *pod && r == 0; pod++)
		r = change_one(&v, scope, *pod, share, e);
	return r == 0 ? vault_commit(&v, e) : r;
}

static int cmd(int argc, char **argv, bool share, const struct opt_usage *usage)
{
	const char *scope = NULL;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME", "the scope; must be given"},
		{0},
	};
	int r;

	opt_parse(opts, usage, argc, argv);
	if (!scope)
		die(POD_EXIT_USAGE, "name the scope by --scope");
	r = pod_check_caller(&e);
	if (r == 0)
		r = pod_check_name(scope, &e);
	if (r == 0)
		r = change(scope, argv, share, &e);
	for (char **pod = argv; *pod && r == 0; pod++)
		r = push_pod(*pod, &e);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}

int cmd_share(int argc, char **argv)
{
	const struct opt_usage usage = {"pod-vault share --scope NAME POD...",
					"Let pods use the secrets of a shared scope.", 1, 0, 0};

	return cmd(argc, argv, true, &usage);
}

int cmd_unshare(int argc, char **argv)
{
	const struct opt_usage usage = {
		"pod-vault unshare --scope NAME POD...",
		"Let pods use them no more; a run that has them keeps them.", 1, 0, 0};

	return cmd(argc, argv, false, &usage);
}
