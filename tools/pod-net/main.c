/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a pod: namespace, addresses, firewall. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-net/net.h"

static const struct cmd cmds[] = {
	{"up", cmd_up, "build the network of a pod; nothing if it stands"},
	{"down", cmd_down, "take it down"},
	{"status", cmd_status, "what it is, and what it counted"},
	{"rules", cmd_rules, "print the firewall rules that up gives the pod"},
	{"watch", cmd_watch, "report what the wall of a pod refuses, until SIGTERM"},
	{"gc", cmd_gc, "remove what crashes left"},
	{"doctor", cmd_doctor, "what this host offers for the networks of pods"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-net");
	return cmd_main("pod-net", cmds, argc, argv);
}
