/* SPDX-License-Identifier: Apache-2.0 */
/* pod-dash: the dashboard's server. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "libcommon/title.h"
#include "tools/pod-dash/cmds.h"

static const struct cmd commands[] = {
	{"serve", cmd_serve, "serve the dashboard on loopback"},
	{"link", cmd_link, "print a link that logs in once"},
	{"token", cmd_token, "make a token for scripts"},
	{"sessions", cmd_sessions, "list who is logged in"},
	{"revoke", cmd_revoke, "end a login"},
	{"stop", cmd_stop, "end the dashboard"},
	{"routes", cmd_routes, "list what /api/v1 has, and which command each is"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-dash");
	title_keep(argc, argv);
	return cmd_main("pod-dash", commands, argc, argv);
}
