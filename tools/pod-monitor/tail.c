/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"

/* The newest number, 0: none. */
static uint64_t newest(int audit)
{
	int copy = openat(audit, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const char *name;
	uint64_t max = 0;

	while (d && dir_next(d, &name) > 0) {
		uint64_t n = record_segment_number(name);

		max = n > max ? n : max;
	}
	return max;
}

static int open_segment(int audit, uint64_t number)
{
	char name[40];

	snprintf(name, sizeof(name), "%06u.jsonl", (unsigned)number);
	return openat(audit, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

int tail_open(struct tail *t, int audit, uint64_t at, uint64_t offset, struct err *e)
{
	uint64_t last = newest(audit), from = at ? at : last;
	struct stat st;

	*t = (struct tail){.at = at, .offset = offset};
	if (from + TAIL_SEGMENTS <= last)
		from = last - TAIL_SEGMENTS + 1;
	for (; from && from <= last; from++) {
		int fd = open_segment(audit, from);

		if (fd < 0)
			return err_set(e, errno, "open segment %llu of the audit log",
				       (unsigned long long)from);
		t->segment[t->n] = from;
		t->fd[t->n++] = fd;
	}
	if (at || !t->n)
		return 0;
	if (fstat(t->fd[t->n - 1], &st) < 0)
		return err_set(e, errno, "look at the audit log");
	t->at = last;
	t->offset = (uint64_t)st.st_size;
	return 0;
}

void tail_finish(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++)
		own_close(&t->fd[i]);
	t->n = 0;
}

bool tail_is_old(const struct tail *t, int audit)
{
	return newest(audit) != (t->n ? t->segment[t->n - 1] : 0);
}

struct reading {
	char *data;
	size_t left; /* bytes that may still be read */
	void (*take)(void *arg, const char *line, size_t len);
	void *arg;
};

/* The whole lines among n bytes: how many bytes they were. */
static size_t take_lines(const struct reading *r, size_t n)
{
	const char *p = r->data, *end = r->data + n, *nl;

	while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
		r->take(r->arg, p, (size_t)(nl - p));
		p = nl + 1;
	}
	if (p == r->data && n == RECORD_LINE_MAX)
		p += n; /* no line is that long: pass over it */
	return (size_t)(p - r->data);
}

static void read_segment(struct tail *t, int fd, struct reading *r)
{
	while (r->left) {
		ssize_t n = pread(fd, r->data, RECORD_LINE_MAX, (off_t)t->offset);
		size_t taken = n > 0 ? take_lines(r, (size_t)n) : 0;

		if (!taken)
			return;
		t->offset += taken;
		r->left -= taken < r->left ? taken : r->left;
	}
}

/* A newer segment was begun when the one before had got its last line. */
bool tail_read(struct tail *t, void (*take)(void *arg, const char *line, size_t len), void *arg)
{
	OWN_FREE char *data = xcalloc(1, RECORD_LINE_MAX);
	struct reading r = {data, TAIL_BYTES, take, arg};

	for (size_t i = 0; i < t->n; i++) {
		if (t->segment[i] < t->at)
			continue;
		if (t->segment[i] > t->at)
			t->offset = 0;
		t->at = t->segment[i];
		read_segment(t, t->fd[i], &r);
		if (!r.left)
			return true;
	}
	return false;
}
