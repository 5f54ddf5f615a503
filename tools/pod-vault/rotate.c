/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another master key, and with it another key for each scope: every secret is sealed anew, in a new
 * version, beside the old one.  The index that names them all, sealed by the new key, takes the old
 * one's place in one step; whatever is cut off before that has changed nothing.
 */
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/keyring.h"
#include "tools/pod-vault/master.h"
#include "tools/pod-vault/store.h"

static bool pod_is_gone(const char *name)
{
	OWN_FREE char *path = xfmt("%s/pods/%s", pod_state_dir(), name);
	struct stat st;

	return lstat(path, &st) < 0 && errno == ENOENT;
}

/*
 * The files of a scope.  -ENOENT without a message: its pod is gone, or another one has its name by
 * now.  Only what is surely nobody's any more may be left behind.
 */
static int open_scope(const struct scope *s, struct target *t, struct err *e)
{
	int r;

	if (!s->shared && pod_is_gone(s->name))
		return -ENOENT;
	r = target_open(t, s->shared ? NULL : s->name, s->shared ? s->name : NULL, e);
	if (r < 0 || s->shared)
		return r;
	if (t->has_id)
		return memcmp(t->id, s->id, SEAL_ID) == 0 ? 0 : -ENOENT;
	if (t->dir < 0 || !store_has_any(t->dir))
		return -ENOENT;
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "pod %s has sealed secrets, and %s/vaultid is gone: put it back, or "
			  "remove %s/vault",
			  s->name, t->pod.path, t->pod.path);
}

static int reseal(struct scope *s, struct err *e)
{
	OWN(target_finish) struct target t = TARGET_INIT;
	OWN_SECRET struct secret old_key = s->key;
	int r = open_scope(s, &t, e);

	s->key = (struct secret){0};
	if (r == 0)
		r = scope_new_key(s, e);
	for (size_t i = 0; i < s->n && r == 0; i++) {
		OWN_SECRET struct secret value = {0};
		struct scope before = *s;

		before.key = old_key;
		r = store_open(t.dir, &before, &s->entries[i], &value, e);
		if (r < 0)
			return err_wrap(e, "%s (nothing was changed)", s->name);
		s->entries[i].version = ++s->serial;
		r = store_stage(t.dir, s, &s->entries[i], &value, e);
	}
	return r;
}

static int reseal_all(struct vault *v, struct err *e)
{
	for (size_t i = v->index.n; i-- > 0;) {
		int r = reseal(&v->index.scopes[i], e);

		if (r == -ENOENT && !e->msg[0])
			index_drop(&v->index, &v->index.scopes[i]);
		else if (r < 0)
			return r;
	}
	return 0;
}

static int settle_all(const struct vault *v, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < v->index.n && r == 0; i++) {
		OWN(target_finish) struct target t = TARGET_INIT;

		r = open_scope(&v->index.scopes[i], &t, e);
		if (r == 0 && t.dir >= 0)
			r = store_settle(t.dir, &v->index.scopes[i], e);
	}
	return r;
}

/* In the log of each pod that has secrets. */
static int record_all(const struct vault *v, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < v->index.n && r == 0; i++) {
		OWN_EVENT struct event ev = {0};

		if (v->index.scopes[i].shared)
			continue;
		event_init(&ev, v->index.scopes[i].name, "vault", "vault_rotate");
		r = record_event(&ev, true, e);
	}
	return r;
}

static int rotate(struct seal_head *head, const struct secret *words, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	unsigned char old_id[SEAL_ID];
	int r = vault_open(&v, VAULT_WRITE, -1, e);

	if (r < 0)
		return r;
	memcpy(old_id, v.head.key_id, SEAL_ID);
	r = reseal_all(&v, e);
	if (r == 0)
		r = record_all(&v, e);
	if (r < 0)
		return r;
	head->generation = v.head.generation;
	v.head = *head;
	secret_finish(&v.master);
	r = master_make(v.keys, &v.head, words, &v.master, e);
	if (r == 0)
		r = vault_commit(&v, e);
	if (r < 0)
		return r;
	keyring_drop(old_id);
	return settle_all(&v, e);
}

/* Without a word the kind stays what it is. */
static int choose(struct seal_head *head, bool file, bool passphrase, char **words, int n,
		  struct err *e)
{
	struct seal_head now = {.kind = SEAL_FILE};
	int r = vault_head(&now, e);

	if (r < 0 && r != -ENOENT)
		return r;
	seal_head_new(head, n            ? SEAL_COMMAND
			    : passphrase ? SEAL_PASSPHRASE
			    : file       ? SEAL_FILE
					 : now.kind);
	if (head->kind != SEAL_COMMAND)
		return 0;
	for (int i = 0; i < n; i++) {
		size_t len = strlen(words[i]) + 1;

		if (head->argv_len + len > SEAL_ARGV_MAX)
			return err_status(e, POD_EXIT_USAGE, E2BIG, "remember the key command");
		memcpy(head->argv + head->argv_len, words[i], len);
		head->argv_len += len;
	}
	if (n == 0) {
		memcpy(head->argv, now.argv, now.argv_len);
		head->argv_len = now.argv_len;
	}
	return 0;
}

int cmd_rotate(int argc, char **argv)
{
	bool file = false, passphrase = false, command = false;
	uint64_t fd = UINT64_MAX;
	OWN_SECRET struct secret words = {0};
	struct seal_head head;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 0, "key-file", &file, NULL, "the new key lies in a file of the host"},
		{OPT_FLAG, 0, "new-passphrase", &passphrase, NULL, "it is made of a passphrase"},
		{OPT_FLAG, 0, "command", &command, NULL, "it is made of what COMMAND prints"},
		{OPT_U64, 0, "passphrase-fd", &fd, "N",
		 "read the new passphrase there, not from the terminal"},
		{0},
	};
	const struct opt_usage usage = {"pod-vault rotate [OPTION]... [COMMAND [ARGUMENT]...]",
					"Change the master key, and seal every secret anew.", 0, 0,
					1};
	int n = opt_parse(opts, &usage, argc, argv);

	if (file + passphrase + command > 1 || command != (n > 0))
		die(POD_EXIT_USAGE, "want one of --key-file, --new-passphrase, and --command with "
				    "the command behind it");
	if (n && argv[0][0] != '/')
		die(POD_EXIT_USAGE, "%s: the command's path must begin with /", esc(argv[0]));
	if (choose(&head, file, passphrase, argv, n, &e) < 0 ||
	    master_ask(&head, opt_fd(fd, -1), &words, &e) < 0 || rotate(&head, &words, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
