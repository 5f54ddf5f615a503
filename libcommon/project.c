/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/project.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

#define DEPTH_MAX 512
/* Files without content cost no block but an inode, and those of ext4 are as many as mkfs made. */
#define BYTES_AN_INODE  4096
#define INODES_AT_LEAST 1024

uint32_t project_find(const struct pod *p)
{
	char line[16];
	uint64_t n;

	if (read_line_at(p->dir, PROJECT_FILE, line, sizeof(line)) < 0 ||
	    unit_u64(line, PROJECT_BASE + PROJECT_COUNT - 1, &n) < 0 || n < PROJECT_BASE)
		return 0;
	return (uint32_t)n;
}

static int quota(int fd, unsigned cmd, uint32_t project, void *to)
{
	return syscall(SYS_quotactl_fd, fd, QCMD(cmd, PRJQUOTA), project, to) < 0 ? -errno : 0;
}

bool project_enforced(int fd)
{
	struct fs_quota_statv s = {.qs_version = FS_QSTATV_VERSION1};

	return quota(fd, Q_XGETQSTATV, 0, &s) == 0 && s.qs_flags & FS_QUOTA_PDQ_ENFD;
}

int project_use(int fd, uint32_t project, struct project_use *u)
{
	struct if_dqblk d = {0};
	int r = quota(fd, Q_GETQUOTA, project, &d);

	*u = (struct project_use){0};
	if (r == -ENOENT)
		return 0; /* xfs: never heard of */
	if (r < 0)
		return r;
	u->bytes = d.dqb_curspace;
	u->limit = d.dqb_bhardlimit * QIF_DQBLKSIZE;
	u->inodes = d.dqb_curinodes;
	u->inode_limit = d.dqb_ihardlimit;
	return 0;
}

int project_limit(int fd, uint32_t project, uint64_t bytes)
{
	struct if_dqblk d = {.dqb_valid = QIF_LIMITS};

	if (bytes) {
		d.dqb_bhardlimit = (bytes + QIF_DQBLKSIZE - 1) / QIF_DQBLKSIZE;
		d.dqb_ihardlimit = bytes / BYTES_AN_INODE + INODES_AT_LEAST;
	}
	return quota(fd, Q_SETQUOTA, project, &d);
}

int project_get(int fd, uint32_t *project, bool *hands_on)
{
	struct fsxattr x;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return -errno;
	*project = x.fsx_projid;
	if (hands_on)
		*hands_on = x.fsx_xflags & FS_XFLAG_PROJINHERIT;
	return 0;
}

int project_set(int fd, uint32_t project, bool hands_on)
{
	struct fsxattr x;
	unsigned flags;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return -errno;
	flags = (x.fsx_xflags & ~(unsigned)FS_XFLAG_PROJINHERIT) |
		(hands_on ? FS_XFLAG_PROJINHERIT : 0);
	if (x.fsx_projid == project && x.fsx_xflags == flags)
		return 0;
	x.fsx_projid = project;
	x.fsx_xflags = flags;
	return ioctl(fd, FS_IOC_FSSETXATTR, &x) < 0 ? -errno : 0;
}

static int set_below(int dirfd, uint32_t project, int depth);

/* A file or a directory; -ENOTTY and the like: this one has no project of its own. */
static int set_entry(int dirfd, const char *name, uint32_t project, int depth)
{
	OWN_FD int fd = -1;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return is_absent(-errno) ? 0 : -errno; /* a pod that lives goes on moving things */
	if (S_ISDIR(st.st_mode))
		return set_below(fd, project, depth + 1);
	return project_set(fd, project, false);
}

/* The directory first: what is made in it from then on needs no looking for. */
static int set_below(int dirfd, uint32_t project, int depth)
{
	OWN_FD int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = NULL;
	const char *name;
	int r;

	if (copy < 0)
		return -errno;
	r = depth > DEPTH_MAX ? -ELOOP : project_set(copy, project, project != 0);
	if (r < 0)
		return r;
	d = fdopendir(copy);
	if (!d)
		return -errno;
	take_fd(&copy);
	while ((r = dir_next(d, &name)) > 0) {
		r = set_entry(dirfd, name, project, depth);
		if (r < 0)
			return r;
	}
	return r;
}

int project_set_tree(int dirfd, uint32_t project)
{
	return set_below(dirfd, project, 0);
}

int project_set_at(int dirfd, const char *name, uint32_t project)
{
	return set_entry(dirfd, name, project, 0);
}

/* The entry gets the project of where it goes, if it can have one. */
static void follow(int from, const char *name, uint32_t project)
{
	OWN_FD int fd =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		project_set(fd, project, S_ISDIR(st.st_mode));
}

int project_rename(int from, const char *name, int to, const char *as, unsigned flags)
{
	OWN_FD int dir = -1;
	uint32_t project = 0;
	bool hands_on = false;
	int r;

	if (renameat2(from, name, to, as, flags) == 0)
		return 0;
	if (errno != EXDEV)
		return -errno;
	dir = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || project_get(dir, &project, &hands_on) < 0 || !hands_on)
		return -EXDEV;
	follow(from, name, project);
	if (renameat2(from, name, to, as, flags) == 0)
		return 0;
	if (errno != EXDEV || project_set(dir, project, false) < 0)
		return -errno;
	r = renameat2(from, name, to, as, flags) < 0 ? -errno : 0;
	project_set(dir, project, true);
	return r;
}
