/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/say.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

/* The words with blanks between them, as echo(1) has it; "-" alone is standard input. */
static int gather(struct buf *text, char **words, int n, struct err *e)
{
	int r = 0;

	if (n == 1 && strcmp(words[0], "-") == 0)
		r = read_fd(STDIN_FILENO, text, WISH_TEXT_MAX);
	for (int i = 0; i < n && (n > 1 || strcmp(words[0], "-") != 0); i++)
		buf_fmt(text, "%s%s", i ? " " : "", words[i]);
	if (r < 0 && r != -EFBIG)
		return err_set(e, -r, "read standard input");
	if (r < 0 || text->len > WISH_TEXT_MAX)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "type: more than %d bytes at a time", WISH_TEXT_MAX);
	/* JSON would turn what is no UTF-8 into a character of its own. */
	if (text->len && (!utf8_valid(text->data, text->len) || strlen(text->data) != text->len))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "type: that is no UTF-8");
	return 0;
}

int cmd_type(int argc, char **argv)
{
	const char *socket = NULL;
	const struct opt opts[] = {OPT_SOCKET(socket), {0}};
	const struct opt_usage usage = {"pod-display type [OPTION]... TEXT...|-",
					"Type a text, in any script; -: standard input.", 1, 0, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	OWN_BUF struct buf line = BUF_INIT, text = BUF_INIT;
	struct err e = {0};

	if (gather(&text, argv, n, &e) < 0)
		return say_err(&e);
	ask_line(&line, WISH_TYPE);
	jw_kstr(&line, "text", text.data ? text.data : "");
	return ask_do(socket, &line);
}
