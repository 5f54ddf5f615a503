/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines are taken in batches of whatever one read brought: a producer that writes one event and
 * waits sees it recorded at once, one that writes many pays for the lock and the write once.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-audit/event.h"
#include "tools/pod-audit/pod-audit.h"

struct intake {
	const char *pod;
	int dir;
	bool sync;
	uint64_t line; /* of the input */
	struct buf in, out;
};

static void intake_finish(struct intake *t)
{
	own_close(&t->dir);
	buf_finish(&t->in);
	buf_finish(&t->out);
}

static bool is_blank(const char *line, size_t len)
{
	while (len > 0 && strchr(" \t\r", line[len - 1]))
		len--;
	return len == 0;
}

/* Check the whole lines at the front of t->in (all of it at the end of input) and drop them. */
static int take_lines(struct intake *t, bool last, struct err *e)
{
	const char *p = t->in.len ? t->in.data : "", *end = p + t->in.len;
	int r = 0;

	while (p < end && r == 0) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		if (!nl && !last && len < RECORD_LINE_MAX)
			break;
		t->line++;
		if (!is_blank(p, len))
			r = event_take(&t->out, t->pod, p, len, e);
		if (r < 0)
			err_wrap(e, "line %" PRIu64, t->line);
		p += len + (nl ? 1 : 0);
	}
	if (t->in.len) {
		t->in.len = (size_t)(end - p);
		memmove(t->in.data, p, t->in.len);
	}
	return r;
}

/* What stands before a bad line is recorded all the same: those events happened. */
static int record(struct intake *t, int r, struct err *e)
{
	struct err write_e = {0};

	if (t->out.len &&
	    record_append_lines_at(t->dir, t->out.data, t->out.len, t->sync, &write_e) < 0) {
		*e = write_e;
		r = -e->code;
	}
	buf_clear(&t->out);
	return r;
}

static int take_all(struct intake *t, struct err *e)
{
	static char chunk[256 * 1024];
	int r = 0;

	while (r == 0) {
		ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, errno, "read standard input");
		buf_add(&t->in, chunk, (size_t)n);
		r = record(t, take_lines(t, n == 0, e), e);
		if (n == 0)
			break;
	}
	return r;
}

int cmd_append(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN(intake_finish) struct intake t = {.dir = -1};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 's', "sync", &t.sync, NULL, "wait until the events are on disk"},
		{0},
	};
	const struct opt_usage usage = {"pod-audit append [--sync] POD",
					"Record events, one JSON object a line on standard input.",
					1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (sodium_init() < 0)
		die(POD_EXIT_FAILED, "start libsodium: it refuses");
	if (pod_open(&p, argv[0], &e) < 0)
		return say_err(&e);
	t.pod = p.name;
	t.dir = record_open(p.name, &e);
	if (t.dir < 0 || take_all(&t, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
