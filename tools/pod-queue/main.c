/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent asks for, who may allow it, and having it done. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-queue/cmds.h"

static const struct cmd cmds[] = {
	{"submit", cmd_submit, "in a pod: ask a person for something, in words"},
	{"call", cmd_call, "in a pod: ask for an action"},
	{"list", cmd_list, "in a pod: list its actions"},
	{"poll", cmd_poll, "in a pod: say how an action stands"},
	{"wait", cmd_wait, "in a pod: wait until an action has ended"},
	{"actions", cmd_actions, "which actions there are; with POD: change that"},
	{"cancel", cmd_cancel, "take back an action that has not begun"},
	{"queue", cmd_queue, "list what waits, and add to it"},
	{"approve", cmd_approve, "let an action be executed"},
	{"deny", cmd_deny, "refuse an action that waits"},
	{"serve", cmd_serve, "take, keep and execute what the pod's agent asks for"},
	{"govern", cmd_govern, "hand in a command of ours that waits for approval"},
	{"execute", cmd_execute, "execute an action that has begun"},
	{"reverse", cmd_reverse, "take back what an action did"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-queue");
	return cmd_main("pod-queue", cmds, argc, argv);
}
