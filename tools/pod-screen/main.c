/* SPDX-License-Identifier: Apache-2.0 */
/* pod-screen: what a text would have a model do, or give away.  See pod-screen(1). */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-screen/cmds.h"

static const struct cmd cmds[] = {
	{"scan", cmd_scan, "screen texts, files or standard input"},
	{"check", cmd_check, "check files of rules, and run the tests in them"},
	{"rules", cmd_rules, "list the rules"},
	{"serve", cmd_serve, "answer a pod's injector about the bodies of requests"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-screen");
	return cmd_main("pod-screen", cmds, argc, argv);
}
