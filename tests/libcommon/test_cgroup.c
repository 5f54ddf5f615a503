/* SPDX-License-Identifier: Apache-2.0 */
/* Where the hierarchies are, and what opening a pod's groups does to them and leaves alone. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"

static void test_mounts(void)
{
	static const char hybrid[] =
		"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:7 master:2 - cgroup cgroup rw,cpu,cpuacct\n"
		"35 31 0:32 / /sys/fs/cgroup/mem\\040ory rw,relatime - cgroup cgroup rw,memory\n"
		"36 31 0:33 / /late rw,relatime - cgroup cgroup rw,memory\n"
		"37 31 0:34 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset,noprefix\n"
		"40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=pids\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
		"42 31 0:38 / /again rw,relatime - cgroup2 cgroup2 rw\n"
		"43 31 0:39 / /fake\\012cgroup2 rw - tmpfs cgroup2 rw,cpuset";
	struct cgroup_mounts m;

	cgroup_mounts_parse(&m, hybrid, strlen(hybrid));
	is_str(m.v2, "/sys/fs/cgroup/unified", "the first cgroup2");
	is_str(m.v1[CTL_CPU], "/sys/fs/cgroup/cpu,cpuacct", "a controller mounted with another");
	is_str(m.v1[CTL_MEMORY], "/sys/fs/cgroup/mem ory", "a blank in the path");
	is_str(m.v1[CTL_CPUSET], "/sys/fs/cgroup/cpuset", "cpuset is not cpu");
	is_str(m.v1[CTL_PIDS], "", "a named hierarchy is no controller");
	is_str(m.v1[CTL_IO], "", "what is not mounted");
	cgroup_mounts_parse(&m, "", 0);
	is_str(m.v2, "", "nothing at all");
}

static void plan(struct plan *pl, const char *lines)
{
	OWN_FREE char *text = xfmt("envpod-plan 1 1 1 1\n%send\n", lines);
	struct err e = {0};

	plan_finish(pl);
	*pl = (struct plan){0};
	plan_parse(pl, text, strlen(text), &e);
}

static int open_pod(struct cgroup *cg, const char *lines, struct err *e)
{
	OWN_PLAN struct plan pl = {0};

	*e = (struct err){0};
	plan(&pl, lines);
	return cgroup_open(cg, "web", &pl, e);
}

/* A child in the pod's groups, as pod-exec places it. */
static pid_t live_in(const struct cgroup *cg)
{
	pid_t pid;
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		byte = (char)(poke_at(cg->v2, "cgroup.procs", "0") == 0 &&
			      cgroup_enter_v1(cg) == 0);
		if (write(ready[1], &byte, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	if (read(ready[0], &byte, 1) != 1 || !byte)
		diag("the child could not enter");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* pids.max, wherever it stands; "" where nothing limits it. */
static const char *pids_max(void)
{
	static char text[32];
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err e = {0};

	text[0] = '\0';
	if (cgtree_open(&t, "web", &e) == 0 &&
	    (t.pod2 < 0 || read_line_at(t.pod2, "pids.max", text, sizeof(text)) < 0) &&
	    t.pod1[CTL_PIDS] >= 0)
		read_line_at(t.pod1[CTL_PIDS], "pids.max", text, sizeof(text));
	return strcmp(text, "max") == 0 ? "" : text;
}

static void test_idle(void)
{
	OWN(cgroup_finish) struct cgroup cg = CGROUP_INIT;
	struct err e;

	is_int(open_pod(&cg, "pids.max 30\n", &e), 0, "groups are made");
	ok(cg.v2 >= 0, "app/ can be born into");
	is_str(pids_max(), "30", "with the limit");
	cgroup_finish(&cg);
	is_int(open_pod(&cg, "pids.max 31\n", &e), 0, "idle, the plan counts");
	is_str(pids_max(), "31", "and is applied");
	cgroup_finish(&cg);
	is_int(open_pod(&cg, "", &e), 0, "without the limit");
	is_str(pids_max(), "", "there is none");
	is_int((intmax_t)cg.nprocs, 0, "and no v1 group to enter");
}

static void test_live(void)
{
	OWN(cgroup_finish) struct cgroup cg = CGROUP_INIT, join = CGROUP_INIT;
	OWN_PLAN struct plan change = {0};
	struct err e;
	size_t before;
	pid_t pid;

	is_int(open_pod(&cg, "pids.max 30\n", &e), 0, "a pod starts");
	before = cg.nprocs;
	pid = live_in(&cg);
	plan(&change, "pids.max 20\nmemory.max 67108864\n");
	is_int(cgroup_set("web", &change, &e), 0, "its limits are changed while it lives");
	is_int(open_pod(&join, "pids.max 30\n", &e), 0, "another run joins");
	is_str(pids_max(), "20", "and does not undo it");
	ok(before == 0 || join.nprocs == before + 1, "the joined run enters the new group, too");
	cgroup_finish(&join);
	end(pid);
	is_int(open_pod(&join, "pids.max 30\n", &e), 0, "the next start");
	is_str(pids_max(), "30", "goes by the plan again");
	is_int((intmax_t)join.nprocs, (intmax_t)before, "and leaves nothing of the other limit");
}

static void test_frozen(void)
{
	OWN(cgroup_finish) struct cgroup cg = CGROUP_INIT, join = CGROUP_INIT;
	struct err e;
	pid_t pid;

	open_pod(&cg, "", &e);
	pid = live_in(&cg);
	poke_at(cg.v2, "cgroup.freeze", "1");
	ok(open_pod(&join, "", &e) < 0 && err_exit(&e) == POD_EXIT_BUSY,
	   "a frozen pod is not joined");
	end(pid);
	is_int(open_pod(&join, "", &e), 0, "a freeze that outlived its pod is lifted");
	is_int((intmax_t)cgroup_stat(join.v2, "cgroup.events", "frozen", 9), 0, "for good");
}

static void test_remove(void)
{
	OWN(cgroup_finish) struct cgroup cg = CGROUP_INIT;
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err e;
	pid_t pid;

	open_pod(&cg, "pids.max 30\nmemory.max 67108864\n", &e);
	is_int((intmax_t)cg.oom_before, 0, "nobody was killed for memory");
	pid = live_in(&cg);
	ok(cgroup_remove("web", &e) < 0 && err_exit(&e) == POD_EXIT_BUSY,
	   "not while something lives");
	end(pid);
	e = (struct err){0};
	is_int(cgroup_remove("web", &e), 0, "groups are removed");
	cgtree_open(&t, "web", &e);
	ok(t.pod2 < 0 && t.pod1[CTL_PIDS] < 0 && t.pod1[CTL_MEMORY] < 0, "everywhere");
	is_int(cgroup_remove("web", &e), 0, "twice is as good");
}

int main(void)
{
	struct cgroup_mounts m;
	OWN_BUF struct buf mounts = BUF_INIT;
	OWN_FREE char *top = xfmt("envpod-test-%d", (int)getpid());

	test_mounts();
	read_file_at(AT_FDCWD, "/proc/self/mountinfo", &mounts, 4 << 20);
	cgroup_mounts_parse(&m, mounts.data, mounts.len);
	if (geteuid() != 0 || !m.v2[0]) {
		skip_rest("the rest needs root and cgroup2");
		return done_testing();
	}
	setenv("ENVPOD_CGROUP", top, 1);
	test_idle();
	test_live();
	test_frozen();
	test_remove();
	return done_testing();
}
