/* SPDX-License-Identifier: Apache-2.0 */
/* pod-display: a pod's screen, shown to people and handled by its agent.  See pod-display(1). */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-display/cmds.h"

static const struct cmd cmds[] = {
	{"doctor", cmd_doctor, "check whether there is a screen, and what it can"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-display");
	return cmd_main("pod-display", cmds, argc, argv);
}
