/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A first write to cgroup.procs after a pause costs 7 ms (KERNEL-NOTES 10.3), so a v1 group is
 * made only for a controller that a limit needs, and kept as long as something lives in the pod.
 */
#include "libcommon/cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_limits.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/io.h"
#include "libcommon/own.h"

#define SETTLE_MS 1000 /* how long a removal waits for processes that were just killed */

static uint64_t oom_count(const struct cgtree *t)
{
	uint64_t v2 = cgroup_stat(t->pod2, "memory.events", "oom_kill", 0);

	return v2 + cgroup_stat(t->pod1[CTL_MEMORY], "memory.oom_control", "oom_kill", 0);
}

static bool wants(const struct plan *pl, enum controller c)
{
	for (size_t l = 0; l < nlimits; l++)
		if (limits[l].ctl == c && plan_str(pl, limits[l].key, NULL))
			return true;
	return false;
}

/* Idle v1 groups that no limit needs any more; the io group always, for it has no "unlimited". */
static void drop_stale(struct cgtree *t, const struct plan *pl)
{
	for (enum controller c = 0; c < CTL_COUNT; c++)
		if (t->pod1[c] >= 0 && (c == CTL_IO || !wants(pl, c)))
			cgtree_remove_v1(t, c, 0);
}

static bool same_dir(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Controllers mounted together ("cpu,cpuset") share one group: enter it once. */
static bool is_repeat(const struct cgtree *t, enum controller c)
{
	for (enum controller b = 0; b < c; b++)
		if (t->pod1[b] >= 0 && same_dir(t->pod1[b], t->pod1[c]))
			return true;
	return false;
}

static int open_handles(struct cgroup *cg, const struct cgtree *t, const char *part, struct err *e)
{
	cg->v2 = -1;
	if (t->pod2 >= 0) {
		cg->v2 = openat(t->pod2, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (cg->v2 < 0)
			return err_set(e, errno, "open cgroup %s/%s/%s", t->at.v2, t->group, part);
	}
	for (enum controller c = 0; c < CTL_COUNT; c++) {
		int fd;

		if (t->pod1[c] < 0 || is_repeat(t, c))
			continue;
		fd = openat(t->pod1[c], "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(e, errno, "open cgroup %s/%s/cgroup.procs", t->at.v1[c],
				       t->group);
		cg->procs[cg->nprocs++] = fd;
	}
	cg->oom_before = oom_count(t);
	return 0;
}

/*
 * What is born in a frozen group waits before its first instruction, for ever if nobody thaws it.
 * A freeze that outlived its processes has nothing to stop any more.
 */
static int check_frozen(const struct cgtree *t, const char *pod, const char *part, bool live,
			struct err *e)
{
	OWN_FREE char *file = xfmt("%s/cgroup.freeze", part);
	char text[8];

	if (t->pod2 < 0 || read_line_at(t->pod2, file, text, sizeof(text)) < 0 ||
	    strcmp(text, "1") != 0)
		return 0;
	if (live)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "pod %s is frozen; let it go on with: envpod unlock %s", pod,
				  pod);
	poke_at(t->pod2, file, "0");
	return 0;
}

static int open_part(struct cgroup *cg, const char *pod, const char *part, const struct plan *pl,
		     struct err *e)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	bool live;
	int r = cgtree_open(&t, pod, e);

	*cg = (struct cgroup)CGROUP_INIT;
	if (r < 0)
		return r;
	live = cgtree_populated(&t);
	if (!live)
		drop_stale(&t, pl);
	cgtree_make_v2(&t); /* where it cannot be had, v1 or nothing must do */
	r = check_frozen(&t, pod, part, live, e);
	if (r == 0 && !live)
		r = check_frozen(&t, pod, "guardian", live, e);
	if (r == 0)
		r = limits_apply(&t, pl, live ? LIMITS_NEW : LIMITS_ALL, e);
	if (r == 0)
		r = open_handles(cg, &t, part, e);
	if (r < 0)
		cgroup_finish(cg);
	return r;
}

int cgroup_open(struct cgroup *cg, const char *pod, const struct plan *pl, struct err *e)
{
	return open_part(cg, pod, "app", pl, e);
}

int cgroup_open_guardian(struct cgroup *cg, const char *pod, const struct plan *pl, struct err *e)
{
	return open_part(cg, pod, "guardian", pl, e);
}

void cgroup_finish(struct cgroup *cg)
{
	own_close(&cg->v2);
	for (size_t i = 0; i < cg->nprocs; i++)
		own_close(&cg->procs[i]);
	*cg = (struct cgroup)CGROUP_INIT;
}

int cgroup_enter_v1(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->nprocs; i++) {
		int r = write_full(cg->procs[i], "0", 1);

		if (r < 0)
			return r;
	}
	return 0;
}

uint64_t cgroup_oom_count(const char *pod)
{
	struct err e = {0};
	OWN_CGTREE struct cgtree t = CGTREE_INIT;

	return cgtree_open(&t, pod, &e) < 0 ? 0 : oom_count(&t);
}

/* What lives in the pod's v2 group follows into a v1 group that was made under it just now. */
static int move_in(int procs, int dir, const char *sub)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FREE char *file = xfmt("%s/cgroup.procs", sub);
	int moved = 0;

	if (read_file_at(dir, file, &b, 1 << 20) < 0)
		return 0;
	for (char *pid = b.data; pid && *pid;
	     pid = strchr(pid, '\n') ? strchr(pid, '\n') + 1 : NULL)
		moved += write_full(procs, pid, strcspn(pid, "\n")) == 0;
	return moved;
}

static void move_all(const struct cgtree *t)
{
	for (enum controller c = 0; c < CTL_COUNT; c++) {
		OWN_FD int procs = -1;

		if (!t->new1[c] || t->pod2 < 0)
			continue;
		procs = openat(t->pod1[c], "cgroup.procs", O_WRONLY | O_CLOEXEC);
		/* Twice: what was forked while the first list was read. */
		for (int i = 0; i < 2 && procs >= 0; i++) {
			move_in(procs, t->pod2, "app");
			move_in(procs, t->pod2, "guardian");
		}
	}
}

static int change(const char *pod, const struct plan *pl, enum limits_how how, struct err *e)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	int r = cgtree_open(&t, pod, e);

	if (r < 0)
		return r;
	if (how == LIMITS_ALL && !cgtree_populated(&t))
		drop_stale(&t, pl);
	cgtree_make_v2(&t);
	r = limits_apply(&t, pl, how, e);
	if (r == 0)
		move_all(&t);
	return r;
}

int cgroup_apply(const char *pod, const struct plan *pl, struct err *e)
{
	return change(pod, pl, LIMITS_ALL, e);
}

int cgroup_set(const char *pod, const struct plan *pl, struct err *e)
{
	return change(pod, pl, LIMITS_ONLY, e);
}

int cgroup_remove(const char *pod, struct err *e)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	int r = cgtree_open(&t, pod, e), one;

	if (r < 0)
		return r;
	if (cgtree_wait_empty(&t, SETTLE_MS) < 0)
		return err_status(
			e, POD_EXIT_BUSY, ERR_PLAIN,
			"pod %s still has processes (pod-limit kill %s ends them): remove "
			"cgroup %s",
			pod, pod, t.group);
	r = cgtree_remove_v2(&t, SETTLE_MS);
	for (enum controller c = 0; c < CTL_COUNT; c++) {
		one = cgtree_remove_v1(&t, c, SETTLE_MS);
		r = r < 0 ? r : one;
	}
	return r < 0 ? err_status(e, POD_EXIT_BUSY, -r, "remove cgroup %s", t.group) : 0;
}
