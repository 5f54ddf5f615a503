/* SPDX-License-Identifier: Apache-2.0 */
/* pod-audio: a pod's sound, to whoever listens. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-audio/cmds.h"

static const struct cmd cmds[] = {
	{"serve", cmd_serve, "send what a pod plays to the listeners of a socket"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-audio");
	return cmd_main("pod-audio", cmds, argc, argv);
}
