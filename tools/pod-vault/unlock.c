/* SPDX-License-Identifier: Apache-2.0 */
/* A vault behind a passphrase or a command: opened once, for all commands that follow. */
#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/keyring.h"
#include "tools/pod-vault/master.h"

/* 0: it needs no unlocking. */
static int is_locked_kind(struct seal_head *head, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = vault_head(head, e);
	if (r == -ENOENT && !e->msg[0])
		return err_set(e, ERR_PLAIN,
			       "there is nothing in the vault yet (envpod vault POD set KEY)");
	return r < 0 ? r : head->kind != SEAL_FILE;
}

static int unlock(int passphrase_fd, uint64_t seconds, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	struct seal_head head;
	int r = is_locked_kind(&head, e);

	if (r <= 0)
		return r;
	r = vault_open(&v, VAULT_READ, passphrase_fd, e);
	if (r == 0)
		r = keyring_put((const unsigned char *)v.master.data, seconds, e);
	vault_finish(&v);
	return r == 0 ? push_target(NULL, e) : r;
}

int cmd_unlock(int argc, char **argv)
{
	const char *how_long = NULL;
	uint64_t fd = UINT64_MAX, seconds = 0;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "for", &how_long, "DURATION", "lock it again after so long (8h)"},
		{OPT_U64, 0, "passphrase-fd", &fd, "N",
		 "read the passphrase there, not from the terminal"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault unlock [OPTION]...",
		"Keep the master key in the kernel's keyring, until lock or a restart.", 0, 0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "too many arguments");
	if (how_long &&
	    (unit_duration(how_long, &seconds) < 0 || seconds == 0 || seconds > 366 * 86400))
		die(POD_EXIT_USAGE, "--for '%s': want a duration up to a year, such as 8h",
		    esc(how_long));
	return unlock(opt_fd(fd, -1), seconds, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}

int cmd_lock(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-vault lock",
		"Take the master key out of the kernel's keyring, and the secrets from injectors.",
		0, 0, 0};
	struct seal_head head;
	struct err e = {0};
	int r;

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "too many arguments");
	r = is_locked_kind(&head, &e);
	if (r == 0)
		die(POD_EXIT_FAILED, "the master key lies in a file: there is nothing to lock "
				     "(envpod vault rotate --new-passphrase)");
	if (r > 0) {
		keyring_drop(head.key_id);
		master_never_ask();
		r = push_target(NULL, &e);
	}
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
