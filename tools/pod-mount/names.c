/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/buf.h"

static int add(struct names *list, const char *text, uint16_t part, uint8_t type)
{
	size_t len = strlen(text) + 1;

	if (list->used + len > UINT32_MAX)
		return -EFBIG;
	if (list->used + len > list->size) {
		list->size = list->size ? list->size * 2 : 1024;
		list->pool = xrealloc(list->pool, list->size);
	}
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 32;
		list->v = xrealloc(list->v, list->cap * sizeof(list->v[0]));
	}
	memcpy(list->pool + list->used, text, len);
	list->v[list->n++] = (struct name){(uint32_t)list->used, part, type};
	list->used += len;
	return 0;
}

static int add_all(struct names *list, const char *block, long len, uint16_t part)
{
	int r = 0;

	for (long at = 0; at < len && r == 0;) {
		const struct dirent64 *ent = (const void *)(block + at);

		at += ent->d_reclen;
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			r = add(list, ent->d_name, part, ent->d_type);
	}
	return r;
}

/* getdents64 itself: readdir() would allocate 32 KiB for each of a hundred thousand directories. */
int names_read(struct names *list, int dirfd, uint16_t part)
{
	static char block[65536] __attribute__((aligned(8)));
	long n;
	int r = 0;

	if (lseek(dirfd, 0, SEEK_SET) < 0)
		return -errno;
	while (r == 0 && (n = syscall(SYS_getdents64, dirfd, block, sizeof(block))) != 0)
		r = n < 0 ? -errno : add_all(list, block, n, part);
	return r;
}

static int order(const void *a, const void *b, void *pool)
{
	const struct name *x = a, *y = b;
	int r = strcmp((char *)pool + x->at, (char *)pool + y->at);

	return r ? r : (x->part > y->part) - (x->part < y->part);
}

void names_sort(struct names *list)
{
	if (list->n > 1)
		qsort_r(list->v, list->n, sizeof(list->v[0]), order, list->pool);
}

void names_finish(struct names *list)
{
	free(list->v);
	free(list->pool);
	*list = (struct names){0};
}
