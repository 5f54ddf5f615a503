/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of pods, sealed on disk, and what of them goes where. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/secret.h"

static const struct cmd cmds[] = {
	{"set", cmd_set, "put a secret in"},
	{"get", cmd_get, "print a secret"},
	{"list", cmd_list, "list secrets, never their values"},
	{"rm", cmd_rm, "remove secrets"},
	{"import", cmd_import, "put in all that a file holds"},
	{"export", cmd_export, "write all secrets into a sealed bundle"},
	{"share", cmd_share, "let pods use a shared scope"},
	{"unshare", cmd_unshare, "let them use it no more"},
	{"rotate", cmd_rotate, "change the master key, seal everything anew"},
	{"unlock", cmd_unlock, "open a vault behind a passphrase for all that follows"},
	{"lock", cmd_lock, "lock it again"},
	{"bind", cmd_bind, "put a secret into requests for a host"},
	{"unbind", cmd_unbind, "take that back"},
	{"bindings", cmd_bindings, "list which secret goes to which host"},
	{"compile", cmd_compile, "write what the injector goes by"},
	{"feed", cmd_feed, "write the values of bound keys, for the injector"},
	{"env", cmd_env, "write the variables of a run, for pod-exec"},
	{"push", cmd_push, "give running injectors their secrets anew"},
	{"forget", cmd_forget, "remove all secrets of a pod"},
	{"doctor", cmd_doctor, "check what a vault needs on this host"},
	{0},
};

int main(int argc, char **argv)
{
	struct err e = {0};

	say_name("pod-vault");
	if (secret_begin(&e) < 0)
		return say_err(&e);
	return cmd_main("pod-vault", cmds, argc, argv);
}
