/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the host's root may mount here, since the mount namespace belongs to the initial user
 * namespace; and only a process inside the pod's pid, ipc and net namespaces mounts the proc,
 * mqueue and sysfs that show those.  So all of it happens between clone3 and setns(user).
 */
#include "tools/pod-exec/root.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-exec/mnt.h"

#define TTY_GROUP 5 /* of the pod; the same number in every distribution */

static int make_nodes(int dev, uid_t base, struct err *e)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = {
		{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
		{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		dev_t id = makedev(nodes[i].major, nodes[i].minor);

		if (mknodat(dev, nodes[i].name, S_IFCHR | 0666, id) < 0 ||
		    fchmodat(dev, nodes[i].name, 0666, 0) < 0 ||
		    fchownat(dev, nodes[i].name, base, base, AT_SYMLINK_NOFOLLOW) < 0)
			return err_set(e, errno, "make the pod's /dev/%s", nodes[i].name);
	}
	return 0;
}

/* Directories above a node, "dri" of "dri/renderD128". */
static int make_dirs(int dev, const char *name, uid_t base)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		OWN_FREE char *dir = strndup(name, (size_t)(slash - name));

		if (mkdirat(dev, dir, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (fchownat(dev, dir, base, base, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	}
	return 0;
}

/* The pod's own nodes of the host's devices: whoever is in the pod may use them. */
static int make_given(int dev, const struct root *root, struct err *e)
{
	for (size_t i = 0; i < root->needs->n_devices; i++) {
		const struct device *d = &root->needs->devices[i];
		const char *name = d->path + strlen("/dev/");
		int r = make_dirs(dev, name, root->base);

		if (r == 0 &&
		    (mknodat(dev, name, (d->type == 'b' ? S_IFBLK : S_IFCHR) | 0666,
			     makedev(d->major, d->minor)) < 0 ||
		     fchmodat(dev, name, 0666, 0) < 0 ||
		     fchownat(dev, name, root->base, root->base, AT_SYMLINK_NOFOLLOW) < 0))
			r = -errno;
		if (r < 0)
			return err_set(e, -r, "make the pod's %s", esc(d->path));
	}
	return 0;
}

static int make_links(int dev, uid_t base, struct err *e)
{
	static const char *const links[][2] = {
		{"ptmx", "pts/ptmx"},          {"fd", "/proc/self/fd"},
		{"stdin", "/proc/self/fd/0"},  {"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"},
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i][1], dev, links[i][0]) < 0 ||
		    fchownat(dev, links[i][0], base, base, AT_SYMLINK_NOFOLLOW) < 0)
			return err_set(e, errno, "make the pod's /dev/%s", links[i][0]);
	return 0;
}

static int mount_in_dev(int dev, const char *name, const char *type, const char *const *options,
			uint64_t attr, struct err *e)
{
	OWN_FD int mnt = -1;

	if (mkdirat(dev, name, 0755) < 0)
		return err_set(e, errno, "make the pod's /dev/%s", name);
	mnt = mnt_new(type, options, attr, e);
	return mnt < 0 ? mnt : mnt_attach(mnt, dev, name, name, e);
}

static int fill_dev(int dev, const struct root *root, struct err *e)
{
	unsigned long long shm = plan_u64(root->plan, "shm_size", 64ull << 20);
	OWN_FREE char *owner = xfmt("uid=%u", root->base), *group = xfmt("gid=%u", root->base);
	OWN_FREE char *tty = xfmt("gid=%u", root->base + TTY_GROUP), *size = xfmt("size=%llu", shm);
	const char *const pts[] = {"newinstance", "ptmxmode=0666", "mode=0620", tty, NULL};
	const char *const mem[] = {"mode=1777", owner, group, size, NULL};
	const uint64_t quiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	int r = make_nodes(dev, root->base, e);

	if (r == 0)
		r = make_links(dev, root->base, e);
	if (r == 0)
		r = make_given(dev, root, e);
	if (r == 0)
		r = mount_in_dev(dev, "pts", "devpts", pts, quiet, e);
	if (r == 0)
		r = mount_in_dev(dev, "mqueue", "mqueue", NULL, MNT_SAFE, e);
	if (r == 0)
		r = mount_in_dev(dev, "shm", "tmpfs", mem, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	return r;
}

/* Not NODEV, for its own nodes; nobody inside may make more, and it is too small to hide data in.
 */
static int build_dev(struct root *root, struct err *e)
{
	OWN_FREE char *owner = xfmt("uid=%u", root->base), *group = xfmt("gid=%u", root->base);
	const char *const options[] = {"mode=0755", "size=256k", "nr_inodes=512",
				       owner,       group,       NULL};
	OWN_FD int dev = mnt_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);
	int r = dev < 0 ? dev : mnt_attach(dev, AT_FDCWD, "dev", "/dev", e);

	if (r == 0)
		r = fill_dev(dev, root, e);
	if (r < 0)
		return r;
	root->null = openat(dev, "null", O_RDWR | O_CLOEXEC);
	return root->null < 0 ? err_set(e, errno, "open the pod's /dev/null") : 0;
}

/* What the pod must not read, what it must not write, as OCI runtimes have it. */
enum cover { COVER_READ_ONLY, COVER_NULL, COVER_EMPTY };

struct covered {
	const char *name;
	enum cover how;
};

static const struct covered proc_covers[] = {
	{"sys", COVER_READ_ONLY},    {"bus", COVER_READ_ONLY},   {"fs", COVER_READ_ONLY},
	{"irq", COVER_READ_ONLY},    {"acpi", COVER_EMPTY},      {"asound", COVER_EMPTY},
	{"scsi", COVER_EMPTY},       {"driver", COVER_EMPTY},    {"sysrq-trigger", COVER_NULL},
	{"kcore", COVER_NULL},       {"keys", COVER_NULL},       {"key-users", COVER_NULL},
	{"kallsyms", COVER_NULL},    {"timer_list", COVER_NULL}, {"latency_stats", COVER_NULL},
	{"sched_debug", COVER_NULL},
};

static const struct covered sys_covers[] = {
	{"firmware", COVER_EMPTY},
	{"devices/virtual/powercap", COVER_EMPTY},
	{"devices/virtual/dmi", COVER_EMPTY},
	{"fs/cgroup", COVER_EMPTY}, /* where our own tmpfs lies */
	{"fs/bpf", COVER_EMPTY},
	{"fs/pstore", COVER_EMPTY},
	{"kernel/debug", COVER_EMPTY},
	{"kernel/tracing", COVER_EMPTY},
	{"kernel/security", COVER_EMPTY},
};

static int cover_one(int dir, const struct covered *c, const int sources[], struct err *e)
{
	OWN_FD int to = open_beneath(dir, c->name, O_PATH | O_NOFOLLOW, 0);
	int from = c->how == COVER_READ_ONLY ? to : sources[c->how], r;
	uint64_t attr = c->how == COVER_NULL ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC
					     : MNT_SAFE | MOUNT_ATTR_RDONLY;

	if (to == -ENOENT)
		return 0; /* this kernel has no such name */
	r = to < 0 ? to : mnt_cover(from, to, attr);
	return r < 0 ? err_set(e, -r, "cover %s in the pod", c->name) : 0;
}

static int cover_all(int dir, const struct covered *c, size_t n, const int sources[], struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int r = cover_one(dir, &c[i], sources, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int build_sys(int *sys, struct err *e)
{
	*sys = mnt_new("sysfs", NULL, MNT_SAFE | MOUNT_ATTR_RDONLY, e);
	return *sys < 0 ? *sys : mnt_attach(*sys, AT_FDCWD, "sys", "/sys", e);
}

static int build_proc(int *proc, struct err *e)
{
	*proc = mnt_new("proc", NULL, MNT_SAFE, e);
	return *proc < 0 ? *proc : mnt_attach(*proc, AT_FDCWD, "proc", "/proc", e);
}

/*
 * An attached tmpfs to clone from, since detached mounts cannot be cloned before Linux 6.15: empty,
 * or with an empty directory beside the files that show limits.
 */
static int build_own(int sys, bool shown, struct err *e)
{
	static const char *const bare[] = {"mode=0555", "size=4k", "nr_inodes=2", NULL};
	static const char *const roomy[] = {"mode=0755", "size=2m", NULL};
	OWN_FD int mnt = mnt_new("tmpfs", shown ? roomy : bare,
				 MNT_SAFE | (shown ? 0 : MOUNT_ATTR_RDONLY), e);
	int r = mnt < 0 ? mnt : mnt_attach(mnt, sys, "fs/cgroup", "/sys/fs/cgroup", e);

	if (r == 0 && shown && mkdirat(mnt, "empty", 0555) < 0)
		r = err_set(e, errno, "make an empty directory for the pod");
	return r < 0 ? r : take_fd(&mnt);
}

static int cover_proc_and_sys(const struct root *root, int proc, int sys, int empty, struct err *e)
{
	const int sources[] = {
		[COVER_READ_ONLY] = -1, [COVER_NULL] = root->null, [COVER_EMPTY] = empty};
	int r = cover_all(proc, proc_covers, sizeof(proc_covers) / sizeof(proc_covers[0]), sources,
			  e);

	if (r < 0)
		return r;
	return cover_all(sys, sys_covers, sizeof(sys_covers) / sizeof(sys_covers[0]), sources, e);
}

int root_build(struct root *root, struct err *e)
{
	OWN_FD int proc = -1, sys = -1, own = -1, empty = -1;
	bool shown = shown_any(root->shown);
	int r = build_dev(root, e);

	if (r == 0)
		r = build_proc(&proc, e);
	if (r == 0)
		r = build_sys(&sys, e);
	if (r < 0)
		return r;
	own = build_own(sys, shown, e);
	if (own < 0)
		return own;
	empty = openat(own, shown ? "empty" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (empty < 0)
		return err_set(e, errno, "open an empty directory for the pod");
	r = shown ? shown_build(root->shown, own, proc, sys, e) : 0;
	return r < 0 ? r : cover_proc_and_sys(root, proc, sys, empty, e);
}

/* Cover sources of our own: those of the pod's /dev are its root's to replace. */
static int build_sources(int sources[], struct err *e)
{
	OWN_FD int sys = open_beneath(AT_FDCWD, "sys", O_PATH | O_DIRECTORY, 0);
	OWN_FD int own = sys < 0 ? -1 : build_own(sys, true, e);
	OWN_FD int none =
		own < 0 ? -1 : openat(own, "none", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	if (sys < 0)
		return err_set(e, -sys, "open the pod's /sys");
	if (own < 0)
		return own;
	sources[COVER_READ_ONLY] = -1;
	sources[COVER_EMPTY] = openat(own, "empty", O_PATH | O_DIRECTORY | O_CLOEXEC);
	sources[COVER_NULL] = openat(own, "none", O_PATH | O_CLOEXEC);
	if (none < 0 || sources[COVER_EMPTY] < 0 || sources[COVER_NULL] < 0)
		return err_set(e, errno, "make what covers /proc");
	return 0;
}

int root_apart(struct err *e)
{
	static const char *const shm[] = {"mode=1777", "size=64m", NULL};
	int sources[] = {[COVER_READ_ONLY] = -1, [COVER_NULL] = -1, [COVER_EMPTY] = -1};
	OWN_FD int proc = -1, mem = -1, queues = -1;
	int r = build_sources(sources, e);

	if (r == 0)
		r = build_proc(&proc, e);
	if (r == 0)
		r = cover_all(proc, proc_covers, sizeof(proc_covers) / sizeof(proc_covers[0]),
			      sources, e);
	own_close(&sources[COVER_NULL]);
	own_close(&sources[COVER_EMPTY]);
	if (r < 0)
		return r;
	mem = mnt_new("tmpfs", shm, MNT_SAFE, e);
	queues = mem < 0 ? -1 : mnt_new("mqueue", NULL, MNT_SAFE, e);
	if (queues < 0)
		return -e->code;
	r = mnt_attach(mem, AT_FDCWD, "dev/shm", "/dev/shm", e);
	return r < 0 ? r : mnt_attach(queues, AT_FDCWD, "dev/mqueue", "/dev/mqueue", e);
}

/*
 * pivot_root(".", ".") puts the old root on top of the new one, at the same place; letting go of it
 * leaves nothing that a stray descriptor or /proc/PID/cwd could point out by.
 */
int root_enter(struct err *e)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(e, errno,
			       "make the working directory the root (pod-exec must stand in a "
			       "view: run it by pod-mount enter POD -- pod-exec POD -- COMMAND)");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_set(e, errno, "leave the host's root");
	return 0;
}
