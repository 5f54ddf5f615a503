/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/binds.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/mirror.h"
#include "tools/pod-mount/overlay.h"
#include "tools/pod-mount/source.h"
#include "tools/pod-mount/view.h"
#include "tools/pod-mount/words.h"

#define WALLED (MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID)

void bind_finish(struct bind_ask *b)
{
	free(b->source);
	free(b->target);
	*b = (struct bind_ask){0};
}

bool bind_parse(struct bind_ask *b, const char *value)
{
	static const char *const modes[] = {"ro", "rw", "cow"};
	OWN_STRV struct strv w = {0};

	if (line_split(&w, value, strlen(value), 4) != 3 || w.v[1][0] != '/' || w.v[2][0] != '/')
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(w.v[0], modes[i]) != 0)
			continue;
		b->mode = (enum bind_mode)i;
		b->source = path_clean("/", w.v[1]);
		b->target = path_clean("/", w.v[2]);
		return true;
	}
	return false;
}

bool bind_next(const struct plan *pl, size_t *i, struct bind_ask *b)
{
	const char *value;

	while ((value = plan_next(pl, "mount", i)))
		if (bind_parse(b, value))
			return true;
	return false;
}

/* A directory of the pod root's on a tmpfs of ours, or the host's owner and mode where it has one.
 */
static int make_dir(int dirfd, const char *name, int like, const struct shift *s)
{
	OWN_FD int fd = -1;

	if (mkdirat(dirfd, name, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : mirror_dir(like, fd, s);
}

static int make_parents(int root, const char *target, const struct shift *s)
{
	OWN_FREE char *path = xstrdup(target);

	for (char *p = path + 1;; p++) {
		OWN_FD int parent = -1, like = -1;
		const char *leaf;
		char c = *p;
		int r;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		parent = open_parent_beneath(root, path, &leaf);
		if (parent < 0)
			return parent;
		like = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = make_dir(parent, leaf, like, s);
		if (r < 0 || c == '\0')
			return r;
		*p = c;
	}
}

static int make_target(int root, const char *target, bool dir, const struct shift *s)
{
	OWN_FREE char *parent = xstrdup(target);
	OWN_FD int fd = -1;
	const char *leaf;
	int r;

	if (dir)
		return make_parents(root, target, s);
	*strrchr(parent, '/') = '\0';
	r = make_parents(root, parent, s);
	if (r < 0)
		return r;
	fd = open_parent_beneath(root, target, &leaf);
	if (fd < 0)
		return fd;
	return mknodat(fd, leaf, S_IFREG | 0644, 0) < 0 && errno != EEXIST ? -errno : 0;
}

int bind_target(const struct view *v, int root, const char *target, bool dir, struct err *e)
{
	const struct shift shift = shift_of_plan(v->plan);
	int flags = O_PATH | (dir ? O_DIRECTORY : 0);
	int fd = open_beneath(root, target, flags, 0);
	bool ours = strncmp(target, "/tmp/", 5) == 0 || strncmp(target, "/run/", 5) == 0;
	int r;

	if (fd == -ENOENT && ours) {
		r = make_target(root, target, dir, &shift);
		fd = r < 0 ? r : open_beneath(root, target, flags, 0);
	}
	if (fd >= 0)
		return fd;
	return err_set(e, -fd,
		       "find %s in the pod to mount on (the pod's own changes may have "
		       "removed or replaced it: envpod rollback %s)",
		       esc(target), v->pod->name);
}

static int fresh(int root, const char *target, const char *size, const char *mode, uid_t owner,
		 struct err *e)
{
	OWN_FD int dir = open_beneath(root, target, O_PATH | O_DIRECTORY, 0);
	char id[16];
	const char *const options[] = {"size", size, "mode", mode, "uid", id, "gid", id, NULL};
	OWN_FD int mnt = -1;
	int r;

	if (dir < 0)
		return err_set(e, -dir, "find %s in the view", target);
	snprintf(id, sizeof(id), "%u", owner);
	mnt = tmpfs_make(WALLED, options, e);
	if (mnt < 0)
		return mnt;
	r = mount_attach(mnt, dir, target, e);
	return r < 0 ? r : take_fd(&mnt);
}

/* place: what `at` is open on, for messages. */
static int put_dir_at(int at, const char *place, const char *name, uid_t owner, gid_t group,
		      mode_t mode, struct err *e)
{
	if (mkdirat(at, name, 0700) < 0 ||
	    fchownat(at, name, owner, group, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(at, name, mode, 0) < 0)
		return err_set(e, errno, "make %s/%s in the view", place, name);
	return 0;
}

static int put_dir(int run, const char *name, uid_t owner, gid_t group, mode_t mode, struct err *e)
{
	return put_dir_at(run, "/run", name, owner, group, mode, e);
}

/* What programs expect in /run, and the agent's own commands. */
static int fill_run(const struct view *v, int run, struct err *e)
{
	const struct shift s = shift_of_plan(v->plan);
	OWN_FREE char *user = xfmt("user/%u", s.uid);
	int r = put_dir(run, "lock", s.base, s.base, 01777, e);

	if (r == 0)
		r = put_dir(run, "envpod", s.base, s.base, 0755, e);
	if (r == 0)
		r = put_dir(run, "envpod/bin", s.base, s.base, 0755, e);
	if (r == 0)
		r = put_dir(run, "user", s.base, s.base, 0755, e);
	if (r == 0)
		r = put_dir(run, user, shift_uid(&s, s.uid), shift_gid(&s, s.gid), 0700, e);
	return r;
}

/* A directory of ours, as /run/envpod/NAME; nobody in the pod can write there. */
static int show_ours(int run, int from, const char *name, struct err *e)
{
	OWN_FREE char *path = xfmt("envpod/%s", name);
	OWN_FD int mnt = -1, to = -1;
	bool raw;

	mnt = clone_mapped(from, -1, WALLED | MOUNT_ATTR_RDONLY, &raw, e);
	if (mnt < 0)
		return mnt;
	to = openat(run, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return to < 0 ? err_set(e, errno, "open /run/%s", path) : mount_attach(mnt, to, path, e);
}

/* The commands an agent may call, where the installation has any. */
static int bind_commands(int run, struct err *e)
{
	OWN_FREE char *dir = agent_dir();
	OWN_FD int from = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return from < 0 ? 0 : show_ours(run, from, "bin", e);
}

/*
 * One that is the pod's on the host, made when missing: what comes into it later shows, too.  By
 * its path: a descriptor of the mount namespace we came from cannot be cloned.
 */
static int bind_made(const struct view *v, int run, const char *from, const char *name,
		     struct err *e)
{
	const struct shift s = shift_of_plan(v->plan);
	OWN_FREE char *path = xfmt("envpod/%s", name);
	OWN_FD int dir = -1;

	if (mkdir(from, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", from);
	dir = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 || fchmod(dir, 0755) < 0)
		return err_set(e, errno, "open %s", from);
	if (put_dir(run, path, s.base, s.base, 0755, e) < 0)
		return -e->code;
	return show_ours(run, dir, name, e);
}

/* queue.socket: the agent's socket, and the programs that execute its actions. */
static int bind_queue(const struct view *v, int run, struct err *e)
{
	const struct shift s = shift_of_plan(v->plan);
	OWN_FREE char *ours = data_path("actions"), *queue = xfmt("%s/queue", v->pod->runpath);
	OWN_FREE char *custom = xfmt("%s/actions", v->pod->path);
	OWN_FD int from = -1;
	int r;

	if (!plan_is(v->plan, "queue.socket", "yes"))
		return 0;
	r = bind_made(v, run, queue, "queue", e);
	if (r == 0)
		r = bind_made(v, run, custom, "custom", e);
	if (r == 0 && symlinkat("queue/sock", run, "envpod/queue.sock") < 0)
		r = err_set(e, errno, "make /run/envpod/queue.sock");
	from = open(ours, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r < 0 || from < 0)
		return r;
	r = put_dir(run, "envpod/actions", s.base, s.base, 0755, e);
	return r < 0 ? r : show_ours(run, from, "actions", e);
}

/* Where its user's programs meet, where X servers and sessions listen, and what its parts read. */
static int fill_desktop(const struct view *v, int tmp, int run, struct err *e)
{
	const struct shift s = shift_of_plan(v->plan);
	uid_t uid = (uid_t)plan_u64(v->plan, "desktop.uid", 0);
	gid_t gid = (gid_t)plan_u64(v->plan, "desktop.gid", 0);
	OWN_FREE char *user = xfmt("user/%u", uid), *ours = data_path("desktop");
	OWN_FD int from = -1;
	int r = 0;

	if (!plan_is(v->plan, "desktop", "yes"))
		return 0;
	if (uid != s.uid)
		r = put_dir(run, user, shift_uid(&s, uid), shift_gid(&s, gid), 0700, e);
	if (r == 0)
		r = put_dir_at(tmp, "/tmp", ".X11-unix", s.base, s.base, 01777, e);
	if (r == 0)
		r = put_dir_at(tmp, "/tmp", ".ICE-unix", s.base, s.base, 01777, e);
	if (r == 0)
		r = put_dir(run, "envpod/desktop", s.base, s.base, 0755, e);
	from = open(ours, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && from < 0)
		r = err_set(e, errno, "open %s, which a desktop is made of", ours);
	return r < 0 ? r : show_ours(run, from, "desktop", e);
}

/* The host's sockets live in /run; a fresh one hides them all, as does /tmp for X11 and agents. */
int bind_fresh(const struct view *v, int root, struct err *e)
{
	uid_t base = shift_of_plan(v->plan).base;
	OWN_FREE char *size =
		xfmt("%llu", (unsigned long long)plan_u64(v->plan, "tmp_size", 100 << 20));
	OWN_FD int tmp = fresh(root, "/tmp", size, "1777", base, e);
	OWN_FD int run = tmp < 0 ? -1 : fresh(root, "/run", "67108864", "755", base, e);
	int r;

	if (tmp < 0 || run < 0)
		return tmp < 0 ? tmp : -e->code;
	r = fill_run(v, run, e);
	if (r == 0)
		r = bind_commands(run, e);
	if (r == 0)
		r = bind_queue(v, run, e);
	return r < 0 ? r : fill_desktop(v, tmp, run, e);
}

static const char *const system_dirs[] = {"/usr",   "/bin",   "/sbin",   "/lib",
					  "/lib32", "/lib64", "/libx32", NULL};

bool bind_is_system(const struct view *v, const char *target)
{
	if (v->writable_system || !plan_is(v->plan, "system", "safe"))
		return false;
	for (const char *const *d = system_dirs; *d; d++)
		if (path_below(target, *d))
			return true;
	return false;
}

static int readonly_again(int root, const char *dir, struct err *e)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | WALLED};
	OWN_FD int at = open_beneath(root, dir, O_PATH | O_DIRECTORY, 0);
	OWN_FD int mnt = -1;

	if (at == -ENOENT || at == -ELOOP || at == -ENOTDIR)
		return 0; /* not here, or a symlink into /usr */
	if (at < 0)
		return err_set(e, -at, "open %s in the view", dir);
	mnt = open_tree(at, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mnt < 0)
		return err_set(e, errno, "clone %s", dir);
	if (mount_setattr(mnt, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "make %s read-only", dir);
	return mount_attach(mnt, at, dir, e);
}

int bind_system(const struct view *v, int root, struct err *e)
{
	int r = 0;

	for (const char *const *d = system_dirs; r == 0 && *d; d++)
		if (bind_is_system(v, *d))
			r = readonly_again(root, *d, e);
	return r;
}

/*
 * Ids are mapped for reading.  For writing only when root itself asked: otherwise pod root could
 * leave a setuid file of the host's root in a directory that no commit guards.
 */
int bind_make(const struct view *v, const struct bind_ask *b, struct err *e)
{
	OWN_FD int fd = source_find(v->host, b->source, e);
	OWN_FREE char *real = fd < 0 ? NULL : path_of(fd);
	bool mapped = b->mode == BIND_RO || plan_u64(v->plan, "identity.uid", 0) == 0;
	bool raw;
	int r;

	if (fd < 0)
		return fd;
	if (!real)
		return err_set(e, ENOENT, "mount %s", esc(b->source));
	r = bind_judge(v, b, real, e);
	if (r == 0 && b->mode == BIND_RW)
		r = written_add(v->pod, real, e);
	if (r < 0)
		return r;
	return clone_mapped(fd, mapped ? v->userns : -1,
			    WALLED | (b->mode == BIND_RO ? MOUNT_ATTR_RDONLY : 0), &raw, e);
}

int bind_attach(const struct view *v, int root, const struct bind_ask *b, struct err *e)
{
	OWN_FD int mnt = bind_make(v, b, e);
	OWN_FD int target = -1;
	struct stat st;

	if (mnt < 0)
		return mnt;
	if (fstat(mnt, &st) < 0)
		return err_set(e, errno, "look at %s", esc(b->source));
	target = bind_target(v, root, b->target, S_ISDIR(st.st_mode), e);
	return target < 0 ? target : mount_attach(mnt, target, esc(b->target), e);
}
