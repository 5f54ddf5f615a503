/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/source.h"

#include <fcntl.h>
#include <sodium/utils.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"

#define BUFFER (1024 * 1024)

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

int source_segments(int dir, unsigned **v, size_t *n, struct err *e)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *ent;
	size_t cap = 0;

	if (!d)
		return err_set(e, errno, "list the segments of the audit log");
	*v = NULL;
	*n = 0;
	while ((ent = readdir(d))) {
		unsigned number = record_segment_number(ent->d_name);

		if (number == 0)
			continue;
		if (*n == cap) {
			cap = cap ? cap * 2 : 16;
			*v = xrealloc(*v, cap * sizeof(**v));
		}
		(*v)[(*n)++] = number;
	}
	if (*n)
		qsort(*v, *n, sizeof(**v), by_number);
	return 0;
}

static int segment_open(int dir, unsigned number, struct err *e)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%06u.jsonl", number);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open audit segment %s", name) : fd;
}

static int64_t segment_size(int dir, unsigned number)
{
	struct err e = {0};
	OWN_FD int fd = segment_open(dir, number, &e);
	struct stat st;

	return fd < 0 || fstat(fd, &st) < 0 ? -1 : st.st_size;
}

static int take_seal(struct source *s, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(s->dir, "seal", &b, LOGSEAL_TEXT);

	if (r < 0 && r != -ENOENT && r != -EFBIG)
		return err_set(e, -r, "read the seal of the audit log");
	if (r != -ENOENT)
		s->has_seal = r < 0 || logseal_parse(&s->seal, b.data, b.len) < 0 ? -EINVAL : 1;
	if (b.data)
		sodium_memzero(b.data, b.cap);
	return 0;
}

/* The log's end, seen while no writer is at work.  An archive may be read-only and without a lock.
 */
static int take_extent(struct source *s, struct err *e)
{
	OWN_FD int lock = openat(s->dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (lock >= 0 && flock(lock, LOCK_SH) < 0)
		return err_set(e, errno, "lock the audit log");
	r = source_segments(s->dir, &s->segments, &s->n, e);
	if (r == 0 && s->n)
		s->last_size = segment_size(s->dir, s->segments[s->n - 1]);
	return r < 0 ? r : take_seal(s, e);
}

static int open_dir(const char *path, struct err *e)
{
	OWN_FREE char *inner = xfmt("%s/audit", path);
	int fd = open(inner, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open audit log %s", esc(path)) : fd;
}

/* Of "web-20260102T030405Z" or "…Z.1" the name before the last '-'. */
static void pod_of_archive(struct source *s, const char *name)
{
	const char *dash = strrchr(name, '-');

	if (dash && (size_t)(dash - name) < sizeof(s->pod))
		snprintf(s->pod, sizeof(s->pod), "%.*s", (int)(dash - name), name);
}

static int open_archive(struct source *s, const char *name, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/archive/%s", pod_state_dir(), name);

	if (strchr(name, '/') || name[0] == '.' || name[0] == '\0')
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "'%s' is not the name of a directory in %s/archive", esc(name),
				  pod_state_dir());
	pod_of_archive(s, name);
	s->dir = open_dir(path, e);
	return s->dir < 0 ? s->dir : 0;
}

static int open_pod(struct source *s, const char *name, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	int r = pod_open(&p, name, e);

	if (r < 0)
		return r;
	snprintf(s->pod, sizeof(s->pod), "%s", name);
	s->dir = record_open(name, e);
	return s->dir < 0 ? s->dir : 0;
}

int source_open(struct source *s, const char *arg, bool archive, struct err *e)
{
	int r;

	s->buf = xcalloc(1, BUFFER + 1);
	if (!archive && strcmp(arg, "-") == 0) {
		s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		s->left = -1;
		snprintf(s->line.segment, sizeof(s->line.segment), "-");
		return s->fd < 0 ? err_set(e, errno, "read standard input") : 0;
	}
	s->at_home = archive || !strchr(arg, '/');
	if (archive)
		r = open_archive(s, arg, e);
	else if (strchr(arg, '/'))
		r = (s->dir = open_dir(arg, e)) < 0 ? s->dir : 0;
	else
		r = open_pod(s, arg, e);
	return r < 0 ? r : take_extent(s, e);
}

int source_part(const struct source *s, size_t place, struct source *part, struct err *e)
{
	part->buf = xcalloc(1, BUFFER + 1);
	part->segments = xcalloc(1, sizeof(*part->segments));
	part->segments[0] = s->segments[place];
	part->n = 1;
	part->last_size = place + 1 == s->n ? s->last_size : -1;
	part->dir = fcntl(s->dir, F_DUPFD_CLOEXEC, 3);
	return part->dir < 0 ? err_set(e, errno, "open the audit log again") : 0;
}

/* The line that ends at `end` of a file: 1, 0 when nothing is before it, -EINVAL. */
static int line_before(int fd, off_t end, struct record_tail *t)
{
	OWN_FREE char *window = xcalloc(1, RECORD_LINE_MAX + 1);
	off_t from = end > RECORD_LINE_MAX + 1 ? end - (RECORD_LINE_MAX + 1) : 0;
	ssize_t n = end < 0 ? -1 : pread(fd, window, (size_t)(end - from), from);
	const char *line;

	if (n == 0)
		return 0;
	if (n < 0 || n != end - from || window[n - 1] != '\n')
		return -EINVAL;
	line = memrchr(window, '\n', (size_t)n - 1);
	line = line ? line + 1 : window;
	return record_tail(line, (size_t)(window + n - 1 - line), t) < 0 ? -EINVAL : 1;
}

/* The last line of one segment. */
static int last_line(const struct source *s, size_t place, struct record_tail *t)
{
	struct err e = {0};
	OWN_FD int fd = segment_open(s->dir, s->segments[place], &e);

	return line_before(fd, fd < 0 ? -1 : lseek(fd, 0, SEEK_END), t);
}

int source_line_before(const struct source *s, unsigned segment, uint64_t offset,
		       struct record_tail *t)
{
	struct err e = {0};
	OWN_FD int fd = segment_open(s->dir, segment, &e);

	return fd < 0 || offset > INT64_MAX ? -EINVAL : line_before(fd, (off_t)offset, t);
}

int source_head(const struct source *s, size_t place, struct record_tail *t)
{
	int r = 0;

	while (r == 0 && place > 0)
		r = last_line(s, --place, t);
	return r;
}

void source_finish(struct source *s)
{
	own_close(&s->dir);
	own_close(&s->fd);
	free(s->segments);
	free(s->buf);
	logseal_finish(&s->seal);
	*s = (struct source)SOURCE_INIT;
}

/* Go on with the next segment: 1, or 0 after the last. */
static int advance(struct source *s, struct err *e)
{
	if (s->next == s->n)
		return 0;
	own_close(&s->fd);
	s->fd = segment_open(s->dir, s->segments[s->next], e);
	if (s->fd < 0)
		return s->fd;
	snprintf(s->line.segment, sizeof(s->line.segment), "%06u.jsonl", s->segments[s->next]);
	s->line.number = 0;
	s->next++;
	s->left = s->next == s->n ? s->last_size : -1;
	s->from = s->to = 0;
	s->ended = s->dropping = false;
	return 1;
}

void source_rewind(struct source *s)
{
	own_close(&s->fd);
	s->fd = -1;
	s->next = 0;
	s->from = s->to = 0;
	s->ended = s->dropping = false;
}

int source_seek(struct source *s, unsigned segment, uint64_t offset, struct err *e)
{
	int r;

	source_rewind(s);
	while (s->next < s->n && s->segments[s->next] < segment)
		s->next++;
	r = advance(s, e);
	if (r > 0 && s->segments[s->next - 1] == segment) {
		if (lseek(s->fd, (off_t)offset, SEEK_SET) < 0)
			return err_set(e, errno, "read audit segment %s", s->line.segment);
		if (s->left >= 0)
			s->left = s->left > (int64_t)offset ? s->left - (int64_t)offset : 0;
	}
	return r < 0 ? r : 0;
}

static int refill(struct source *s, struct err *e)
{
	size_t space;
	ssize_t n;

	memmove(s->buf, s->buf + s->from, s->to - s->from);
	s->to -= s->from;
	s->from = 0;
	space = BUFFER - s->to;
	if (s->left >= 0 && (int64_t)space > s->left)
		space = (size_t)s->left;
	do
		n = space ? read(s->fd, s->buf + s->to, space) : 0;
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "read audit segment %s", s->line.segment);
	s->ended = n == 0;
	s->to += (size_t)n;
	if (s->left >= 0)
		s->left -= n;
	return 0;
}

/* Hand out the bytes up to end; a newline behind them is passed over. */
static int hand_out(struct source *s, const char *end, bool torn)
{
	size_t len = (size_t)(end - (s->buf + s->from));

	s->line.text = s->buf + s->from;
	s->line.torn = torn;
	s->line.long_ = len >= RECORD_LINE_MAX;
	s->line.len = s->line.long_ ? RECORD_LINE_MAX - 1 : len;
	s->line.number++;
	s->from += len + (torn ? 0 : 1);
	return 1;
}

/* A line that fills the buffer: its head is handed out, the rest is read over by drop(). */
static int hand_out_head(struct source *s)
{
	hand_out(s, s->buf + s->to, true);
	s->line.torn = false;
	s->dropping = true;
	return 1;
}

static void drop(struct source *s)
{
	const char *start = s->buf + s->from;
	const char *nl = memchr(start, '\n', s->to - s->from);

	s->from = nl ? s->from + (size_t)(nl - start) + 1 : s->to;
	s->dropping = !nl && !s->ended;
}

int source_next(struct source *s, struct line **line, struct err *e)
{
	*line = &s->line;
	for (;;) {
		const char *start, *nl;
		bool next = s->fd < 0 || s->ended;
		int r;

		if (s->dropping)
			drop(s);
		start = s->buf + s->from;
		nl = memchr(start, '\n', s->to - s->from);
		if (nl)
			return hand_out(s, nl, false);
		if (s->ended && s->to > s->from)
			return hand_out(s, s->buf + s->to, true);
		if (s->to - s->from == BUFFER)
			return hand_out_head(s);
		r = next ? advance(s, e) : refill(s, e);
		if (r < 0 || (next && r == 0))
			return r;
	}
}
