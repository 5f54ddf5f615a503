/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/runlog.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"

static int open_one(int dirfd, const char *name, int flags, struct err *e)
{
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

	return fd < 0 ? err_set(e, errno, "open log/%s", name) : fd;
}

int runlog_open(struct runlog *l, int dirfd, const char *name, const char *old, struct err *e)
{
	struct stat st;

	l->max = RUNLOG_MAX;
	l->fd = open_one(dirfd, name, O_APPEND, e);
	l->old = l->fd < 0 ? -1 : open_one(dirfd, old, 0, e);
	if (l->old < 0)
		return -e->code;
	if (fstat(l->fd, &st) < 0)
		return err_set(e, errno, "look at log/%s", name);
	l->size = l->begin = st.st_size;
	return 0;
}

void runlog_finish(struct runlog *l)
{
	own_close(&l->fd);
	own_close(&l->old);
	*l = (struct runlog)RUNLOG_INIT;
}

/*
 * Copy and truncate: a rename would need the right to name files.  A crash in between leaves lines
 * twice, never a hole.
 */
static void rotate(struct runlog *l)
{
	char chunk[65536];
	off_t at = 0;
	ssize_t n;

	if (ftruncate(l->old, 0) < 0)
		return;
	while ((n = pread(l->fd, chunk, sizeof(chunk), at)) > 0) {
		if (pwrite(l->old, chunk, (size_t)n, at) != n)
			break; /* full disk: the old part is shorter than it could be */
		at += n;
	}
	if (ftruncate(l->fd, 0) == 0)
		l->size = l->begin = 0;
}

void runlog_write(struct runlog *l, const char *data, size_t len)
{
	static const char remark[] = "\r\n[the disk was full: output is missing here]\r\n";

	if (l->size + (off_t)len > l->max)
		rotate(l);
	if (l->failing && write_full(l->fd, remark, sizeof(remark) - 1) < 0)
		return;
	l->failing = write_full(l->fd, data, len) < 0;
	if (!l->failing)
		l->size += (off_t)len;
}

void runlog_tail(const struct runlog *l, size_t max, struct buf *out)
{
	off_t from = l->size - l->begin > (off_t)max ? l->size - (off_t)max : l->begin;
	char chunk[4096];
	ssize_t n;
	size_t line;

	for (off_t at = from; (n = pread(l->fd, chunk, sizeof(chunk), at)) > 0; at += n)
		buf_add(out, chunk, (size_t)n);
	if (from == l->begin || out->len == 0)
		return;
	line = strcspn(out->data, "\n");
	if (line < out->len) {
		out->len -= line + 1;
		memmove(out->data, out->data + line + 1, out->len);
	}
}
