/* SPDX-License-Identifier: Apache-2.0 */
/* pod-budget: what a pod may use up in all, and its end. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-budget/cmds.h"

static const struct cmd cmds[] = {
	{"show", cmd_show, "show, extend and reset what a pod may use up"},
	{"meter", cmd_meter, "count what a pod uses, and end it in time"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-budget");
	return cmd_main("pod-budget", cmds, argc, argv);
}
