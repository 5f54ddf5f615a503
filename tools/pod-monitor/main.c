/* SPDX-License-Identifier: Apache-2.0 */
/* pod-monitor: rules over what a pod does.  See pod-monitor(1). */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/cmds.h"

static const struct cmd cmds[] = {
	{"watch", cmd_watch, "sample a pod and respond by its rules, until SIGTERM"},
	{"sample", cmd_sample, "print what a pod uses and does now"},
	{"test", cmd_test, "say what rules would have done to recorded samples"},
	{"check", cmd_check, "check the rules of a pod, or a file of rules"},
	{"set-policy", cmd_set_policy, "give a pod other rules, which hold at once"},
	{"show", cmd_show, "list the rules of a pod, and which of them hold"},
	{"doctor", cmd_doctor, "whether rules run on this machine, and what it measures"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-monitor");
	return cmd_main("pod-monitor", cmds, argc, argv);
}
