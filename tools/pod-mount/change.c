/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/change.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK_SIZE 65536

struct chunk {
	struct chunk *next;
	size_t used, size;
	char data[];
};

struct change *changes_add(struct changes *list)
{
	struct change *c;

	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->v = xrealloc(list->v, list->cap * sizeof(list->v[0]));
	}
	c = &list->v[list->n++];
	*c = (struct change){.source = SOURCE_NONE};
	return c;
}

const char *changes_text(struct changes *list, const char *s, size_t len)
{
	struct chunk *at = list->arena;
	char *copy;

	if (!at || at->size - at->used < len + 1) {
		size_t size = len + 1 > CHUNK_SIZE ? len + 1 : CHUNK_SIZE;

		at = xcalloc(1, sizeof(*at) + size);
		at->size = size;
		at->next = list->arena;
		list->arena = at;
	}
	copy = at->data + at->used;
	memcpy(copy, s, len);
	copy[len] = '\0';
	at->used += len + 1;
	return copy;
}

void changes_clear(struct changes *list)
{
	while (list->arena) {
		struct chunk *next = list->arena->next;

		free(list->arena);
		list->arena = next;
	}
	list->n = 0;
}

void changes_finish(struct changes *list)
{
	changes_clear(list);
	free(list->v);
	*list = (struct changes){0};
}

const char *change_path(const struct change *c, struct buf *b)
{
	buf_clear(b);
	buf_str(b, c->dir);
	buf_char(b, '/');
	buf_str(b, c->name);
	return b->data;
}

bool change_below(const struct change *c, const char *dir)
{
	size_t n = strlen(dir), have = strlen(c->dir);

	if (n == 1)
		return true;
	if (have >= n)
		return memcmp(c->dir, dir, n) == 0 && (c->dir[n] == '/' || c->dir[n] == '\0');
	return memcmp(c->dir, dir, have) == 0 && dir[have] == '/' &&
	       strcmp(dir + have + 1, c->name) == 0;
}

/* '/' sorts before every other byte, so that a directory's entries stay together behind it. */
int path_order(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

/* Compare c's path with a string without putting it together. */
static int order_with(const struct change *c, const char *path)
{
	size_t n = strlen(c->dir);
	char joint[2] = "/";
	int r;

	if (strncmp(c->dir, path, n) == 0 && path[n] == '/')
		return path_order(c->name, path + n + 1);
	r = path_order(c->dir, path);
	if (r < 0 && strncmp(c->dir, path, n) == 0 && path[n] != '\0')
		r = path_order(joint, path + n);
	return r;
}

static int order_of_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	struct buf path = BUF_INIT;
	int r;

	if (x->dir == y->dir)
		return path_order(x->name, y->name);
	r = order_with(x, change_path(y, &path));
	buf_finish(&path);
	return r;
}

void changes_sort(struct changes *list)
{
	if (list->n > 1)
		qsort(list->v, list->n, sizeof(list->v[0]), order_of_changes);
}

size_t changes_find(const struct changes *list, const char *path)
{
	size_t lo = 0, hi = list->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (order_with(&list->v[mid], path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t changes_end(const struct changes *list, size_t i)
{
	struct buf path = BUF_INIT;
	const char *dir = change_path(&list->v[i], &path);
	size_t lo = i + 1, hi = list->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (change_below(&list->v[mid], dir))
			lo = mid + 1;
		else
			hi = mid;
	}
	buf_finish(&path);
	return lo;
}

bool change_is_dir(const struct change *c)
{
	return S_ISDIR(c->mode ? c->mode : c->old_mode);
}

const char *change_type(const struct change *c)
{
	static const struct {
		unsigned type;
		const char *name;
	} types[] = {
		{S_IFREG, "file"},    {S_IFDIR, "dir"},  {S_IFLNK, "link"},  {S_IFIFO, "fifo"},
		{S_IFSOCK, "socket"}, {S_IFCHR, "char"}, {S_IFBLK, "block"},
	};
	unsigned type = (c->mode ? c->mode : c->old_mode) & S_IFMT;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "unknown";
}

const char *mark_name(unsigned bit)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{MARK_SENSITIVE, "sensitive"}, {MARK_SETUID, "setuid"}, {MARK_ESCAPES, "escapes"},
		{MARK_CONFLICT, "conflict"},   {MARK_BINARY, "binary"}, {MARK_LARGE, "large"},
		{MARK_MASKED, "masked"},       {MARK_DEEP, "deep"},     {MARK_APPEARED, "appeared"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].bit == bit)
			return names[i].name;
	return NULL;
}
