/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's desktop in a browser: the one HTTP front of screen, sound and uploads. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-web/cmds.h"

static const struct cmd cmds[] = {
	{"serve", cmd_serve, "show a pod's desktop to browsers on this machine"},
	{"link", cmd_link, "print a link that logs in, once"},
	{"sessions", cmd_sessions, "list who is logged in"},
	{"revoke", cmd_revoke, "end a session, or all of them"},
	{"doctor", cmd_doctor, "what this host offers to show desktops"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-web");
	return cmd_main("pod-web", cmds, argc, argv);
}
