/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file has no name until it is whole (O_TMPFILE), so that nothing is left of an upload that was
 * interrupted, by whatever: the kernel forgets it with the last descriptor.
 */
#include "tools/pod-upload/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-upload/name.h"

#define NUMBERS 10000 /* of files by one name */

void place_finish(struct place *p)
{
	own_close(&p->file);
	own_close(&p->dir);
	p->file = p->dir = -1;
}

static int check_dir(int dir, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return err_set(e, errno, "look at %s", path);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_PLAIN,
			       "%s belongs to somebody else (uid %u): move it away first", path,
			       (unsigned)st.st_uid);
	if ((st.st_mode & 07777) != 0700 && fchmod(dir, 0700) < 0)
		return err_set(e, errno, "close %s to others", path);
	return 0;
}

int place_open(struct place *p, const char *path, uint64_t max, struct err *e)
{
	OWN_FD int dir = -1;
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(e, ERR_PLAIN,
			       "%s is no directory of its own: move what is there away first",
			       path);
	if (dir < 0)
		return err_set(e, errno, "open %s", path);
	r = check_dir(dir, path, e);
	if (r < 0)
		return r;
	*p = (struct place){.path = path, .dir = take_fd(&dir), .file = -1, .max = max};
	return 0;
}

int place_lock_down(const struct place *p, struct err *e)
{
	const struct lockdown l = {.promises = PROMISE_STDIO | PROMISE_MAKE_FILES | PROMISE_ACCEPT,
				   .death = SIGKILL,
				   .write_beneath = &p->dir,
				   .n_write_beneath = 1};

	return lockdown(&l, e);
}

int place_begin(struct place *p, uint64_t size, struct err *e)
{
	struct statfs fs;

	if (size > p->max)
		return err_set(e, EFBIG, "a file may have %" PRIu64 " bytes, this one has %" PRIu64,
			       p->max, size);
	if (fstatfs(p->dir, &fs) == 0 && fs.f_bsize > 0 && fs.f_blocks > 0 &&
	    size / (uint64_t)fs.f_bsize >= fs.f_bavail)
		return err_set(e, ENOSPC, "keep %" PRIu64 " bytes in %s", size, p->path);
	p->file = openat(p->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return p->file < 0 ? err_set(e, errno, "begin a file in %s", p->path) : 0;
}

int place_write(struct place *p, const void *data, size_t n, struct err *e)
{
	int r = write_full(p->file, data, n);

	return r < 0 ? err_set(e, -r, "write to %s", p->path) : 0;
}

int place_keep(struct place *p, const char *wanted, struct buf *name, struct err *e)
{
	char self[40];

	/* Who is not root may give a name to an open file only by way of /proc. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", p->file);
	for (unsigned i = 0; i < NUMBERS; i++) {
		name_numbered(wanted, i, name);
		if (linkat(AT_FDCWD, self, p->dir, name->data, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			return err_set(e, errno, "make %s/%s", p->path, esc(name->data));
	}
	return err_set(e, EEXIST, "make %s/%s", p->path, esc(wanted));
}
