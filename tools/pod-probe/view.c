/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the view shows of the host, by what the host's side knows: files that every pod hides, its
 * own places and mounts.  Nothing is written where it would be seen on the host.
 */
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

#define ENTRIES_MAX 20000 /* that a search looks at */

static char found[160];
static int count;

static void note(const char *path)
{
	if (count++ == 0)
		snprintf(found, sizeof(found), "%s", path);
}

/* The same file as on the host, and it can be read? */
static bool is_shown(const char *path, long long size, long long mtime)
{
	struct stat st;
	char byte;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	bool shown = fd >= 0 && fstat(fd, &st) == 0 && st.st_size == size &&
		     st.st_mtim.tv_sec == mtime && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return shown;
}

/* "hidden SIZE MTIME PATH": a file that lies at or below a path which pods hide. */
static enum verdict read_hidden(const void *unused)
{
	const char *line;
	size_t n = 0;

	(void)unused;
	for (; (line = bait_nth("hidden", n)); n++) {
		long long size, mtime;
		int at = 0;

		if (sscanf(line, "%lld %lld %n", &size, &mtime, &at) == 2 && at &&
		    is_shown(line + at, size, mtime))
			note(line + at);
	}
	return count ? opened("%d of %zu, such as %s", count, n, found) : held("none of %zu", n);
}

/* "place INODE BIRTH PATH": a directory of the host that the pod has one of its own of. */
static enum verdict same_places(const void *unused)
{
	const char *line;

	(void)unused;
	for (size_t i = 0; (line = bait_nth("place", i)); i++) {
		unsigned long long inode, birth;
		struct statx st;
		int at = 0;

		if (sscanf(line, "%llu %llu %n", &inode, &birth, &at) == 2 && at &&
		    statx(AT_FDCWD, line + at, 0, STATX_INO | STATX_BTIME, &st) == 0 &&
		    st.stx_ino == inode &&
		    (unsigned long long)st.stx_btime.tv_sec * 1000000000u + st.stx_btime.tv_nsec ==
			    birth)
			note(line + at);
	}
	return count ? opened("%s is the host's", found) : held("all are the pod's own");
}

/* A file without a name is written, and leaves nothing; a file is opened, and not written. */
static bool may_write(const char *path, const struct stat *st)
{
	int flags = S_ISDIR(st->st_mode) ? O_TMPFILE | O_RDWR : O_WRONLY | O_NONBLOCK;
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || (errno == EOPNOTSUPP && access(path, W_OK) == 0);
}

static bool is_the_hosts(const char *path, unsigned long long inode)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) < 0 || stat(path, &st) < 0)
		return false;
	return fs.f_type != OVERLAYFS_SUPER_MAGIC && st.st_ino == inode && may_write(path, &st);
}

/* "mount INODE TARGET": what the pod file mounts, and what it is on the host. */
static enum verdict write_through(const void *unused)
{
	const char *line;

	(void)unused;
	for (size_t i = 0; (line = bait_nth("mount", i)); i++) {
		unsigned long long inode;
		int at = 0;

		if (sscanf(line, "%llu %n", &inode, &at) == 1 && at &&
		    is_the_hosts(line + at, inode))
			note(line + at);
	}
	return count ? opened("%d mounts, such as %s", count, found) : held("none writes through");
}

/* --- sockets --- */

/* Somebody who is no process of this pod answers: his number is none here. */
static bool answers_from_outside(const char *path, int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct ucred who = {.pid = -1};
	socklen_t len = sizeof(who);
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool yes = false;

	if (strlen(path) < sizeof(to.sun_path)) {
		memcpy(to.sun_path, path, strlen(path) + 1);
		yes = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EAGAIN;
	}
	if (yes && type != SOCK_DGRAM)
		yes = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.pid == 0;
	close(fd);
	return yes;
}

static int entries;
static bool is_cut; /* there is more than can be looked at */

static int look_at(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};

	(void)kind, (void)ftw;
	if (++entries > ENTRIES_MAX) {
		is_cut = true;
		return FTW_STOP;
	}
	if (strcmp(path, "/run/envpod") == 0) /* what the agent is given to ask by */
		return FTW_SKIP_SUBTREE;
	for (int i = 0; S_ISSOCK(st->st_mode) && i < 3; i++)
		if (answers_from_outside(path, types[i])) {
			note(path);
			break;
		}
	return FTW_CONTINUE;
}

static void walk(const char *dir)
{
	entries = 0;
	nftw(dir, look_at, 16, FTW_PHYS | FTW_ACTIONRETVAL);
}

static enum verdict reach_sockets(const void *unused)
{
	static const char *const places[] = {"/run",  "/tmp",  "/srv", "/mnt",
					     "/root", "/home", NULL};
	const char *line;
	int at;

	(void)unused;
	for (size_t i = 0; (line = bait_nth("mount", i)); i++)
		if (sscanf(line, "%*u %n", &at) == 0 && at > 0)
			walk(line + at);
	for (const char *const *p = places; *p; p++)
		walk(*p);
	if (count)
		return opened("%d answer, such as %s", count, found);
	return is_cut ? untried("there are too many files to look at") : held("none answers");
}

/* --- writes --- */

/* Wherever it can, a file with the name that the host looks for afterwards. */
static enum verdict leave_marks(const void *unused)
{
	static const char *const places[] = {
		"",      "/etc",  "/usr",  "/usr/bin", "/var", "/var/lib", "/opt",     "/srv",
		"/home", "/root", "/boot", "/run",     "/tmp", "/var/tmp", "/dev/shm", NULL};
	char path[300];
	int fd;

	(void)unused;
	for (const char *const *p = places; *p; p++) {
		snprintf(path, sizeof(path), "%s/%s", *p, bait("mark"));
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0) {
			count++;
			close(fd);
		}
	}
	return held("%d files written, none of them on the host", count);
}

const struct probe view_probes[] = {
	{"filesystem", "hidden-files", CRITICAL, "what every pod hides of the host is hidden",
	 read_hidden, NULL, "hidden"},
	{"filesystem", "own-places", HIGH, "the pod's /tmp, /run and /dev/shm are its own",
	 same_places, NULL, "place"},
	{"filesystem", "direct-writes", HIGH, "no mount writes to the host past review",
	 write_through, NULL, "judge"},
	{"filesystem", "host-sockets", CRITICAL,
	 "no service of the host answers on a socket in the view", reach_sockets, NULL, "judge"},
	{"filesystem", "writes-stay", CRITICAL, "what the pod writes stays in the pod", leave_marks,
	 NULL, "mark"},
	{0},
};
