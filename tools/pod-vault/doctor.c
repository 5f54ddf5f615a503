/* SPDX-License-Identifier: Apache-2.0 */
/* What a vault leans on: memory that can be locked, the kernel's keyring, a master key that fits.
 */
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/master.h"
#include "tools/pod-vault/vault.h"

static int print_finding(const struct finding *f, bool json)
{
	finding_block(f, json);
	return f->status[0] == 'f' ? POD_EXIT_FAILED : POD_EXIT_OK;
}

static int check_memory(bool json)
{
	OWN_SECRET struct secret room = {0};
	struct err e = {0};
	bool good = secret_new(&room, 1u << 20, &e) == 0;

	return print_finding(&(struct finding){"locked memory", "vault", good ? "pass" : "fail",
					       good ? "secrets are never swapped out" : e.msg,
					       "raise the limit of locked memory (ulimit -l)"},
			     json);
}

static int check_keyring(bool json)
{
	bool good = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) >= 0;

	return print_finding(
		&(struct finding){
			"keyring", "vault", good ? "pass" : "warn",
			good ? "an unlocked key can wait in the kernel"
			     : "unlock cannot keep a key: a passphrase is asked for each time",
			"a kernel with CONFIG_KEYS, no filter around envpod that closes keyctl"},
		json);
}

/* Locked is well; a key that is gone or does not fit is not. */
static int check_vault(bool json)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	struct seal_head head;
	struct err e = {0};
	struct finding c = {"vault", "vault", "pass", "nothing was put in yet", ""};
	int r = vault_head(&head, &e);

	master_never_ask();
	if (r == 0)
		r = vault_open(&v, VAULT_READ, -1, &e);
	if (r == 0)
		c.message = "it opens";
	else if (r == -ENOKEY && head.kind != SEAL_FILE)
		c.message = "it is locked";
	else if (e.msg[0])
		c = (struct finding){"vault", "vault", "fail", e.msg,
				     "pod-vault(1) says what each of its files is for"};
	return print_finding(&c, json);
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a check"},
		{0},
	};
	const struct opt_usage usage = {"pod-vault doctor [--json]",
					"Check what a vault needs on this host.", 0, 0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "too many arguments");
	return check_memory(json) | check_keyring(json) | check_vault(json);
}
