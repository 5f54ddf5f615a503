/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root, because the log is root's, but without any capability and with a filter that lets it do
 * nothing but append there.  Lines are checked before they are taken: a daemon that was taken over
 * can say false things about itself, but neither speak for another nor break the log.
 */
#include "tools/pod-supervise/writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/line.h"

#define SYNC_MS 100 /* lines are on disk by then */

struct intake {
	struct buf in;
	uint64_t refused; /* lines since it was last said */
	bool skipping;    /* the rest of a line that was too long */
};

static void take_line(struct writer *w, int i, struct intake *t, const char *line, size_t len,
		      struct buf *out)
{
	if (!t->skipping && line_is_event(line, len, w->pod, w->src[i])) {
		buf_add(out, line, len);
		buf_char(out, '\n');
		w->freezes = w->freezes || line_freezes(line, len);
	} else
		t->refused++;
	t->skipping = false;
}

/* Whole lines go to out; what is left of the last one stays, unless it is too long already. */
static void take_lines(struct writer *w, int i, struct intake *t, struct buf *out)
{
	const char *p = t->in.data, *end = p + t->in.len, *nl;
	size_t left;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		take_line(w, i, t, p, (size_t)(nl - p), out);
		p = nl + 1;
	}
	left = (size_t)(end - p);
	if (left > LINE_MAX_BYTES) {
		t->skipping = true;
		left = 0;
	}
	memmove(t->in.data, p, left);
	t->in.len = left;
}

/* False at the end of the pipe. */
static bool read_pipe(struct writer *w, int i, struct intake *t, struct buf *out)
{
	char data[65536];
	ssize_t n = read(w->pipe[i], data, sizeof(data));

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	buf_add(&t->in, data, (size_t)n);
	take_lines(w, i, t, out);
	return true;
}

static void tell_refused(struct writer *w, int i, struct intake *t, struct buf *out)
{
	OWN_EVENT struct event ev = {0};

	if (!t->refused)
		return;
	event_init(&ev, w->pod, "supervise", "events_refused");
	event_str(&ev, "of", w->src[i]);
	event_num(&ev, "count", (int64_t)t->refused);
	buf_add(out, ev.json.data, ev.json.len);
	buf_str(out, "}\n");
	t->refused = 0;
}

static int append(const struct writer *w, const struct buf *lines, struct err *e)
{
	int r;

	if (w->audit >= 0)
		return record_append_lines_at(w->audit, lines->data, lines->len, false, e);
	r = write_full(w->other, lines->data, lines->len);
	return r < 0 ? err_set(e, -r, "hand events to pod-audit") : 0;
}

static void sync_log(const struct writer *w)
{
	if (w->audit >= 0)
		record_sync_at(w->audit);
}

/* One round: whatever is there.  *open: pipes that have not ended. */
static int take_round(struct writer *w, struct pollfd *fds, struct intake *t, int *open,
		      bool *dirty, struct err *e)
{
	OWN_BUF struct buf out = BUF_INIT;
	int r = 0;

	for (int i = 0; i < w->n; i++) {
		if (fds[i].fd < 0 || !fds[i].revents || read_pipe(w, i, &t[i], &out))
			continue;
		fds[i].fd = -1;
		--*open;
	}
	for (int i = 0; i < w->n; i++)
		tell_refused(w, i, &t[i], &out);
	if (out.len) {
		r = append(w, &out, e);
		*dirty = true;
	}
	/* On record before anybody freezes; where the pipe is full, it is known already. */
	if (w->freezes && write(w->alarm, "f", 1) < 0 && errno != EAGAIN)
		say_error("ask for the pod to be frozen: %s", strerror(errno));
	w->freezes = false;
	return r;
}

static int loop(struct writer *w, struct pollfd *fds, struct intake *t, struct err *e)
{
	int open = w->n, r = 0;
	int64_t due = 0;
	bool dirty = false;

	while (open > 0 && r == 0) {
		int64_t left = dirty ? due - clock_ms() : -1;
		bool was_dirty = dirty;

		if (dirty && left <= 0) {
			sync_log(w);
			dirty = false;
			continue;
		}
		if (poll(fds, (nfds_t)w->n, (int)left) > 0)
			r = take_round(w, fds, t, &open, &dirty, e);
		if (dirty && !was_dirty)
			due = clock_ms() + SYNC_MS;
	}
	sync_log(w);
	return r;
}

int writer_run(struct writer *w, struct err *e)
{
	const struct lockdown l = {.promises = PROMISE_FILE | PROMISE_RECORD};
	struct pollfd fds[WRITER_PIPES];
	struct intake t[WRITER_PIPES] = {0};
	int r = lockdown(&l, e);

	for (int i = 0; i < w->n; i++)
		fds[i] = (struct pollfd){.fd = w->pipe[i], .events = POLLIN};
	if (r == 0)
		r = loop(w, fds, t, e);
	for (int i = 0; i < w->n; i++)
		buf_finish(&t[i].in);
	return r;
}
