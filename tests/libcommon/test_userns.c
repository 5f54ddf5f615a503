/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "tests/lib/tap.h"

enum { BASE = 524288 };

/* A map as a process inside reads it, blanks squeezed. */
static void map_inside(int ns, const char *which, char out[512])
{
	OWN_FREE char *path = xfmt("/proc/self/%s", which);
	OWN_BUF struct buf b = BUF_INIT;
	int p[2];
	pid_t pid;

	out[0] = '\0';
	if (pipe(p) < 0)
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setns(ns, CLONE_NEWUSER) == 0 && read_file_at(AT_FDCWD, path, &b, 4096) == 0)
			write_full(p[1], b.data, b.len);
		_exit(0);
	}
	close(p[1]);
	read_fd(p[0], &b, 4096);
	close(p[0]);
	waitpid(pid, NULL, 0);
	for (const char *s = b.data; *s && strlen(out) < 500; s++)
		if (*s != ' ' || (s > b.data && s[-1] != ' ' && s[-1] != '\n'))
			strncat(out, s, 1);
}

static void maps(struct pod *p, uid_t uid, gid_t gid, const char *uids, const char *gids)
{
	OWN_FREE char *pin = xfmt("%s/ns", p->runpath);
	struct err e = {0};
	OWN_FD int ns = pod_userns(p, BASE, uid, gid, &e);
	OWN_FD int again = -1;
	struct stat a, b;
	char map[512];

	ok(ns >= 0, "a namespace for uid %u, gid %u: %s", uid, gid, e.msg);
	map_inside(ns, "uid_map", map);
	is_str(map, uids, "its uid map");
	map_inside(ns, "gid_map", map);
	is_str(map, gids, "its gid map");
	again = pod_userns(p, BASE, uid, gid, &e);
	ok(fstat(ns, &a) == 0 && fstat(again, &b) == 0 && a.st_ino == b.st_ino,
	   "asked for again, it is the same");
	umount2(pin, MNT_DETACH);
}

/* After a reboot the file is there and pins nothing. */
static void reboot(struct pod *p)
{
	OWN_FREE char *pin = xfmt("%s/ns", p->runpath);
	struct err e = {0};
	OWN_FD int ns = -1;

	ok(mkdir_p_at(p->run, "ns", 0700) == 0, "a run directory of before a reboot");
	close(openat(p->run, "ns/user", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ns = pod_userns(p, BASE, 0, 0, &e);
	ok(ns >= 0, "is pinned anew: %s", e.msg);
	umount2(pin, MNT_DETACH);
}

int main(void)
{
	OWN_FREE char *top = xfmt("%s/userns.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	OWN_FREE char *state = NULL, *run = NULL, *dir = NULL;
	struct pod p = POD_INIT;
	struct err e = {0};

	if (geteuid() != 0 || !mkdtemp(top)) {
		skip_rest("needs root");
		return done_testing();
	}
	state = xfmt("%s/state", top);
	run = xfmt("%s/run", top);
	dir = xfmt("%s/state/pods/one", top);
	setenv("ENVPOD_STATE_DIR", state, 1);
	setenv("ENVPOD_RUN_DIR", run, 1);
	if (pod_state_open(&e) < 0 || mkdir(dir, 0700) < 0 || pod_open(&p, "one", &e) < 0) {
		ok(false, "make a pod: %s", e.msg);
		return done_testing();
	}
	maps(&p, 1000, 100, "0 524288 1000\n1000 1000 1\n1001 525289 64535\n",
	     "0 524288 100\n100 100 1\n101 524389 65435\n");
	maps(&p, 0, 0, "0 524288 65536\n", "0 524288 65536\n");
	maps(&p, 65535, 100000, "0 524288 65535\n65535 65535 1\n",
	     "0 524288 65536\n100000 100000 1\n");
	reboot(&p);
	pod_finish(&p);
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
