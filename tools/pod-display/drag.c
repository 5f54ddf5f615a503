/* SPDX-License-Identifier: Apache-2.0 */
#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/say.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

int cmd_drag(int argc, char **argv)
{
	const char *button = NULL, *modifiers = NULL, *duration = NULL, *socket = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'b', "button", &button, "BUTTON",
		 "left (so unless said), middle or right"},
		{OPT_STR, 'm', "modifiers", &modifiers, "KEY[+KEY]...",
		 "held meanwhile: ctrl+shift"},
		{OPT_STR, 'd', "duration", &duration, "MS", "take so many milliseconds"},
		OPT_SOCKET(socket),
		{0},
	};
	const struct opt_usage usage = {
		"pod-display drag [OPTION]... X Y X Y [X Y]...",
		"Press at the first place, move through the others, release at the last.", 4,
		2 * WISH_POINTS, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	OWN_BUF struct buf line = BUF_INIT;

	if (n % 2)
		die(POD_EXIT_USAGE, "X and Y stand together (usage: %s)", usage.line);
	ask_line(&line, WISH_DRAG);
	jw_key(&line, "path");
	jw_open(&line, '[');
	for (int i = 0; i < n; i += 2) {
		jw_open(&line, '[');
		for (int k = 0; k < 2; k++)
			jw_number(&line, word_number("a place on the screen", argv[i + k], 0,
						     PICTURE_SIDE_MAX - 1));
		jw_close(&line, ']');
	}
	jw_close(&line, ']');
	if (button)
		jw_kstr(&line, "button", button);
	if (modifiers)
		jw_kstr(&line, "modifiers", modifiers);
	if (duration)
		jw_knum(&line, "duration", word_number("--duration", duration, 0, 60000));
	return ask_do(socket, &line);
}
