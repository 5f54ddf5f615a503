/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-upload/sparse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libcommon/unit.h"

void sparse_finish(struct sparse *s)
{
	free(s->v);
	*s = (struct sparse){0};
}

static void add(struct sparse *s, uint64_t at, uint64_t len)
{
	if ((s->n & (s->n - 1)) == 0)
		s->v = xrealloc(s->v, (s->n ? 2 * s->n : 1) * sizeof(s->v[0]));
	s->v[s->n++] = (struct part){at, len};
	s->data += len;
}

void sparse_find(struct sparse *s, int fd, uint64_t size)
{
	uint64_t at = 0;

	*s = (struct sparse){.size = size};
	while (at < size && s->n < SPARSE_MAX - 1) {
		off_t from = lseek(fd, (off_t)at, SEEK_DATA);
		off_t to = from < 0 ? -1 : lseek(fd, from, SEEK_HOLE);

		if (from < 0 && errno == ENXIO) /* a hole up to its end */
			return;
		if (from < 0 || to <= from || (uint64_t)from >= size)
			break;
		to = (uint64_t)to < size ? to : (off_t)size;
		add(s, (uint64_t)from, (uint64_t)(to - from));
		at = (uint64_t)to;
	}
	if (at < size)
		add(s, at, size - at);
}

static void say_number(struct tar_entry *t, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	tar_record_str(t, key, text);
}

void sparse_say(const struct sparse *s, struct tar_entry *t)
{
	OWN_BUF struct buf map = BUF_INIT;

	t->size = s->data;
	if (s->data == s->size)
		return;
	say_number(t, "GNU.sparse.size", s->size);
	say_number(t, "GNU.sparse.numblocks", s->n);
	for (size_t i = 0; i < s->n; i++)
		buf_fmt(&map, "%s%" PRIu64 ",%" PRIu64, i ? "," : "", s->v[i].at, s->v[i].len);
	tar_record_str(t, "GNU.sparse.map", map.data ? map.data : "");
}

static bool take(const char **p, uint64_t *n)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*n = strtoull(*p, &end, 10);
	*p = end;
	return errno == 0;
}

static int read_map(struct sparse *s, const char *map)
{
	uint64_t at, len, least = 0;

	for (const char *p = map; *p;) {
		if (!take(&p, &at) || *p++ != ',' || !take(&p, &len) || s->n == SPARSE_MAX)
			return -EINVAL;
		if (at < least || at > s->size || len > s->size - at)
			return -EINVAL;
		add(s, at, len);
		least = at + len;
		if (*p && (*p != ',' || !p[1]))
			return -EINVAL;
		p += *p == ',';
	}
	return 0;
}

int sparse_read(struct sparse *s, const struct tar_entry *t)
{
	const char *size = tar_str(t, "GNU.sparse.size"), *map = tar_str(t, "GNU.sparse.map");

	*s = (struct sparse){.size = t->size};
	if (!tar_find(t, "GNU.sparse.size")) {
		if (t->size)
			add(s, 0, t->size);
		return 0;
	}
	if (!size || !map || unit_u64(size, INT64_MAX, &s->size) < 0 || read_map(s, map) < 0)
		return -EINVAL;
	return s->data == t->size ? 0 : -EINVAL;
}
