/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/packaged.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/cache.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define SECOND   1000000000ull
#define STAMP    160
#define LIST_MAX (16u << 20)

/*
 * What the answer was made from.  dpkg never writes into a list, it renames a new one over it, so
 * the directory tells of every package that comes, goes or changes.  Sets *changed to the time of
 * its last change.
 */
static int take_stamp(int lists, char stamp[STAMP], uint64_t *changed)
{
	struct stat st;

	if (fstat(lists, &st) < 0)
		return -errno;
	snprintf(stamp, STAMP, "%s %llu %llu %llu %llu", ENVPOD_VERSION,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		 (unsigned long long)clock_ns(&st.st_mtim),
		 (unsigned long long)clock_ns(&st.st_ctim));
	*changed = clock_ns(&st.st_ctim);
	return 0;
}

/* Cuts the text up. */
static void each_line(char *text, void (*fn)(char *line, void *arg), void *arg)
{
	while (*text) {
		char *eol = strchrnul(text, '\n');
		bool last = !*eol;

		*eol = '\0';
		fn(text, arg);
		text = eol + !last;
	}
}

struct sieve {
	const struct packaged *k;
	struct buf *out;
};

static void keep_wanted(char *line, void *arg)
{
	const struct sieve *s = arg;

	/* Nine lines of ten lie there, where nothing is looked for. */
	if (strncmp(line, "/usr/", 5) == 0 && strncmp(line + 5, "local/", 6) != 0)
		return;
	if (!s->k->wanted(line))
		return;
	buf_str(s->out, line);
	buf_char(s->out, '\n');
}

/* A package that went meanwhile, what is no list, one larger than any: these say nothing. */
static bool is_silent(int r)
{
	return is_absent(r) || r == -EISDIR || r == -EFBIG;
}

static int read_list(int lists, const char *name, struct sieve *s)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(lists, name, &b, LIST_MAX);

	if (r < 0)
		return is_silent(r) ? 0 : r;
	if (b.len)
		each_line(b.data, keep_wanted, s);
	return 0;
}

static int read_all(DIR *d, struct sieve *s)
{
	const char *name, *dot;
	int more, r = 0;

	while (r == 0 && (more = dir_next(d, &name)) > 0)
		if ((dot = strrchr(name, '.')) && strcmp(dot, ".list") == 0)
			r = read_list(dirfd(d), name, s);
	return r < 0 ? r : more;
}

/* What of all lists is wanted, one a line. */
static int read_lists(const struct packaged *k, struct buf *out)
{
	OWN_FD int fd = openat(k->lists, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct sieve s = {k, out};

	if (!d)
		return -errno;
	take_fd(&fd);
	return read_all(d, &s);
}

/* Only what was read from lists at rest. */
static void keep(const struct packaged *k, const char *stamp, uint64_t changed,
		 const struct buf *lines)
{
	char now_stamp[STAMP] = "";
	struct timespec now;
	uint64_t then;

	clock_gettime(CLOCK_REALTIME, &now);
	if (take_stamp(k->lists, now_stamp, &then) == 0 && strcmp(stamp, now_stamp) == 0 &&
	    changed + k->settle_ns <= clock_ns(&now))
		cache_put(k->cache, "packaged", stamp, lines);
}

struct answer {
	char **v;
	size_t n;
	bool *yes;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void cross_off(char *line, void *arg)
{
	const struct answer *a = arg;
	char **hit = bsearch(&line, a->v, a->n, sizeof(*a->v), by_text);

	if (hit)
		a->yes[hit - a->v] = true;
}

static int find_lines(const struct packaged *k, struct buf *lines)
{
	char stamp[STAMP] = "";
	uint64_t changed = 0;
	int r = take_stamp(k->lists, stamp, &changed);

	if (r < 0 || cache_get(k->cache, "packaged", stamp, lines))
		return r;
	r = read_lists(k, lines);
	if (r == 0)
		keep(k, stamp, changed, lines);
	return r;
}

int packaged_ask(const struct packaged *k, const struct strv *paths, bool *yes)
{
	OWN_BUF struct buf lines = BUF_INIT;
	struct answer a = {paths->v, paths->n, yes};
	int r = k->lists < 0 ? 0 : find_lines(k, &lines);

	if (r == 0 && lines.len)
		each_line(lines.data, cross_off, &a);
	return r;
}
