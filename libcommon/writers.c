/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/writers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"

#define LINE_BYTES 32768
#define WORDS      9
#define SLACK_NS                                                                         \
	1000000000u /* a file's time is that of its last write, ours when we heard of it \
		     */

void writers_line(struct buf *b, const struct written *w)
{
	OWN_BUF struct buf line = BUF_INIT;

	buf_fmt(&line, "%c %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
		w->closed ? 'c' : 'w', w->time_ns, w->file.mtime_ns, w->file.size, w->file.ino,
		w->pid);
	words_add(&line, w->run);
	words_add(&line, w->command);
	words_add(&line, w->file.path);
	buf_add(b, line.data, line.len);
	buf_char(b, '\n');
}

static bool parse_line(struct written *w, const char *line)
{
	OWN_STRV struct strv words = {0};
	uint64_t *const numbers[] = {&w->time_ns, &w->file.mtime_ns, &w->file.size, &w->file.ino,
				     &w->pid};

	if (words_split(&words, line) < 0 || words.n != WORDS)
		return false;
	for (size_t i = 0; i < 5; i++)
		if (unit_u64(words.v[i + 1], UINT64_MAX, numbers[i]) < 0)
			return false;
	w->closed = strcmp(words.v[0], "c") == 0;
	for (size_t i = 0; i < 3; i++)
		w->words[i] = take_ptr(words.v[i + 6]);
	words.n = 6; /* what is left is freed */
	w->run = w->words[0];
	w->command = w->words[1];
	w->file.path = w->words[2];
	return true;
}

/* Each orders what is looked for; the later line of the file, the newer one, comes first then. */
static int by_path(const struct written_file *a, const struct written_file *b)
{
	return strcmp(a->path, b->path);
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_ino(const struct written_file *a, const struct written_file *b)
{
	return compare(a->ino, b->ino);
}

static int by_time(const struct written_file *a, const struct written_file *b)
{
	int r = compare(a->mtime_ns, b->mtime_ns);

	return r ? r : compare(a->size, b->size);
}

typedef int (*order)(const struct written_file *a, const struct written_file *b);

static int sort_with(const void *x, const void *y, void *how)
{
	const struct written *a = *(const struct written *const *)x;
	const struct written *b = *(const struct written *const *)y;
	int r = (*(order *)how)(&a->file, &b->file);

	return r ? r : a < b ? 1 : -1;
}

static const struct written **sorted(const struct writers *all, order how)
{
	const struct written **list = xcalloc(all->n + 1, sizeof(*list));

	for (size_t i = 0; i < all->n; i++)
		list[i] = &all->v[i];
	qsort_r(list, all->n, sizeof(*list), sort_with, &how);
	return list;
}

static void parse_lines(struct writers *all, const char *data, size_t len)
{
	const char *end = data + len, *nl;
	size_t cap = 0;

	for (; data < end && (nl = memchr(data, '\n', (size_t)(end - data))); data = nl + 1) {
		OWN_FREE char *line = NULL;

		if (nl - data > LINE_BYTES || memchr(data, '\0', (size_t)(nl - data)))
			continue;
		if (all->n == cap) {
			cap = cap ? 2 * cap : 64;
			all->v = xrealloc(all->v, cap * sizeof(all->v[0]));
		}
		line = xfmt("%.*s", (int)(nl - data), data);
		all->v[all->n] = (struct written){0};
		all->n += parse_line(&all->v[all->n], line);
	}
}

void writers_parse(struct writers *all, const char *data, size_t len)
{
	parse_lines(all, data, len);
	all->by_path = sorted(all, by_path);
	all->by_ino = sorted(all, by_ino);
	all->by_time = sorted(all, by_time);
}

void writers_finish(struct writers *all)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < 3; k++)
			free(all->v[i].words[k]);
	free(all->v);
	free(all->by_path);
	free(all->by_ino);
	free(all->by_time);
	*all = (struct writers){0};
}

/* Those of a sorted list that are equal to what is looked for. */
struct found {
	const struct written **v;
	size_t n;
};

static struct found find_equal(const struct written **list, size_t n, order how,
			       const struct written_file *now)
{
	size_t from = 0, to = n, end;

	while (from < to) {
		size_t at = from + (to - from) / 2;

		if (how(&list[at]->file, now) < 0)
			from = at + 1;
		else
			to = at;
	}
	for (end = from; end < n && how(&list[end]->file, now) == 0; end++)
		;
	return (struct found){list + from, end - from};
}

/* Who only closed what another one had written is not who wrote it. */
static const struct written *who_wrote(const struct found *f, size_t i)
{
	const struct written *closer = f->v[i];

	for (; i < f->n; i++)
		if (!f->v[i]->closed && f->v[i]->file.ino == closer->file.ino &&
		    f->v[i]->file.mtime_ns == closer->file.mtime_ns)
			return f->v[i];
	return closer;
}

/* The newest, as long as the file was not changed after it. */
static const struct written *of_ino(const struct writers *all, const struct written_file *now)
{
	struct found f = find_equal(all->by_ino, all->n, by_ino, now);

	if (f.n == 0 ||
	    (f.v[0]->file.mtime_ns != now->mtime_ns && now->mtime_ns > f.v[0]->time_ns + SLACK_NS))
		return NULL;
	return who_wrote(&f, 0);
}

/* The newest that left the file with the very time that it has. */
static const struct written *of_path(const struct writers *all, const struct written_file *now)
{
	struct found f = find_equal(all->by_path, all->n, by_path, now);

	for (size_t i = 0; i < f.n; i++)
		if (f.v[i]->file.mtime_ns == now->mtime_ns)
			return who_wrote(&f, i);
	return NULL;
}

static const struct written *of_time(const struct writers *all, const struct written_file *now)
{
	struct found f = find_equal(all->by_time, all->n, by_time, now);

	for (size_t i = 1; i < f.n; i++)
		if (f.v[i]->file.ino != f.v[0]->file.ino)
			return NULL;
	return f.n ? who_wrote(&f, 0) : NULL;
}

const struct written *writers_find(const struct writers *all, const struct written_file *now)
{
	const struct written *w = of_ino(all, now);

	if (!w || w->file.mtime_ns != now->mtime_ns) {
		const struct written *p = of_path(all, now);

		w = p ? p : w ? w : of_time(all, now);
	}
	return w;
}
