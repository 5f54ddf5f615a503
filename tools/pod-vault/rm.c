/* SPDX-License-Identifier: Apache-2.0 */
/* Removing secrets, and all that a pod had. */
#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/master.h"
#include "tools/pod-vault/store.h"
#include "tools/pod-vault/target.h"

static int drop(struct scope *s, char **keys, struct err *e)
{
	for (; *keys; keys++)
		if (!scope_drop(s, *keys))
			return err_set(e, ERR_PLAIN, "%s has no secret %s; nothing was removed",
				       s->name, *keys);
	return 0;
}

static int carry_out(const struct target *t, char **keys, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	struct scope *s;
	int r = vault_open(&v, VAULT_WRITE, -1, e);

	if (r < 0)
		return r;
	s = target_scope(t, &v, e);
	if (!s)
		return e->msg[0] ? -EINVAL : err_set(e, ERR_PLAIN, "%s has no secrets", t->name);
	r = drop(s, keys, e);
	if (r == 0)
		r = target_record(t, &v, "vault_rm", keys, e);
	if (r == 0)
		r = vault_commit(&v, e);
	return r == 0 ? store_settle(t->dir, s, e) : r;
}

int cmd_rm(int argc, char **argv)
{
	const char *scope = NULL;
	OWN(target_finish) struct target t = TARGET_INIT;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME",
		 "from this shared scope, not from a pod's own"},
		{0},
	};
	const struct opt_usage usage = {"pod-vault rm POD KEY...",
					"Remove secrets: all that are named, or none.", 1, 0, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	char **keys = words_after(n, argv, scope, 1, -1);

	for (char **key = keys; *key; key++)
		if (check_key_name(*key, &e) < 0)
			return say_err(&e);
	if (target_open(&t, argv[0], scope, &e) < 0 || carry_out(&t, keys, &e) < 0 ||
	    push_target(&t, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}

/* --- forget --- */

/* Its place among those who may use a scope goes with its own. */
static void drop_uses(struct index *x, const unsigned char *id)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->scopes[i].shared)
			scope_drop_pod(&x->scopes[i], id);
}

/* Without its key what was sealed for the pod opens no more, wherever copies of it lie. */
static int forget(const struct pod *p, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	unsigned char id[SEAL_ID];
	struct seal_head head;
	struct scope *s;
	int r = pod_vault_id(p, id, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = vault_head(&head, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = vault_open(&v, VAULT_WRITE, -1, e);
	if (r < 0)
		return r;
	drop_uses(&v.index, id);
	s = index_pod(&v.index, p->name, id);
	if (s)
		index_drop(&v.index, s);
	return vault_commit(&v, e);
}

int cmd_forget(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-vault forget POD",
		"Let a pod's secrets be opened no more; envpod destroy does it.", 1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	master_never_ask(); /* a pod can be destroyed while the vault is locked */
	if (pod_check_caller(&e) < 0 || pod_open(&p, argv[0], &e) < 0 || forget(&p, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
