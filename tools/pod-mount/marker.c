/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/view.h"
#include "tools/pod-mount/words.h"

#define MARKER_MAX (256 * 1024)

static uint64_t ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = {0};

	clock_gettime(id, &t);
	return ns_of(&t);
}

static void boot_id(char out[40])
{
	if (read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", out, 40) < 0 || !out[0])
		snprintf(out, 40, "-");
}

/* Create, look at the ctime, write it down, put it in place: the text is what counts later. */
static int fill(int dirfd, const char *temp, const struct covers *c)
{
	OWN_FD int fd =
		openat(dirfd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	OWN_BUF struct buf b = BUF_INIT;
	char boot[40];
	struct stat st;

	if (fd < 0)
		return -errno;
	/* A file left by a crash keeps its old ctime when it is truncated at length 0. */
	if (fchmod(fd, 0600) < 0 || fstat(fd, &st) < 0)
		return -errno;
	boot_id(boot);
	buf_fmt(&b, "%" PRIu64 " %" PRIu64 " %s", ns_of(&st.st_ctim), clock_ns(CLOCK_BOOTTIME),
		boot);
	for (size_t i = 0; i < c->n; i++) {
		buf_char(&b, ' ');
		word_escape(&b, c->v[i].path);
	}
	buf_char(&b, '\n');
	return write_full(fd, b.data, b.len);
}

int marker_write(const struct pod *p, const struct covers *c, struct err *e)
{
	int r = fill(p->dir, ".view", c);

	if (r == 0 && renameat(p->dir, ".view", p->dir, "view") < 0)
		r = -errno;
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
	words_split(&m->covers, text + used, len - (size_t)used, COVERS_MAX);
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

/*
 * Within one boot, the time of day must have moved as CLOCK_BOOTTIME did; slewing is at most 500
 * ppm.  Over a reboot all that can be seen is a clock that stands before the view's start.
 */
bool marker_stepped(const struct marker *m)
{
	uint64_t now = clock_ns(CLOCK_REALTIME), boot = clock_ns(CLOCK_BOOTTIME);
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
