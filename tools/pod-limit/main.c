/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-limit/limit.h"

static const struct cmd cmds[] = {
	{"apply", cmd_apply, "give the pod the limits of its pod file now"},
	{"set", cmd_set, "change limits of a live pod until it stops"},
	{"freeze", cmd_freeze, "stop every process of the pod where it is"},
	{"thaw", cmd_thaw, "let a frozen pod go on"},
	{"kill", cmd_kill, "end every process of the pod"},
	{"usage", cmd_usage, "what the pod uses"},
	{"remove", cmd_remove, "remove the pod's control groups"},
	{"doctor", cmd_doctor, "what this machine can limit"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-limit");
	return cmd_main("pod-limit", cmds, argc, argv);
}
