/* SPDX-License-Identifier: Apache-2.0 */
/* pod-upload: files into a pod, one at a time and whole or not at all. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-upload/cmds.h"

static const struct cmd cmds[] = {
	{"serve", cmd_serve, "take files from the socket that was handed in"},
	{"put", cmd_put, "take one file from standard input"},
	{"pack", cmd_pack, "write a file or a tree to standard output, as an archive"},
	{"unpack", cmd_unpack, "put what such an archive holds into a directory"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-upload");
	return cmd_main("pod-upload", cmds, argc, argv);
}
