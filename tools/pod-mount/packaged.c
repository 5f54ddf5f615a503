/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/packaged.h"

#include <dirent.h>
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

#define SECOND   1000000000ull
#define STAMP    160
#define LIST_MAX (16u << 20)

/*
 * What the answer was made from.  dpkg never writes into a list, it renames a new one over it, so
 * the directory tells of every package that comes, goes or changes.  Returns the time of its last
 * change, 0 when there are no lists.
 */
static uint64_t take_stamp(int lists, char stamp[STAMP])
{
	struct stat st;

	if (fstat(lists, &st) < 0)
		return 0;
	snprintf(stamp, STAMP, "%s %llu %llu %llu %llu", ENVPOD_VERSION,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		 (unsigned long long)clock_ns(&st.st_mtim),
		 (unsigned long long)clock_ns(&st.st_ctim));
	return clock_ns(&st.st_ctim);
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

static DIR *list_again(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopendir(fd);
}

/* What of all lists is wanted, one a line.  A list that cannot be read speaks for nothing. */
static void read_lists(const struct packaged *k, struct buf *out)
{
	OWN_DIR DIR *d = list_again(k->lists);
	OWN_BUF struct buf b = BUF_INIT;
	struct sieve s = {k, out};
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		const char *dot = strrchr(ent->d_name, '.');

		if (!dot || strcmp(dot, ".list") != 0)
			continue;
		buf_clear(&b);
		if (read_file_at(dirfd(d), ent->d_name, &b, LIST_MAX) >= 0 && b.len)
			each_line(b.data, keep_wanted, &s);
	}
}

/* Only what was read from lists at rest. */
static void keep(const struct packaged *k, const char *stamp, uint64_t changed,
		 const struct buf *lines)
{
	char now_stamp[STAMP] = "";
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (take_stamp(k->lists, now_stamp) == changed && strcmp(stamp, now_stamp) == 0 &&
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

void packaged_ask(const struct packaged *k, const struct strv *paths, bool *yes)
{
	OWN_BUF struct buf lines = BUF_INIT;
	struct answer a = {paths->v, paths->n, yes};
	char stamp[STAMP] = "";
	uint64_t changed = k->lists < 0 ? 0 : take_stamp(k->lists, stamp);

	if (changed == 0)
		return;
	if (!cache_get(k->cache, "packaged", stamp, &lines)) {
		read_lists(k, &lines);
		keep(k, stamp, changed, &lines);
	}
	if (lines.len)
		each_line(lines.data, cross_off, &a);
}
