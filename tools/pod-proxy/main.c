/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's way out: connections go where a name was allowed, and under that name. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-proxy/cmds.h"

static const struct cmd cmds[] = {
	{"relay", cmd_relay, "carry a pod's connections to where it may go"},
	{"inject", cmd_inject, "put credentials into a pod's requests"},
	{"forward", cmd_forward, "carry connections to a pod's open ports"},
	{"ca", cmd_ca, "make the certificate authority of a pod"},
	{"ports", cmd_ports, "list and change a pod's open ports"},
	{"expose", cmd_expose, "list and change which ports of a pod answer at all"},
	{"doctor", cmd_doctor, "what this host offers to put credentials into requests"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-proxy");
	return cmd_main("pod-proxy", cmds, argc, argv);
}
