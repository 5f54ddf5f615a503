/* SPDX-License-Identifier: Apache-2.0 */
/* pod-trace: who ran what in a pod, and which command wrote which path. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-trace/cmds.h"

static const struct cmd cmds[] = {
	{"watch", cmd_watch, "record which commands run in a pod, and what they write"},
	{"doctor", cmd_doctor, "check what this kernel can tell"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-trace");
	return cmd_main("pod-trace", cmds, argc, argv);
}
