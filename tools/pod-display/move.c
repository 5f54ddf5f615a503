/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/jsonw.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

int cmd_move(int argc, char **argv)
{
	const char *socket = NULL;
	const struct opt opts[] = {OPT_SOCKET(socket), {0}};
	const struct opt_usage usage = {"pod-display move [OPTION]... X Y",
					"Move the pointer there.", 2, 2, 0};
	OWN_BUF struct buf line = BUF_INIT;

	opt_parse(opts, &usage, argc, argv);
	ask_line(&line, WISH_MOVE);
	jw_knum(&line, "x", word_number("a place on the screen", argv[0], 0, PICTURE_SIDE_MAX - 1));
	jw_knum(&line, "y", word_number("a place on the screen", argv[1], 0, PICTURE_SIDE_MAX - 1));
	return ask_do(socket, &line);
}
