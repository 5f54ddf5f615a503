/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/usage.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

/* v1 says "no limit" as the largest number of whole pages, and as -1. */
#define V1_NO_MAX (INT64_MAX / 4096 * 4096)
#define FILE_MAX  (4u << 20)

/* "N", "max" or "-1". */
static uint64_t number(const char *s)
{
	char *end;
	uint64_t n;

	if (strncmp(s, "max", 3) == 0 || strncmp(s, "-1", 2) == 0)
		return USAGE_NO_MAX;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (end == s || errno)
		return USAGE_UNKNOWN;
	return n >= V1_NO_MAX ? USAGE_NO_MAX : n;
}

static uint64_t first(const char *text, const char *key)
{
	(void)key;
	return number(text);
}

static uint64_t second(const char *text, const char *key)
{
	const char *blank = strchr(text, ' ');

	(void)key;
	return blank ? number(blank + 1) : USAGE_UNKNOWN;
}

static uint64_t lines(const char *text, const char *key)
{
	uint64_t n = 0;

	(void)key;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* "KEY N" on a line of its own. */
static uint64_t keyed(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, key, n) == 0 && p[n] == ' ')
			return number(p + n + 1);
	return USAGE_UNKNOWN;
}

/* Of all devices together: "8:0 rbytes=N wbytes=N …" of v2, "8:0 Read N" of v1.  A file without a
 * line is a group that has read and written nothing. */
static uint64_t summed(const char *text, const char *key)
{
	size_t n = strlen(key);
	uint64_t sum = 0;

	for (const char *p = text; (p = strstr(p, key)); p += n)
		if (p > text && p[-1] == ' ')
			sum += strtoull(p + n, NULL, 10);
	return sum;
}

#define V2 CTL_COUNT

/* The first row of a member that knows it is believed; `more` adds to what the row before found. */
static const struct row {
	size_t to;
	const char *file;
	enum controller ctl; /* V2, or of which v1 hierarchy */
	uint64_t (*read)(const char *text, const char *key);
	const char *key;
	bool more;
} rows[] = {
	{offsetof(struct usage, cpu_usec), "cpu.stat", V2, keyed, "usage_usec", false},
	{offsetof(struct usage, cpu_quota), "cpu.max", V2, first, NULL, false},
	{offsetof(struct usage, cpu_quota), "cpu.cfs_quota_us", CTL_CPU, first, NULL, false},
	{offsetof(struct usage, cpu_period), "cpu.max", V2, second, NULL, false},
	{offsetof(struct usage, cpu_period), "cpu.cfs_period_us", CTL_CPU, first, NULL, false},
	{offsetof(struct usage, memory), "memory.current", V2, first, NULL, false},
	{offsetof(struct usage, memory), "memory.usage_in_bytes", CTL_MEMORY, first, NULL, false},
	{offsetof(struct usage, memory_max), "memory.max", V2, first, NULL, false},
	{offsetof(struct usage, memory_max), "memory.limit_in_bytes", CTL_MEMORY, first, NULL,
	 false},
	{offsetof(struct usage, memory_peak), "memory.peak", V2, first, NULL, false},
	{offsetof(struct usage, memory_peak), "memory.max_usage_in_bytes", CTL_MEMORY, first, NULL,
	 false},
	{offsetof(struct usage, pids), "pids.current", V2, first, NULL, false},
	{offsetof(struct usage, pids), "pids.current", CTL_PIDS, first, NULL, false},
	/* Threads are listed without any controller. */
	{offsetof(struct usage, pids), "app/cgroup.threads", V2, lines, NULL, false},
	{offsetof(struct usage, pids), "guardian/cgroup.threads", V2, lines, NULL, true},
	{offsetof(struct usage, pids_max), "pids.max", V2, first, NULL, false},
	{offsetof(struct usage, pids_max), "pids.max", CTL_PIDS, first, NULL, false},
	{offsetof(struct usage, oom_kills), "memory.events", V2, keyed, "oom_kill", false},
	{offsetof(struct usage, oom_kills), "memory.oom_control", CTL_MEMORY, keyed, "oom_kill",
	 false},
	{offsetof(struct usage, io_read), "io.stat", V2, summed, "rbytes=", false},
	{offsetof(struct usage, io_read), "blkio.throttle.io_service_bytes_recursive", CTL_IO,
	 summed, "Read ", false},
	{offsetof(struct usage, io_written), "io.stat", V2, summed, "wbytes=", false},
	{offsetof(struct usage, io_written), "blkio.throttle.io_service_bytes_recursive", CTL_IO,
	 summed, "Write ", false},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Behind those of the table. */
enum { POPULATED = ROWS, FROZEN, PROCS, ALL = PROCS + CTL_COUNT };
_Static_assert((int)ALL <= USAGE_FILES, "more files than usage.h has room for");

static int open_file(int dir, const char *file)
{
	return dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

void usage_open(struct usage_files *f, const struct cgtree *t)
{
	for (size_t i = 0; i < USAGE_FILES; i++)
		f->fd[i] = -1;
	for (size_t i = 0; i < ROWS; i++)
		f->fd[i] =
			open_file(rows[i].ctl == V2 ? t->pod2 : t->pod1[rows[i].ctl], rows[i].file);
	f->fd[POPULATED] = open_file(t->pod2, "cgroup.events");
	f->fd[FROZEN] = open_file(t->pod2, "app/cgroup.events");
	for (int c = 0; c < CTL_COUNT; c++)
		f->fd[PROCS + c] = open_file(t->pod1[c], "cgroup.procs");
}

void usage_finish(struct usage_files *f)
{
	for (size_t i = 0; i < USAGE_FILES; i++) {
		own_close(&f->fd[i]);
		f->fd[i] = -1;
	}
}

/* The whole of it, each time anew; NULL when it is not there or its group is gone. */
static const char *read_text(int fd, struct buf *b)
{
	char data[4096];
	ssize_t n;

	buf_clear(b);
	if (fd < 0)
		return NULL;
	while ((n = pread(fd, data, sizeof(data), (off_t)b->len)) > 0 && b->len < FILE_MAX)
		buf_add(b, data, (size_t)n);
	if (n < 0)
		return NULL;
	return b->len ? b->data : "";
}

/* Did this row know?  took: the one before did. */
static bool read_row(const struct row *r, int fd, struct usage *u, bool took, struct buf *b)
{
	uint64_t *to = (uint64_t *)((char *)u + r->to);
	const char *text;

	if (r->more ? !took : *to != USAGE_UNKNOWN)
		return false;
	text = read_text(fd, b);
	if (text)
		*to = (r->more ? *to : 0) + r->read(text, r->key);
	return text != NULL;
}

/* What is in a v1 group is in the v2 group, too. */
static bool is_populated(const struct usage_files *f, struct buf *b)
{
	const char *text = read_text(f->fd[POPULATED], b);

	if (f->fd[POPULATED] >= 0)
		return text && keyed(text, "populated") == 1;
	for (int c = 0; c < CTL_COUNT; c++)
		if ((text = read_text(f->fd[PROCS + c], b)) && *text)
			return true;
	return false;
}

void usage_read(const struct usage_files *f, struct usage *u)
{
	OWN_BUF struct buf b = BUF_INIT;
	const char *text;
	bool took = false;

	for (size_t i = 0; i < ROWS; i++)
		*(uint64_t *)((char *)u + rows[i].to) = USAGE_UNKNOWN;
	for (size_t i = 0; i < ROWS; i++)
		took = read_row(&rows[i], f->fd[i], u, took, &b);
	u->populated = is_populated(f, &b);
	text = read_text(f->fd[FROZEN], &b);
	u->frozen = text && keyed(text, "frozen") == 1;
}
