/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/listenfd.h"
#include "libcommon/lockdown.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-display/cmds.h"
#include "tools/pod-display/viewer.h"

#define FILES_MAX 256

/* "1280x720" */
static int parse_size(const char *text, struct desk *d)
{
	char more;

	if (sscanf(text, "%4dx%4d%c", &d->want_width, &d->want_height, &more) != 2)
		return -EINVAL;
	if (d->want_width < SCREEN_MIN || d->want_height < SCREEN_MIN ||
	    d->want_width > SCREEN_MAX_WIDTH || d->want_height > SCREEN_MAX_HEIGHT)
		return -EINVAL;
	return 0;
}

/* Before the first byte of a viewer's or of the X server's: no other file, no other program. */
static int lock_down(struct desk *d, struct err *e)
{
	const struct rlimit files = {FILES_MAX, FILES_MAX};
	struct lockdown l = {
		.promises = PROMISE_ACCEPT | PROMISE_EPOLL | PROMISE_UNIX | PROMISE_FLAGS |
			    PROMISE_SOCKETS | d->screen.promises,
		.read_beneath = &d->screen.files,
	};

	if (d->screen.files >= 0) {
		l.promises |= PROMISE_READ_FILES;
		l.n_read_beneath = 1;
	}
	setrlimit(RLIMIT_NOFILE, &files); /* what select(2) could hold: libvncserver has sets */
	return lockdown(&l, e);
}

static int serve(struct desk *d, int listen, int ready_fd, struct err *e)
{
	struct watch signals;
	int r = desk_init(d, e);

	if (r == 0)
		r = loop_until_signal(&d->loop, &signals, e);
	if (r == 0 && listen >= 0)
		r = greet_open(d, listen, e);
	if (r == 0)
		r = agents_open(d, e);
	if (r == 0)
		r = lock_down(d, e);
	if (r < 0)
		return r;
	if (ready_fd >= 0 && write_full(ready_fd, "\n", 1) == 0)
		close(ready_fd);
	return desk_run(d, e);
}

int cmd_serve(int argc, char **argv)
{
	static struct desk d;
	const char *size = NULL;
	uint64_t ready = UINT64_MAX;
	bool clipboard = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "size", &size, "WIDTHxHEIGHT", "what the screen becomes at first"},
		{OPT_FLAG, 0, "clipboard", &clipboard, NULL, "viewers and pod share a clipboard"},
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it serves"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-display serve [OPTION]...",
		"Show the screen to those who come by the socket that was handed in, and to agents.",
		0, 0, 0};
	bool has_viewers = getenv("LISTEN_FDS") != NULL;
	int listen = -1, ready_fd, r;

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "serve takes no argument (usage: %s)", usage.line);
	if (size && parse_size(size, &d) < 0)
		die(POD_EXIT_USAGE, "--size is WIDTHxHEIGHT, from %dx%d to %dx%d, not '%s'",
		    SCREEN_MIN, SCREEN_MIN, SCREEN_MAX_WIDTH, SCREEN_MAX_HEIGHT, size);
	ready_fd = opt_fd(ready, -1);
	if (has_viewers)
		listen = listenfd_take("display", &e);
	if ((has_viewers && listen < 0) || screen_init(&d.screen, &e) < 0)
		return say_err(&e);
	cut_switch(&d, clipboard);
	r = serve(&d, listen, ready_fd, &e);
	desk_close(&d); /* the kernel lets go of the rest, which is more than we may now */
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
