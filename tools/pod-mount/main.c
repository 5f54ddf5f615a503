/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount: the view, its layers, and what becomes of them. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"

static const struct cmd cmds[] = {
	{"prepare", cmd_prepare, "make a pod's stack and mask layer"},
	{"enter", cmd_enter, "build the view and become a command standing in its root"},
	{"seal", cmd_seal, "close the writable layer"},
	{"remove", cmd_remove, "let go of mounts, layers and pins"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-mount");
	return cmd_main("pod-mount", cmds, argc, argv);
}
