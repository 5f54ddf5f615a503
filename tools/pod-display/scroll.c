/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/jsonw.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

int cmd_scroll(int argc, char **argv)
{
	const char *x = NULL, *y = NULL, *modifiers = NULL, *socket = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'x', "x", &x, "X", "with the pointer there"},
		{OPT_STR, 'y', "y", &y, "Y", "with the pointer there"},
		{OPT_STR, 'm', "modifiers", &modifiers, "KEY[+KEY]...",
		 "held meanwhile: ctrl+shift"},
		OPT_SOCKET(socket),
		{0},
	};
	const struct opt_usage usage = {
		"pod-display scroll [OPTION]... up|down|left|right [NOTCHES]",
		"Turn the wheel (3 notches unless said).", 1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	OWN_BUF struct buf line = BUF_INIT;

	ask_line(&line, WISH_SCROLL);
	jw_kstr(&line, "direction", argv[0]);
	jw_knum(&line, "count", n > 1 ? word_number("NOTCHES", argv[1], 1, 100) : 3);
	if (x)
		jw_knum(&line, "x", word_number("--x", x, 0, PICTURE_SIDE_MAX - 1));
	if (y)
		jw_knum(&line, "y", word_number("--y", y, 0, PICTURE_SIDE_MAX - 1));
	if (modifiers)
		jw_kstr(&line, "modifiers", modifiers);
	return ask_do(socket, &line);
}
