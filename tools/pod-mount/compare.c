/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/xattrs.h"

#define BLOCK 262144

/* O_NONBLOCK: what was a file a moment ago may be a fifo now. */
static int open_file(const struct side *s)
{
	return openat(s->dirfd, s->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static bool blocks_equal(int fd_a, int fd_b, off_t at, size_t want)
{
	static char block_a[BLOCK], block_b[BLOCK];

	return pread(fd_a, block_a, want, at) == (ssize_t)want &&
	       pread(fd_b, block_b, want, at) == (ssize_t)want &&
	       memcmp(block_a, block_b, want) == 0;
}

/* What both leave empty is not read: a file of many terabytes costs nothing to make. */
static bool files_equal(const struct side *a, const struct side *b)
{
	OWN_FD int fd_a = open_file(a), fd_b = open_file(b);
	off_t size = a->st->st_size, at = 0;

	if (fd_a < 0 || fd_b < 0)
		return false;
	while (at < size) {
		off_t data_a = data_from(fd_a, at, size), data_b = data_from(fd_b, at, size);
		size_t want;

		at = data_a < data_b ? data_a : data_b;
		want = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		if (want && !blocks_equal(fd_a, fd_b, at, want))
			return false;
		at += (off_t)want;
	}
	return true;
}

static bool links_equal(const struct side *a, const struct side *b)
{
	char to_a[4097], to_b[4097];
	ssize_t n = readlinkat(a->dirfd, a->name, to_a, sizeof(to_a));

	return n >= 0 && n == readlinkat(b->dirfd, b->name, to_b, sizeof(to_b)) &&
	       memcmp(to_a, to_b, (size_t)n) == 0;
}

bool content_equal(const struct side *a, const struct side *b)
{
	if (S_ISREG(a->st->st_mode))
		return a->st->st_size == b->st->st_size && files_equal(a, b);
	if (S_ISLNK(a->st->st_mode))
		return links_equal(a, b);
	return a->st->st_rdev == b->st->st_rdev; /* only nodes differ in it */
}

/* Two files are opened for their xattrs only when the content had to be opened anyway. */
static bool file_xattrs_differ(const struct side *pod, const struct side *host)
{
	OWN_FD int podfd = open_file(pod), hostfd = -1;

	if (podfd < 0)
		return true; /* nobody knows; whoever acts on it looks again, and fails */
	hostfd = open_file(host);
	return hostfd < 0 || xattrs_differ(podfd, pod->ids, hostfd, host->ids);
}

static bool owners_differ(const struct side *a, const struct side *b)
{
	uid_t x = a->ids ? uid_seen(a->ids, a->st->st_uid) : a->st->st_uid;
	uid_t y = b->ids ? uid_seen(b->ids, b->st->st_uid) : b->st->st_uid;
	gid_t g = a->ids ? gid_seen(a->ids, a->st->st_gid) : a->st->st_gid;
	gid_t h = b->ids ? gid_seen(b->ids, b->st->st_gid) : b->st->st_gid;

	return x != y || g != h;
}

unsigned entries_differ(const struct side *pod, const struct side *host)
{
	unsigned what = 0;

	if (!S_ISLNK(pod->st->st_mode) && (pod->st->st_mode ^ host->st->st_mode) & 07777)
		what |= WHAT_MODE;
	if (owners_differ(pod, host))
		what |= WHAT_OWNER;
	if (S_ISDIR(pod->st->st_mode))
		return what;
	if (!content_equal(pod, host))
		what |= WHAT_CONTENT;
	else if (S_ISREG(pod->st->st_mode) && file_xattrs_differ(pod, host))
		what |= WHAT_XATTR;
	return what;
}

bool xattrs_differ(int podfd, const struct id_map *pod_ids, int hostfd,
		   const struct id_map *host_ids)
{
	struct xattrs pod = {0}, host = {0};
	bool differ;

	differ = xattrs_read(&pod, podfd, pod_ids) < 0 ||
		 xattrs_read(&host, hostfd, host_ids) < 0 || !xattrs_equal(&pod, &host);
	xattrs_finish(&pod);
	xattrs_finish(&host);
	return differ;
}

bool is_binary(int dirfd, const char *name)
{
	struct side s = {.dirfd = dirfd, .name = name};
	OWN_FD int fd = open_file(&s);
	char block[8192];
	ssize_t n = fd < 0 ? 0 : read_full(fd, block, sizeof(block));

	return n > 0 && memchr(block, '\0', (size_t)n);
}
