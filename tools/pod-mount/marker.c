/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/view.h"
#include "tools/pod-mount/words.h"

#define MARKER_MAX (256 * 1024)

static uint64_t now_ns(clockid_t id)
{
	struct timespec t = {0};

	clock_gettime(id, &t);
	return clock_ns(&t);
}

static void boot_id(char out[40])
{
	if (read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", out, 40) < 0 || !out[0])
		snprintf(out, 40, "-");
}

static int put(int fd, const struct buf *b)
{
	ssize_t n = pwrite(fd, b->data, b->len, 0);

	return n < 0 ? -errno : (size_t)n < b->len ? -ENOSPC : 0;
}

/*
 * In place, by one write: a rename over the old file would make ext4 flush it at once, which costs
 * milliseconds.  The ctime is taken before the write and stands in the text; what a longer marker
 * left behind the newline is not read.
 */
static int fill(int fd, const struct covers *c)
{
	OWN_BUF struct buf b = BUF_INIT;
	char boot[40];
	struct stat st;

	if (fchmod(fd, 0600) < 0 || fstat(fd, &st) < 0)
		return -errno;
	boot_id(boot);
	buf_fmt(&b, "%" PRIu64 " %" PRIu64 " %s", clock_ns(&st.st_ctim), now_ns(CLOCK_BOOTTIME),
		boot);
	for (size_t i = 0; i < c->n; i++) {
		buf_char(&b, ' ');
		word_escape(&b, c->v[i].path);
	}
	buf_char(&b, '\n');
	return put(fd, &b);
}

int marker_write(const struct pod *p, const struct covers *c, struct err *e)
{
	OWN_FD int fd = openat(p->dir, "view", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : fill(fd, c);

	return r < 0 ? err_set(e, -r, "write %s/view", p->path) : 0;
}

int marker_add(const struct pod *p, const char *cover, struct err *e)
{
	OWN_FD int fd = openat(p->dir, "view", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	OWN_BUF struct buf b = BUF_INIT;
	int r = fd < 0 ? -errno : read_fd(fd, &b, MARKER_MAX);

	if (r == 0) {
		b.len = strcspn(b.data, "\n");
		buf_char(&b, ' ');
		word_escape(&b, cover);
		buf_char(&b, '\n');
		r = put(fd, &b);
	}
	return r < 0 ? err_set(e, -r, "write %s/view", p->path) : 0;
}

void marker_finish(struct marker *m)
{
	strv_finish(&m->covers);
}

int marker_parse(struct marker *m, const char *text)
{
	size_t len = strcspn(text, "\n");
	int used = 0;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %39s%n", &m->start_ns, &m->boot_ns, m->boot_id,
		   &used) != 3 ||
	    (size_t)used > len)
		return -EINVAL;
	line_split(&m->covers, text + used, len - (size_t)used, COVERS_MAX);
	return 0;
}

int marker_read(struct marker *m, int dirfd)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(dirfd, "view", &b, MARKER_MAX);

	if (r < 0)
		return r;
	return b.len && memchr(b.data, '\0', b.len) == NULL ? marker_parse(m, b.data) : -EINVAL;
}

int marker_sure(struct marker *m, const struct pod *p, struct err *e)
{
	int r = marker_read(m, p->dir);

	if (r == -ENOENT || r == -EINVAL || r == -EFBIG) {
		m->start_ns = 0; /* torn by a crash, or never written */
		return 0;
	}
	if (r < 0)
		return err_set(e, -r, "read %s/view", p->path);
	return !marker_stepped(m);
}

/*
 * Within one boot, the time of day must have moved as CLOCK_BOOTTIME did; slewing is at most 500
 * ppm.  Over a reboot all that can be seen is a clock that stands before the view's start.
 */
bool marker_stepped(const struct marker *m)
{
	uint64_t now = now_ns(CLOCK_REALTIME), boot = now_ns(CLOCK_BOOTTIME);
	int64_t drift, passed;
	char id[40];

	if (now < m->start_ns)
		return true;
	boot_id(id);
	if (strcmp(id, m->boot_id) != 0)
		return false;
	passed = (int64_t)(boot - m->boot_ns);
	drift = (int64_t)(now - m->start_ns) - passed;
	return passed < 0 || drift < -(passed / 1000 + 1000000000) ||
	       drift > passed / 1000 + 1000000000;
}
