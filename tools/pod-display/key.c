/* SPDX-License-Identifier: Apache-2.0 */
#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/say.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

int cmd_key(int argc, char **argv)
{
	const char *count = NULL, *socket = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'n', "count", &count, "N", "all of them so often"},
		OPT_SOCKET(socket),
		{0},
	};
	const struct opt_usage usage = {
		"pod-display key [OPTION]... KEY[+KEY]...",
		"Press keys by their names, one after the other: ctrl+shift+t Return", 1,
		WISH_CHORDS, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	OWN_BUF struct buf line = BUF_INIT;
	struct err e = {0};
	struct chord c;

	ask_line(&line, WISH_KEY);
	jw_key(&line, "keys");
	jw_open(&line, '[');
	for (int i = 0; i < n; i++) {
		/* The same is judged at the other end; here the message has the name. */
		if (chord_parse(&c, argv[i], &e) < 0)
			die(POD_EXIT_USAGE, "key: %s", e.msg);
		jw_string(&line, argv[i]);
	}
	jw_close(&line, ']');
	if (count)
		jw_knum(&line, "count", word_number("--count", count, 1, 100));
	return ask_do(socket, &line);
}
