/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/clean.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/slot.h"

struct logs {
	struct pod pod;
	struct run run; /* the one followed; pidfd -1 when it does not live */
	unsigned number;
	int dir, fd, old; /* old: what was before the last rotation, -1 when there was none */
	off_t offset;     /* shown so far of fd */
	struct clean clean;
	bool closed; /* nobody reads what we write */
};

#define LOGS_INIT                                                                \
	{                                                                        \
		.pod = POD_INIT, .run = RUN_INIT, .dir = -1, .fd = -1, .old = -1 \
	}

static void logs_finish(struct logs *l)
{
	pod_finish(&l->pod);
	run_finish(&l->run);
	own_close(&l->dir);
	own_close(&l->fd);
	own_close(&l->old);
}

/* The log written to last, for when no run lives; 0: there is none. */
static unsigned newest_log(int dir)
{
	struct stat st, best = {0};
	unsigned number = 0;

	for (unsigned n = 1; n <= SLOT_MAX; n++) {
		if (fstatat(dir, slot_name("run", n, "log"), &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (number && (st.st_mtim.tv_sec < best.st_mtim.tv_sec ||
			       (st.st_mtim.tv_sec == best.st_mtim.tv_sec &&
				st.st_mtim.tv_nsec <= best.st_mtim.tv_nsec)))
			continue;
		best = st;
		number = n;
	}
	return number;
}

static int logs_open(struct logs *l, const char *pod, unsigned number, struct err *e)
{
	struct err none = {0};
	char old[48];

	if (pod_open(&l->pod, pod, e) < 0)
		return -e->code;
	l->dir = openat(l->pod.dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (run_find(&l->pod, number, &l->run, &none) == 0)
		number = l->run.number;
	l->number = number ? number : newest_log(l->dir);
	snprintf(old, sizeof(old), "%s.old", slot_name("run", l->number, "log"));
	l->fd = openat(l->dir, slot_name("run", l->number, "log"),
		       O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (l->fd < 0)
		return err_set(
			e, ERR_PLAIN,
			"pod %s has no log of a background run (envpod start, envpod run -b)", pod);
	l->old = openat(l->dir, old, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return 0;
}

static void show(struct logs *l, const char *data, size_t len)
{
	OWN_BUF struct buf out = BUF_INIT;

	clean_text(&l->clean, data, len, &out);
	if (out.len && write_full(STDOUT_FILENO, out.data, out.len) < 0)
		l->closed = true;
}

/* From *at to the end of fd. */
static int show_from(struct logs *l, int fd, off_t *at, struct err *e)
{
	char chunk[65536];
	ssize_t n;

	while (!l->closed && (n = pread(fd, chunk, sizeof(chunk), *at)) != 0) {
		if (n < 0)
			return err_set(e, errno, "read the log");
		show(l, chunk, (size_t)n);
		*at += n;
	}
	return 0;
}

/* Where the last *lines lines begin; *lines becomes what the file was short of. */
static off_t tail_offset(int fd, uint64_t *lines)
{
	char chunk[65536];
	off_t end = lseek(fd, 0, SEEK_END);
	bool last = true; /* the newline that ends the file ends no earlier line */

	for (off_t to = end; to > 0;) {
		off_t from = to > (off_t)sizeof(chunk) ? to - (off_t)sizeof(chunk) : 0;
		ssize_t n = pread(fd, chunk, (size_t)(to - from), from);

		for (ssize_t i = n - 1; i >= 0; i--, last = false) {
			if (chunk[i] != '\n' || last)
				continue;
			if (--*lines == 0)
				return from + i + 1;
		}
		if (n <= 0)
			break;
		to = from;
	}
	*lines -= end > 0; /* the first line has no newline before it */
	return 0;
}

static int show_tail(struct logs *l, uint64_t lines, struct err *e)
{
	off_t old_from = 0;
	bool skip_old = false;

	if (lines) {
		l->offset = tail_offset(l->fd, &lines);
		if (lines && l->old >= 0)
			old_from = tail_offset(l->old, &lines);
		else
			skip_old = true;
	}
	if (l->old >= 0 && !skip_old && show_from(l, l->old, &old_from, e) < 0)
		return -e->code;
	return show_from(l, l->fd, &l->offset, e);
}

/* What came since.  After a rotation the bytes we had not seen yet are in the old file. */
static int show_more(struct logs *l, struct err *e)
{
	struct stat st;

	if (fstat(l->fd, &st) < 0)
		return err_set(e, errno, "look at the log");
	if (st.st_size < l->offset) {
		if (l->old >= 0 && show_from(l, l->old, &l->offset, e) < 0)
			return -e->code;
		l->offset = 0;
	}
	return show_from(l, l->fd, &l->offset, e);
}

static int watch(const struct logs *l, struct err *e)
{
	OWN_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", l->fd);
	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return err_set(e, errno, "watch the log");
	return take_fd(&fd);
}

/* Until the run has ended or our reader is gone. */
static int follow(struct logs *l, struct err *e)
{
	OWN_FD int fd = l->run.pidfd < 0 ? -1 : watch(l, e);
	char drain[4096];
	bool ended = l->run.pidfd < 0;
	int r = e->code ? -e->code : show_more(l, e);

	while (r == 0 && !ended && !l->closed) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
				       {.fd = l->run.pidfd, .events = POLLIN},
				       {.fd = STDOUT_FILENO}};

		if (poll(fds, 3, -1) < 0)
			continue;
		while (read(fd, drain, sizeof(drain)) > 0)
			;
		ended = fds[1].revents != 0;
		l->closed = (fds[2].revents & (POLLERR | POLLHUP)) != 0;
		r = l->closed ? 0 : show_more(l, e);
	}
	return r;
}

static int logs(struct logs *l, const char *pod, unsigned number, uint64_t lines, bool follows)
{
	struct err e = {0};

	if (logs_open(l, pod, number, &e) < 0 || show_tail(l, lines, &e) < 0 ||
	    (follows && follow(l, &e) < 0))
		return say_err(&e);
	if (l->clean.mode == CLEAN_TERMINAL)
		show(l, "\x1b[0m", 4); /* no colour outlives the log */
	return l->closed && errno != EPIPE ? POD_EXIT_FAILED : POD_EXIT_OK;
}

int cmd_logs(int argc, char **argv)
{
	OWN(logs_finish) struct logs l = LOGS_INIT;
	uint64_t lines = 50, number = 0;
	bool follows = false, raw = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'f', "follow", &follows, NULL, "go on until the run ends"},
		{OPT_U64, 'n', "lines", &lines, "N", "the last N lines; 0: all (50)"},
		{OPT_U64, 'r', "run", &number, "N", "this background run, not the newest"},
		{OPT_FLAG, 0, "raw", &raw, NULL, "every byte as the run wrote it"},
		{0},
	};
	const struct opt_usage usage = {"pod-supervise logs [OPTION]... POD",
					"Print what a background run said.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (number > SLOT_MAX)
		die(POD_EXIT_USAGE, "--run: there are at most %d runs", SLOT_MAX);
	l.clean.mode = raw ? CLEAN_NONE : isatty(STDOUT_FILENO) ? CLEAN_TERMINAL : CLEAN_LINES;
	return logs(&l, argv[0], (unsigned)number, lines, follows);
}
