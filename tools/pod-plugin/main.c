/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-plugin/pod-plugin.h"

int main(int argc, char **argv)
{
	static const struct cmd cmds[] = {
		{"list", cmd_list, "which plugins there are"},
		{"probe", cmd_probe, "what they find on this machine"},
		{"plan", cmd_plan, "what a pod would need"},
		{0},
	};

	say_name("pod-plugin");
	return cmd_main("pod-plugin", cmds, argc, argv);
}
