/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

static void add_ignored(struct buf *line, const struct strv *ignore)
{
	if (!ignore->n)
		return;
	if (ignore->n > WISH_RECTS)
		die(POD_EXIT_USAGE, "--ignore may be given %d times", WISH_RECTS);
	jw_key(line, "ignore");
	jw_open(line, '[');
	for (size_t i = 0; i < ignore->n; i++) {
		struct rect r = word_rect(ignore->v[i]);

		ask_region(line, NULL, &r);
	}
	jw_close(line, ']');
}

static int wait_for(const char *socket, struct buf *line, bool json)
{
	OWN(ask_finish) struct ask k = {.fd = -1, .signals = -1};
	OWN_BUF struct buf text = BUF_INIT;
	struct answer a;
	struct err e = {0};

	if (ask_begin(&k, socket, line, &e) < 0 || ask_answer(&k, &a, &text, &e) < 0)
		return say_err(&e);
	if (json)
		puts(text.data);
	return say_end(a.changed ? POD_EXIT_OK : POD_EXIT_NO);
}

int cmd_wait_change(int argc, char **argv)
{
	const char *region = NULL, *timeout = NULL, *settle = NULL, *pixels = NULL, *socket = NULL;
	OWN_STRV struct strv ignore = {0};
	bool json = false;
	const struct opt opts[] = {
		{OPT_STR, 0, "region", &region, "X,Y,WIDTH,HEIGHT", "of this part of the screen"},
		{OPT_STR, 't', "timeout", &timeout, "SECONDS", "at most so long (30)"},
		{OPT_STR, 's', "settle", &settle, "MS",
		 "and then until nothing has changed for so many milliseconds"},
		{OPT_STR, 0, "min-pixels", &pixels, "N", "until so many pixels differ (1)"},
		{OPT_LIST, 0, "ignore", &ignore, "X,Y,WIDTH,HEIGHT",
		 "what changes here does not count: a clock, a cursor; may be given again"},
		{OPT_FLAG, 'j', "json", &json, NULL, "say what has changed as a JSON object"},
		OPT_SOCKET(socket),
		{0},
	};
	const struct opt_usage usage = {
		"pod-display wait-change [OPTION]...",
		"Wait until the screen shows something else: 0, or 1 when the "
		"time is over.",
		0, 0, 0};
	OWN_BUF struct buf line = BUF_INIT;

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "wait-change takes no argument (usage: %s)", usage.line);
	ask_line(&line, WISH_WAIT_CHANGE);
	if (region) {
		struct rect r = word_rect(region);

		ask_region(&line, "region", &r);
	}
	if (timeout)
		jw_knum(&line, "timeout", 1000 * word_number("--timeout", timeout, 0, 3600));
	if (settle)
		jw_knum(&line, "settle", word_number("--settle", settle, 0, 60000));
	if (pixels)
		jw_knum(&line, "min_pixels",
			word_number("--min-pixels", pixels, 1,
				    (int64_t)PICTURE_SIDE_MAX * PICTURE_SIDE_MAX));
	add_ignored(&line, &ignore);
	return wait_for(socket, &line, json);
}
