/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

/* Two numbers, or the object that they came in. */
static int tell(enum wish_kind kind, const char *socket, bool json)
{
	OWN(ask_finish) struct ask k = {.fd = -1, .signals = -1};
	OWN_BUF struct buf line = BUF_INIT, text = BUF_INIT;
	struct answer a;
	struct err e = {0};

	ask_line(&line, kind);
	if (ask_begin(&k, socket, &line, &e) < 0 || ask_answer(&k, &a, &text, &e) < 0)
		return say_err(&e);
	if (json && kind == WISH_SIZE)
		printf("{\"width\":%lld,\"height\":%lld}\n", (long long)a.width,
		       (long long)a.height);
	else if (json)
		printf("{\"x\":%lld,\"y\":%lld}\n", (long long)a.x, (long long)a.y);
	else if (kind == WISH_SIZE)
		printf("%lld %lld\n", (long long)a.width, (long long)a.height);
	else
		printf("%lld %lld\n", (long long)a.x, (long long)a.y);
	return say_end(POD_EXIT_OK);
}

static int parse(const char *line, const char *text, enum wish_kind kind, int argc, char **argv)
{
	const char *socket = NULL;
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "as a JSON object"},
		OPT_SOCKET(socket),
		{0},
	};
	const struct opt_usage usage = {line, text, 0, 0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "%s takes no argument (usage: %s)", wish_word(kind), line);
	return tell(kind, socket, json);
}

int cmd_size(int argc, char **argv)
{
	return parse("pod-display size [OPTION]...", "Width and height of the screen.", WISH_SIZE,
		     argc, argv);
}

int cmd_pointer(int argc, char **argv)
{
	return parse("pod-display pointer [OPTION]...", "Where the pointer is.", WISH_POINTER, argc,
		     argv);
}
