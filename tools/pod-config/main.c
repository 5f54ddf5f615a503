/* SPDX-License-Identifier: Apache-2.0 */
/* pod-config: pod files in, pod.json and run plans out.  See pod-config(1). */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-config/cmds.h"

static const struct cmd cmds[] = {
	{"check", cmd_check, "print a pod file as envpod understands it, or all its errors"},
	{"compile", cmd_compile, "write pod.yaml, pod.json and the plan of a new pod"},
	{"set", cmd_set, "change keys of a pod or a base that is made"},
	{"plan", cmd_plan, "make the plan of a pod anew from its pod.json"},
	{"keys", cmd_keys, "list every key of a pod file"},
	{"monitor", cmd_monitor, "print a file of monitoring rules as pod-monitor reads it"},
	{"seccomp", cmd_seccomp, "print a seccomp profile as rules, for pod-exec"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-config");
	return cmd_main("pod-config", cmds, argc, argv);
}
