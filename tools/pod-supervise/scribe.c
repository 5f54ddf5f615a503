/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/scribe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/clock.h"
#include "libcommon/lockdown.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-supervise/runlog.h"

#define NOBODY   65534
#define PAUSE_MS 100 /* while too much was said */

struct desk {
	struct scribe *s;
	struct runlog log;
	struct buf line[NEED_SERVICES_MAX];
	int64_t filled; /* ms: when the allowance last grew */
	int64_t allowed;
};

/* What steers a terminal is written as \xNN. */
static void put_line(struct desk *d, int i)
{
	OWN_BUF struct buf out = BUF_INIT;

	buf_fmt(&out, "%s: ", d->s->name[i]);
	buf_esc(&out, d->line[i].len ? d->line[i].data : "");
	buf_char(&out, '\n');
	runlog_write(&d->log, out.data, out.len);
	buf_clear(&d->line[i]);
}

static void take_bytes(struct desk *d, int i, const char *data, size_t len)
{
	for (size_t at = 0; at < len; at++) {
		if (data[at] == '\n' || d->line[i].len >= SCRIBE_LINE)
			put_line(d, i);
		if (data[at] != '\n')
			buf_char(&d->line[i], data[at] ? data[at] : '?');
	}
}

static void take(struct desk *d, int i)
{
	char data[16384];
	ssize_t n = read(d->s->from[i], data, sizeof(data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		d->allowed -= n;
		take_bytes(d, i, data, (size_t)n);
		return;
	}
	if (d->line[i].len)
		put_line(d, i);
	own_close(&d->s->from[i]);
	d->s->from[i] = -1;
}

static void allow(struct desk *d)
{
	int64_t now = clock_ms();

	d->allowed += (now - d->filled) * SCRIBE_RATE / 1000;
	if (d->allowed > SCRIBE_BURST)
		d->allowed = SCRIBE_BURST;
	d->filled = now;
}

static bool any_open(const struct scribe *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->from[i] >= 0)
			return true;
	return false;
}

static void turn(struct desk *d)
{
	struct pollfd fds[NEED_SERVICES_MAX];

	allow(d);
	if (d->allowed <= 0) {
		poll(NULL, 0, PAUSE_MS);
		return;
	}
	for (int i = 0; i < d->s->n; i++)
		fds[i] = (struct pollfd){.fd = d->s->from[i], .events = POLLIN};
	if (poll(fds, (nfds_t)d->s->n, -1) <= 0)
		return;
	for (int i = 0; i < d->s->n; i++)
		if (fds[i].fd >= 0 && fds[i].revents)
			take(d, i);
}

int scribe_run(struct scribe *s, struct err *e)
{
	const struct lockdown rights = {.promises = PROMISE_FILE, .uid = NOBODY, .gid = NOBODY};
	struct desk d = {.s = s, .log = RUNLOG_INIT, .filled = clock_ms(), .allowed = SCRIBE_BURST};
	int r = runlog_open(&d.log, s->logdir, "desktop.log", "desktop.log.old", e);

	d.log.max = SCRIBE_LOG_MAX;
	if (r == 0)
		r = lockdown(&rights, e);
	while (r == 0 && any_open(s))
		turn(&d);
	for (int i = 0; i < s->n; i++)
		buf_finish(&d.line[i]);
	runlog_finish(&d.log);
	return r;
}
