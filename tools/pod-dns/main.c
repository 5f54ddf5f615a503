/* SPDX-License-Identifier: Apache-2.0 */
/* A resolver for each pod: only names that are allowed, and addresses open only once handed out. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-dns/cmds.h"

static const struct cmd cmds[] = {
	{"serve", cmd_serve, "resolve names for a pod"},
	{"check", cmd_check, "say what would become of names, and by which rule"},
	{"edit", cmd_edit, "change which names a pod may resolve"},
	{"why", cmd_why, "say why a name or an address is refused"},
	{"learn", cmd_learn, "propose an allow-list from what was asked"},
	{"doctor", cmd_doctor, "say what this host offers to resolve by"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-dns");
	return cmd_main("pod-dns", cmds, argc, argv);
}
