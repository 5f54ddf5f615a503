/* SPDX-License-Identifier: Apache-2.0 */
/* Names are looked at, files are not opened; whatever lies there, nothing is followed. */
#include "tools/pod-monitor/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/project.h"

#define ENTRIES_MAX 1000000
#define DEPTH_MAX   200

struct walk {
	uint64_t left, bytes;
	dev_t dev;
};

static bool walk(struct walk *w, int dirfd, const char *name, int depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *leaf;
	int r = 0;

	if (!d)
		return errno == ENOENT;
	while (depth < DEPTH_MAX && (r = dir_next(d, &leaf)) > 0) {
		struct stat st;

		if (w->left-- == 0)
			return false;
		if (fstatat(fd, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != w->dev)
			continue;
		w->bytes += (uint64_t)st.st_blocks * 512 / (S_ISREG(st.st_mode) ? st.st_nlink : 1);
		if (S_ISDIR(st.st_mode) && !walk(w, fd, leaf, depth + 1))
			return false;
	}
	return r == 0;
}

uint64_t disk_walk(int dir, const char *name, uint64_t most)
{
	struct walk w = {.left = most};
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : SAMPLE_UNKNOWN;
	w.dev = st.st_dev;
	return walk(&w, dir, name, 0) ? w.bytes : SAMPLE_UNKNOWN;
}

static void put(struct state *s, uint64_t bytes, uint64_t limit)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	s->disk_bytes = bytes;
	s->disk_limit = limit;
	s->disk_ns = clock_ns(&now);
}

bool disk_quota(const struct pod *p, struct state *s)
{
	uint32_t project = project_find(p);
	struct project_use use;

	if (!project || project_use(p->dir, project, &use) < 0)
		return false;
	put(s, use.bytes, use.limit ? use.limit : SAMPLE_NO_MAX);
	return true;
}

pid_t disk_measure(const struct pod *p, struct state *s)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? 0 : pid;
	prctl(PR_SET_NAME, "pod-measure");
	setpriority(PRIO_PROCESS, 0, 10);
	put(s, disk_walk(p->dir, "upper", ENTRIES_MAX), SAMPLE_NO_MAX);
	_exit(0);
}
