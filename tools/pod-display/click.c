/* SPDX-License-Identifier: Apache-2.0 */
#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/say.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

#define PLACE "a place on the screen"

int cmd_click(int argc, char **argv)
{
	const char *button = NULL, *count = NULL, *modifiers = NULL, *socket = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'b', "button", &button, "BUTTON",
		 "left (so unless said), middle or right"},
		{OPT_STR, 'n', "count", &count, "N", "so often: 2 is a double click"},
		{OPT_STR, 'm', "modifiers", &modifiers, "KEY[+KEY]...",
		 "held meanwhile: ctrl+shift"},
		OPT_SOCKET(socket),
		{0},
	};
	const struct opt_usage usage = {"pod-display click [OPTION]... [X Y]",
					"Click there, or where the pointer is.", 0, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	OWN_BUF struct buf line = BUF_INIT;

	if (n == 1)
		die(POD_EXIT_USAGE, "X and Y stand together (usage: %s)", usage.line);
	ask_line(&line, WISH_CLICK);
	if (n == 2) {
		jw_knum(&line, "x", word_number(PLACE, argv[0], 0, PICTURE_SIDE_MAX - 1));
		jw_knum(&line, "y", word_number(PLACE, argv[1], 0, PICTURE_SIDE_MAX - 1));
	}
	if (button)
		jw_kstr(&line, "button", button);
	if (count)
		jw_knum(&line, "count", word_number("--count", count, 1, 100));
	if (modifiers)
		jw_kstr(&line, "modifiers", modifiers);
	return ask_do(socket, &line);
}
