/* SPDX-License-Identifier: Apache-2.0 */
/* pod-display: a pod's screen, shown to people and handled by its agent.  See pod-display(1). */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/cmds.h"

static const struct cmd cmds[] = {
	{"shot", cmd_shot, "take a picture of the screen"},
	{"size", cmd_size, "width and height of the screen"},
	{"pointer", cmd_pointer, "where the pointer is"},
	{"move", cmd_move, "move the pointer"},
	{"click", cmd_click, "click with a button of the pointer"},
	{"drag", cmd_drag, "press, move and release"},
	{"scroll", cmd_scroll, "turn the wheel"},
	{"type", cmd_type, "type a text"},
	{"key", cmd_key, "press keys by their names"},
	{"wait-change", cmd_wait_change, "wait until the screen shows something else"},
	{"record", cmd_record, "make a film of the screen"},
	{"serve", cmd_serve, "show the screen to viewers, from the socket that was handed in"},
	{"doctor", cmd_doctor, "check whether there is a screen, and what it can"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-display");
	return cmd_main("pod-display", cmds, argc, argv);
}
