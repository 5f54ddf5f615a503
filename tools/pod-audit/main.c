/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log of a pod: append to it, look into it, watch it, prove it whole. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-audit/pod-audit.h"

static const struct cmd cmds[] = {
	{"append", cmd_append, "record events given as NDJSON on standard input"},
	{"query", cmd_query, "list events, filtered by name, time, source or a jq program"},
	{"follow", cmd_follow, "list events as they happen"},
	{"export", cmd_export, "write events as NDJSON, CSV or OCSF"},
	{"verify", cmd_verify, "check that nothing was changed, removed or added"},
	{"key", cmd_key, "show the keys that prove logs elsewhere, or take one away"},
	{"checkpoint", cmd_checkpoint, "sign what a log is now, and send that elsewhere"},
	{"security", cmd_security, "list what makes a pod weaker than it could be"},
	{"events", cmd_events, "print the table of all events, or hold a log against it"},
	{"doctor", cmd_doctor, "check what audit logs need on this host"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-audit");
	return cmd_main("pod-audit", cmds, argc, argv);
}
