/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A film of the screen.  What changes comes from the display as pixels and is encoded here, in a
 * process of its own: while nothing changes, nothing is done.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-display/agent.h"
#include "tools/pod-display/ask.h"
#include "tools/pod-display/film.h"

#define FPS "10"

struct wants {
	const char *file, *seconds, *fps, *socket;
	uint64_t size;
};

static int open_film(const char *file)
{
	int fd = strcmp(file, "-") == 0
			 ? dup(STDOUT_FILENO)
			 : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		die(POD_EXIT_FAILED, "write %s: %s", esc(file), strerror(errno));
	return fd;
}

int cmd_record(int argc, char **argv)
{
	struct wants w = {.fps = FPS, .seconds = "60", .size = 64u << 20};
	const struct opt opts[] = {
		{OPT_STR, 'o', "output", &w.file, "FILE", "write it there; -: to standard output"},
		{OPT_STR, 's', "seconds", &w.seconds, "SECONDS", "for so long (60)"},
		{OPT_STR, 0, "fps", &w.fps, "N", "at most so many pictures a second (" FPS ")"},
		{OPT_SIZE, 0, "max-size", &w.size, "SIZE", "end when it is as large (64MB)"},
		OPT_SOCKET(w.socket),
		{0},
	};
	const struct opt_usage usage = {
		"pod-display record [OPTION]... -o FILE",
		"Record the screen as WebM (VP8) until SECONDS are over, or SIGINT or SIGTERM comes.",
		0, 0, 0};
	struct film_bounds bounds;
	struct err e = {0};
	int fd, r;

	if (opt_parse(opts, &usage, argc, argv) > 0 || !w.file)
		die(POD_EXIT_USAGE, "say where to: -o FILE (usage: %s)", usage.line);
	bounds = (struct film_bounds){
		.fps = word_number("--fps", w.fps, 1, 30),
		.ms = 1000 * (uint64_t)word_number("--seconds", w.seconds, 1, 86400),
		.bytes = w.size,
	};
	fd = open_film(w.file);
	r = film_make(w.socket, fd, &bounds, &e);
	if (close(fd) < 0 && r == 0)
		r = err_set(&e, errno, "write %s", esc(w.file));
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
