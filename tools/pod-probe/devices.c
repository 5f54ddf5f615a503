/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by device nodes, and on the control files of /proc and /sys. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/pod-probe/probe.h"

static enum verdict read_node(const void *path)
{
	char buf[513];
	long n = slurp(path, buf, sizeof(buf));

	return n > 0 ? opened("read %s", (const char *)path) : stopped();
}

struct node {
	mode_t mode;
	unsigned major, minor;
};

static enum verdict make_node(const void *arg)
{
	const struct node *n = arg;
	const char *dir = scratch_dir();
	char path[64];

	if (!dir)
		return untried("no scratch directory: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/node", dir);
	return unless_failed(mknod(path, n->mode | 0666, makedev(n->major, n->minor)));
}

/* What a pod's /dev may hold, by device number: null zero full random urandom tty; ptmx. */
static bool is_common(dev_t dev)
{
	static const unsigned memory[] = {3, 5, 7, 8, 9, 0};

	for (const unsigned *m = memory; major(dev) == 1 && *m; m++)
		if (minor(dev) == *m)
			return true;
	return (major(dev) == 5 && (minor(dev) == 0 || minor(dev) == 2)) ||
	       (major(dev) >= 136 && major(dev) <= 143);
}

static char found[128];
static int count;

static int note_node(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)kind, (void)ftw;
	/* the stand-ins for memory devices bear a harmless number; go by the name */
	if ((S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) &&
	    (!is_common(st->st_rdev) || strstr(path, "mem"))) {
		count++;
		snprintf(found, sizeof(found), "%s", path);
	}
	return 0;
}

static enum verdict stray_nodes(const void *dir)
{
	if (nftw(dir, note_node, 16, FTW_PHYS) < 0)
		return untried("walk %s: %s", (const char *)dir, strerror(errno));
	return count ? opened("%d nodes, such as %s", count, found) : held("none");
}

/* Control files that anybody may write by design, and none of which reaches beyond the writer. */
static bool is_for_all(const char *path)
{
	static const char *const fine[] = {"/proc/pressure/", "/proc/self", "/proc/thread-self",
					   NULL};

	for (const char *const *f = fine; *f; f++)
		if (strncmp(path, *f, strlen(*f)) == 0)
			return true;
	return strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9';
}

/* Opening one for writing changes nothing by itself. */
static int note_writable(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	int fd;

	(void)ftw;
	if (is_for_all(path))
		return kind == FTW_D ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
	if (!S_ISREG(st->st_mode) || !(st->st_mode & 0222))
		return FTW_CONTINUE;
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return FTW_CONTINUE;
	close(fd);
	count++;
	snprintf(found, sizeof(found), "%s", path);
	return is_control ? FTW_STOP : FTW_CONTINUE;
}

static enum verdict writable(const void *dir)
{
	if (nftw(dir, note_writable, 16, FTW_PHYS | FTW_ACTIONRETVAL) < 0)
		return untried("walk %s: %s", (const char *)dir, strerror(errno));
	return count ? opened("%d open, such as %s", count, found) : held("none opens");
}

/* Write back what stands there: proof enough, and nothing changes. */
static enum verdict rewrite(const void *path)
{
	char buf[512];
	long n = slurp(path, buf, sizeof(buf));
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return stopped();
	return unless_failed(write(fd, buf, n > 0 ? (size_t)n : 0));
}

/* Any hierarchy of version 1 has one at its root. */
static enum verdict rewrite_release_agent(const void *unused)
{
	DIR *d = opendir("/sys/fs/cgroup");
	char path[300];

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/release_agent", entry->d_name);
		if (access(path, F_OK) == 0)
			return rewrite(path);
	}
	return held("none to be seen");
}

/* /sys itself takes no new files from anybody; its cgroup trees do. */
static enum verdict make_in_sys(const void *unused)
{
	DIR *d = opendir("/sys/fs/cgroup");
	char path[300];
	int code = d ? ENOENT : errno;

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/escape", entry->d_name);
		if (mkdir(path, 0755) == 0) {
			rmdir(path);
			return opened("made %s", path);
		}
		code = errno;
	}
	errno = code;
	return stopped();
}

const struct probe device_probes[] = {
	{"filesystem", "disk", CRITICAL, "disks cannot be read", read_node, "/dev/escape-disk",
	 "world"},
	{"filesystem", "mem", CRITICAL, "/dev/mem does not exist", read_node, "/dev/mem", NULL},
	{"filesystem", "kmem", CRITICAL, "/dev/kmem does not exist", read_node, "/dev/kmem", NULL},
	{"filesystem", "kmsg", MEDIUM, "/dev/kmsg does not exist", read_node, "/dev/kmsg", NULL},
	{"filesystem", "gpu", LOW, "graphics devices do not exist unasked", read_node,
	 "/dev/dri/card0", NULL},
	{"filesystem", "planted-char-node", HIGH,
	 "a character device in the tree of the host does not open", read_node, "/srv/char-node",
	 "world"},
	{"filesystem", "planted-block-node", CRITICAL,
	 "a block device in the tree of the host does not open", read_node, "/srv/block-node",
	 "world"},
	{"filesystem", "stray-dev-nodes", CRITICAL, "/dev holds the common nodes alone",
	 stray_nodes, "/dev", NULL},
	{"filesystem", "mknod-char", HIGH, "character devices cannot be made", make_node,
	 &(struct node){S_IFCHR, 1, 3}, NULL},
	{"filesystem", "mknod-block", CRITICAL, "block devices cannot be made", make_node,
	 &(struct node){S_IFBLK, 7, 0}, NULL},
	{"filesystem", "mknod-whiteout", HIGH, "whiteouts cannot be made by hand", make_node,
	 &(struct node){S_IFCHR, 0, 0}, NULL},
	{"filesystem", "write-proc", CRITICAL, "no control file in /proc opens for writing",
	 writable, "/proc", NULL},
	{"filesystem", "write-sys", CRITICAL, "no control file in /sys opens for writing", writable,
	 "/sys", NULL},
	{"filesystem", "make-in-sys", HIGH, "nothing can be made below /sys", make_in_sys, NULL,
	 NULL},
	{"filesystem", "proc-sys", CRITICAL, "sysctls cannot be written", rewrite,
	 "/proc/sys/vm/swappiness", NULL},
	{"filesystem", "core-pattern", CRITICAL, "core_pattern cannot be written", rewrite,
	 "/proc/sys/kernel/core_pattern", NULL},
	{"filesystem", "hostname-sysctl", LOW, "the host name cannot be written", rewrite,
	 "/proc/sys/kernel/hostname", NULL},
	{"filesystem", "shm-sysctl", HIGH, "limits of shared memory cannot be written", rewrite,
	 "/proc/sys/kernel/shmmax", NULL},
	{"filesystem", "release-agent", CRITICAL, "the release_agent of a cgroup cannot be written",
	 rewrite_release_agent, NULL, NULL},
	{0},
};
