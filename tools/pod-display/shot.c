/* SPDX-License-Identifier: Apache-2.0 */
/* The pixels come as they are and are compressed here: the time it takes is the asker's own. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"

static int take(const char *socket, const char *region, struct answer *a, struct buf *pixels,
		struct err *e)
{
	OWN(ask_finish) struct ask k = {.fd = -1, .signals = -1};
	OWN_BUF struct buf line = BUF_INIT, text = BUF_INIT;

	ask_line(&line, WISH_SHOT);
	jw_kstr(&line, "format", "raw");
	if (region) {
		struct rect r = word_rect(region);

		ask_region(&line, "region", &r);
	}
	if (ask_begin(&k, socket, &line, e) < 0 || ask_answer(&k, a, &text, e) < 0)
		return -e->code;
	if (a->width > PICTURE_SIDE_MAX || a->height > PICTURE_SIDE_MAX ||
	    a->bytes != a->width * a->height * 4)
		return err_set(e, ERR_PLAIN, "the display's answer is no picture");
	return ask_bytes(&k, pixels, (uint64_t)a->bytes, e);
}

static int compress(enum picture_format format, const struct answer *a, const struct buf *pixels,
		    struct buf *out, struct err *e)
{
	struct picture *p = picture_new(format, (int)a->width, (int)a->height, out, e);
	int r = p ? picture_rows(p, (const uint8_t *)pixels->data, (size_t)a->width * 4,
				 (int)a->height, e)
		  : -e->code;

	picture_free(p);
	return r;
}

static int write_out(const char *file, const struct buf *out, struct err *e)
{
	bool is_stdout = strcmp(file, "-") == 0;
	OWN_FD int fd = is_stdout ? dup(STDOUT_FILENO)
				  : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int r = fd < 0 ? -errno : write_full(fd, out->data, out->len);

	return r < 0 ? err_set(e, -r, "write %s", is_stdout ? "to standard output" : esc(file)) : 0;
}

static void print_json(const char *file, const char *format, const struct answer *a, size_t bytes)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "file", file);
	jw_kstr(&b, "format", format);
	jw_knum(&b, "x", a->x);
	jw_knum(&b, "y", a->y);
	jw_knum(&b, "width", a->width);
	jw_knum(&b, "height", a->height);
	jw_knum(&b, "bytes", (int64_t)bytes);
	jw_close(&b, '}');
	puts(b.data);
}

/* What the name of the file says, where nothing else does. */
static const char *by_name(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0) ? "jpeg"
										      : "png";
}

int cmd_shot(int argc, char **argv)
{
	const char *file = NULL, *format = NULL, *region = NULL, *socket = NULL;
	bool json = false;
	const struct opt opts[] = {
		{OPT_STR, 'o', "output", &file, "FILE", "write it there; -: to standard output"},
		{OPT_STR, 0, "format", &format, "FORMAT",
		 "png, jpeg or raw (by FILE's name, else png)"},
		{OPT_STR, 0, "region", &region, "X,Y,WIDTH,HEIGHT", "this part of the screen"},
		{OPT_FLAG, 'j', "json", &json, NULL, "say what was written as a JSON object"},
		OPT_SOCKET(socket),
		{0},
	};
	const struct opt_usage usage = {"pod-display shot [OPTION]...", "A picture of the screen.",
					0, 0, 0};
	OWN_BUF struct buf pixels = BUF_INIT, out = BUF_INIT;
	struct answer a = {0};
	struct err e = {0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "shot takes no argument (usage: %s)", usage.line);
	if (!file && isatty(STDOUT_FILENO))
		die(POD_EXIT_USAGE, "a terminal shows no pictures: say -o FILE, or pipe it on");
	file = file ? file : "-";
	format = format ? format : by_name(file);
	if (picture_format(format) == PICTURE_FORMATS)
		die(POD_EXIT_USAGE, "%s is no format: png, jpeg or raw", esc(format));
	if (json && strcmp(file, "-") == 0)
		die(POD_EXIT_USAGE, "--json and the picture cannot both go to standard output");
	if (take(socket, region, &a, &pixels, &e) < 0 ||
	    compress(picture_format(format), &a, &pixels, &out, &e) < 0 ||
	    write_out(file, &out, &e) < 0)
		return say_err(&e);
	if (json)
		print_json(file, format, &a, out.len);
	return say_end(POD_EXIT_OK);
}
