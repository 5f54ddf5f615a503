/* SPDX-License-Identifier: Apache-2.0 */
/* Background runs: a resident parent for each, and those who look at it, stop it, read its log. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/commands.h"

static const struct cmd cmds[] = {
	{"run", cmd_run, "run a command in the background, on a terminal of its own"},
	{"attach", cmd_attach, "join the terminal of a background run"},
	{"stop", cmd_stop, "end a pod's runs: SIGTERM, then SIGKILL"},
	{"status", cmd_status, "list a pod's background runs"},
	{"logs", cmd_logs, "print what a background run said"},
	{"health", cmd_health, "list a pod's checks of health"},
	{"session", cmd_session, "keep the services of a pod's desktop"},
	{"helpers", cmd_helpers, "keep the daemons of a pod alive"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-supervise");
	return cmd_main("pod-supervise", cmds, argc, argv);
}
