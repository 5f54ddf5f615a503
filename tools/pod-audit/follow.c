/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify on the directory, nothing is polled.  A segment is done with when a higher number exists
 * and its end was seen after that: the writer rotates under its lock and never goes back.
 */
#include "tools/pod-audit/follow.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"

struct follower {
	struct source *s;
	unsigned segment; /* the one being read, 0: none yet */
	int fd;
	off_t offset; /* behind the last whole line */
	char *buf;    /* RECORD_LINE_MAX bytes */
	void (*take)(void *to, const struct line *l);
	void *to;
};

static void follower_finish(struct follower *f)
{
	own_close(&f->fd);
	free(f->buf);
}

/* Hand over the whole lines among n bytes; the bytes of the rest are read again later. */
static void hand_over(struct follower *f, size_t n)
{
	struct line l = {.number = f->s->line.number};
	char *p = f->buf, *nl;

	snprintf(l.segment, sizeof(l.segment), "%06u.jsonl", f->segment % 1000000);
	while ((nl = memchr(p, '\n', (size_t)(f->buf + n - p)))) {
		l.text = p;
		l.len = (size_t)(nl - p);
		l.number++;
		f->take(f->to, &l);
		p = nl + 1;
	}
	if (p == f->buf && n == RECORD_LINE_MAX)
		p += n; /* no audit line is that long: pass over it */
	f->offset += p - f->buf;
	f->s->line.number = l.number;
}

static int read_segment(struct follower *f, struct err *e)
{
	for (;;) {
		off_t before = f->offset;
		ssize_t n = pread(f->fd, f->buf, RECORD_LINE_MAX, f->offset);

		if (n < 0)
			return err_set(e, errno, "read audit segment %06u.jsonl", f->segment);
		hand_over(f, (size_t)n);
		if (f->offset == before)
			return 0;
	}
}

static int open_segment(struct follower *f, unsigned number, struct err *e)
{
	char name[32];

	own_close(&f->fd);
	snprintf(name, sizeof(name), "%06u.jsonl", number);
	f->fd = openat(f->s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0)
		return err_set(e, errno, "open audit segment %s", name);
	f->segment = number;
	f->offset = 0;
	f->s->line.number = 0;
	return 0;
}

/* The first segment after the one being read, 0 when there is none. */
static int next_segment(struct follower *f, unsigned *next, struct err *e)
{
	OWN_FREE unsigned *v = NULL;
	size_t n = 0;
	int r = source_segments(f->s->dir, &v, &n, e);

	*next = 0;
	for (size_t i = 0; r == 0 && i < n && !*next; i++)
		if (v[i] > f->segment)
			*next = v[i];
	return r;
}

/* Everything there is now.  Looked for first, read after: so a rotation loses nothing. */
static int catch_up(struct follower *f, struct err *e)
{
	unsigned next;
	int r;

	do {
		r = next_segment(f, &next, e);
		if (r == 0 && f->fd >= 0)
			r = read_segment(f, e);
		if (r == 0 && next)
			r = open_segment(f, next, e);
	} while (r == 0 && next);
	fflush(stdout);
	return r;
}

/* Where the source stopped reading. */
static int start(struct follower *f, struct err *e)
{
	const struct source *s = f->s;
	uint64_t number = s->line.number;
	int r;

	f->buf = xcalloc(1, RECORD_LINE_MAX);
	if (s->n == 0)
		return 0;
	r = open_segment(f, s->segments[s->n - 1], e);
	f->offset = s->last_size < 0 ? 0 : s->last_size;
	f->s->line.number = number;
	return r;
}

/* true: the directory itself went away. */
static bool drain_events(int fd)
{
	char space[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool gone = false;
	ssize_t n = read(fd, space, sizeof(space));

	for (char *p = space; n > 0 && p < space + n;) {
		const struct inotify_event *ev = (const struct inotify_event *)p;

		gone |= (ev->mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED)) != 0;
		p += sizeof(*ev) + ev->len;
	}
	return gone;
}

static int watch(const struct source *s, struct err *e)
{
	OWN_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->dir);
	if (fd < 0 || inotify_add_watch(fd, path,
					IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF |
						IN_DELETE_SELF | IN_ONLYDIR) < 0)
		return err_set(e, errno, "watch the audit log");
	return take_fd(&fd);
}

int follow_source(struct source *s, void (*take)(void *to, const struct line *l), void *to,
		  struct err *e)
{
	OWN(follower_finish) struct follower f = {.s = s, .fd = -1, .take = take, .to = to};
	OWN_FD int fd = -1;
	bool gone = false;
	int r;

	if (s->dir < 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "standard input cannot be followed; give a pod");
	fd = watch(s, e);
	if (fd < 0)
		return fd;
	r = start(&f, e);
	while (r == 0) {
		/* POLLERR on the output: its reader is gone, also while nothing happens. */
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};

		r = catch_up(&f, e);
		if (r < 0 || gone)
			break;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "wait for events");
		if (fds[1].revents & (POLLERR | POLLHUP))
			break;
		if (fds[0].revents)
			gone = drain_events(fd);
	}
	return r;
}
