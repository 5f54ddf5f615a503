/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/cgroup_tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/unit.h"

#define MOUNTINFO_MAX (4u << 20)

const struct controller_name controller_names[CTL_COUNT] = {
	[CTL_CPU] = {"cpu", "cpu"},          [CTL_CPUSET] = {"cpuset", "cpuset"},
	[CTL_MEMORY] = {"memory", "memory"}, [CTL_PIDS] = {"pids", "pids"},
	[CTL_IO] = {"io", "blkio"},
};

/* Is word one of the words of list, which are parted by one of sep or a newline? */
static bool has_word(const char *list, const char *word, const char *sep)
{
	size_t n = strlen(word);

	while (*list) {
		size_t len = strcspn(list, sep);

		if (len == n && memcmp(list, word, n) == 0)
			return true;
		list += len;
		list += strspn(list, sep);
	}
	return false;
}

/* Undo mountinfo's \040 and copy; a path that does not fit counts as absent. */
static void copy_path(char out[256], const char *path)
{
	size_t n = 0;
	unsigned c;

	for (; *path && n < 255; path++) {
		if (*path == '\\' && sscanf(path + 1, "%3o", &c) == 1) {
			out[n++] = (char)c;
			path += 3;
		} else
			out[n++] = *path;
	}
	out[*path ? 0 : n] = '\0';
}

/* "ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAG]... - TYPE SOURCE SUPEROPTIONS" */
static void parse_mount(struct cgroup_mounts *m, const char *line)
{
	char point[512], type[16], super[512];
	const char *dash = strstr(line, " - ");

	if (!dash || sscanf(line, "%*s %*s %*s %*s %511s", point) != 1 ||
	    sscanf(dash, " - %15s %*s %511s", type, super) != 2)
		return;
	if (strcmp(type, "cgroup2") == 0 && !m->v2[0])
		copy_path(m->v2, point);
	if (strcmp(type, "cgroup") != 0)
		return;
	for (int c = 0; c < CTL_COUNT; c++)
		if (!m->v1[c][0] && has_word(super, controller_names[c].v1, ","))
			copy_path(m->v1[c], point);
}

void cgroup_mounts_parse(struct cgroup_mounts *m, const char *mountinfo, size_t len)
{
	const char *end = mountinfo + len;
	char line[2048];

	*m = (struct cgroup_mounts){0};
	while (mountinfo < end) {
		const char *eol = memchr(mountinfo, '\n', (size_t)(end - mountinfo));
		size_t n = (size_t)((eol ? eol : end) - mountinfo);

		if (n < sizeof(line)) {
			memcpy(line, mountinfo, n);
			line[n] = '\0';
			parse_mount(m, line);
		}
		mountinfo += n + 1;
	}
}

/* FNV-1a: to tell run directories apart, not to keep anybody out. */
static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static const char *top_name(void)
{
	const char *name = secure_getenv("ENVPOD_CGROUP");

	return name && *name && strlen(name) < 40 && !strchr(name, '/') && name[0] != '.'
		       ? name
		       : "envpod";
}

static void group_name(char out[128], const char *pod)
{
	if (strcmp(pod_run_dir(), "/run/envpod") == 0)
		snprintf(out, 128, "%s/%.63s", top_name(), pod);
	else
		snprintf(out, 128, "%s/%.63s@%08x", top_name(), pod, hash(pod_run_dir()));
}

static int open_dir(int dirfd, const char *path)
{
	return openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int open_root(const char *path)
{
	return path[0] ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* The pod's group in a v1 hierarchy; most pods have none, so nothing else is opened there. */
static int open_v1(const struct cgtree *t, enum controller c)
{
	char path[400];

	if (!t->at.v1[c][0])
		return -1;
	snprintf(path, sizeof(path), "%s/%s", t->at.v1[c], t->group);
	return open_dir(AT_FDCWD, path);
}

/* What pod2 has, once: it is asked for each controller. */
static void read_has(struct cgtree *t)
{
	char text[sizeof(t->has2) - 2];

	t->has2[0] = '\0';
	if (t->pod2 >= 0 && read_line_at(t->pod2, "cgroup.controllers", text, sizeof(text)) == 0)
		snprintf(t->has2, sizeof(t->has2), "%s", text);
}

static bool is_cgroup(const char *path, long magic)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == magic;
}

/*
 * Where distributions put them.  True if that is every controller there is; whoever has one
 * elsewhere, or none, is told by mountinfo, which takes twenty times as long.
 */
static bool usual_mounts(struct cgroup_mounts *m)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", NULL};
	char has[512] = "";

	*m = (struct cgroup_mounts){0};
	for (const char *const *p = places; *p && !m->v2[0]; p++)
		if (is_cgroup(*p, CGROUP2_SUPER_MAGIC))
			snprintf(m->v2, sizeof(m->v2), "%s", *p);
	if (m->v2[0]) {
		OWN_FREE char *file = xfmt("%s/cgroup.controllers", m->v2);

		read_line_at(AT_FDCWD, file, has, sizeof(has));
	}
	for (int c = 0; c < CTL_COUNT; c++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", places[0], controller_names[c].v1);
		if (is_cgroup(path, CGROUP_SUPER_MAGIC))
			snprintf(m->v1[c], sizeof(m->v1[c]), "%s", path);
		else if (!has_word(has, controller_names[c].v2, " "))
			return false;
	}
	return m->v2[0];
}

static int find_mounts(struct cgroup_mounts *m, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	if (usual_mounts(m))
		return 0;
	r = read_file_at(AT_FDCWD, "/proc/self/mountinfo", &b, MOUNTINFO_MAX);
	if (r < 0)
		return err_set(e, -r, "read /proc/self/mountinfo");
	cgroup_mounts_parse(m, b.data, b.len);
	return 0;
}

int cgtree_open(struct cgtree *t, const char *pod, struct err *e)
{
	int r;

	*t = (struct cgtree)CGTREE_INIT;
	r = find_mounts(&t->at, e);
	if (r < 0)
		return r;
	group_name(t->group, pod);
	t->root2 = open_root(t->at.v2);
	t->pod2 = t->root2 < 0 ? -1 : open_dir(t->root2, t->group);
	read_has(t);
	for (enum controller c = 0; c < CTL_COUNT; c++)
		t->pod1[c] = open_v1(t, c);
	return 0;
}

void cgtree_finish(struct cgtree *t)
{
	own_close(&t->root2);
	own_close(&t->pod2);
	for (int c = 0; c < CTL_COUNT; c++)
		own_close(&t->pod1[c]);
}

/* mkdir TOP and TOP/GROUP.  Somebody's remove may take an empty TOP away in between: again. */
static int make_group(int root, const char *group, int (*each)(int root, const char *path))
{
	char top[128];
	int r;

	snprintf(top, sizeof(top), "%.*s", (int)strcspn(group, "/"), group);
	for (int tries = 0; tries < 8; tries++) {
		r = mkdirat(root, top, 0755) < 0 && errno != EEXIST ? -errno : 0;
		if (r == 0 && each)
			r = each(root, top);
		if (r == 0)
			r = mkdirat(root, group, 0755) < 0 && errno != EEXIST ? -errno : 0;
		if (r == 0 && each)
			r = each(root, group);
		if (r != -ENOENT)
			break;
	}
	if (r < 0)
		return r;
	r = open_dir(root, group);
	return r < 0 ? -errno : r;
}

static const char *const subs[] = {"app", "guardian"};

#define SUBS (sizeof(subs) / sizeof(subs[0]))

int cgtree_make_v2(struct cgtree *t)
{
	if (t->root2 < 0)
		return -ENOENT;
	if (t->pod2 < 0) {
		int fd = make_group(t->root2, t->group, NULL);

		if (fd < 0)
			return fd;
		t->pod2 = fd;
		t->new2 = true;
		read_has(t);
	}
	for (size_t i = 0; i < SUBS; i++)
		if (faccessat(t->pod2, subs[i], F_OK, 0) < 0 &&
		    mkdirat(t->pod2, subs[i], 0755) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

/* A new v1 cpuset group is empty and takes no process (ENOSPC) until it has both. */
static int inherit_cpuset(int root, const char *path)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	char own[192], up[192], text[1024];
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		const char *slash = strchr(path, '/');

		snprintf(own, sizeof(own), "%s/%s", path, files[i]);
		snprintf(up, sizeof(up), "%.*s%s%s", slash ? (int)(slash - path) : 0, path,
			 slash ? "/" : "", files[i]);
		r = read_line_at(root, own, text, sizeof(text));
		if (r < 0 || text[0])
			continue;
		r = read_line_at(root, up, text, sizeof(text));
		if (r == 0)
			r = poke_at(root, own, text);
	}
	return r;
}

int cgtree_make_v1(struct cgtree *t, enum controller c)
{
	OWN_FD int root = -1;
	int fd;

	if (t->pod1[c] >= 0)
		return 0;
	root = open_root(t->at.v1[c]);
	if (root < 0)
		return -ENOENT;
	fd = make_group(root, t->group, c == CTL_CPUSET ? inherit_cpuset : NULL);
	if (fd < 0)
		return fd;
	t->pod1[c] = fd;
	t->new1[c] = true;
	return 0;
}

bool cgtree_has(const struct cgtree *t, enum controller c)
{
	return has_word(t->has2, controller_names[c].v2, " ");
}

static bool root_has(const struct cgtree *t, enum controller c)
{
	char text[512];

	return read_line_at(t->root2, "cgroup.controllers", text, sizeof(text)) == 0 &&
	       has_word(text, controller_names[c].v2, " ");
}

int cgtree_enable(struct cgtree *t, enum controller c)
{
	char word[16], path[192];
	int r;

	if (t->pod2 < 0)
		return -ENOENT;
	if (cgtree_has(t, c))
		return 0;
	if (!root_has(t, c))
		return -ENOENT;
	snprintf(word, sizeof(word), "+%s", controller_names[c].v2);
	r = poke_at(t->root2, "cgroup.subtree_control", word);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%.*s/cgroup.subtree_control", (int)strcspn(t->group, "/"),
		 t->group);
	r = poke_at(t->root2, path, word);
	read_has(t);
	return r;
}

unsigned long long cgroup_stat(int dirfd, const char *file, const char *key,
			       unsigned long long fallback)
{
	OWN_BUF struct buf b = BUF_INIT;
	size_t n = strlen(key);
	const char *p;

	if (dirfd < 0 || read_file_at(dirfd, file, &b, 65536) < 0)
		return fallback;
	for (p = b.data; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, key, n) == 0 && p[n] == ' ')
			return strtoull(p + n + 1, NULL, 10);
	return fallback;
}

static bool has_procs(int dir)
{
	char line[32];

	return dir >= 0 && read_line_at(dir, "cgroup.procs", line, sizeof(line)) == 0 && line[0];
}

bool cgtree_populated(const struct cgtree *t)
{
	/* What is in a v1 group is in the v2 group, too. */
	if (t->pod2 >= 0)
		return cgroup_stat(t->pod2, "cgroup.events", "populated", 0) != 0;
	for (int c = 0; c < CTL_COUNT; c++)
		if (has_procs(t->pod1[c]))
			return true;
	return false;
}

/* The file wakes POLLPRI waiters whenever one of its values has changed since it was read. */
int cgroup_wait_event(int dirfd, const char *key, unsigned long long value, int wait_ms)
{
	OWN_FD int fd = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd changed = {.fd = fd, .events = POLLPRI};
	char text[256];

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int r;

		if (n < 0)
			return -errno;
		if (cgroup_stat(dirfd, "cgroup.events", key, !value) == value)
			return 0;
		r = poll(&changed, 1, wait_ms);
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

int cgtree_wait_empty(const struct cgtree *t, int wait_ms)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	if (t->pod2 >= 0)
		cgroup_wait_event(t->pod2, "populated", 0, wait_ms);
	else
		for (; wait_ms > 0 && cgtree_populated(t); wait_ms -= 2)
			nanosleep(&pause, NULL); /* v1 has no event for it */
	return cgtree_populated(t) ? -EBUSY : 0;
}

/* Children first; what a person made inside goes too. */
static int remove_below(int parent, const char *name, int depth)
{
	OWN_FD int fd = open_dir(parent, name);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(take_fd(&fd));
	struct dirent *ent;

	while (d && depth < 16 && (ent = readdir(d)))
		if (ent->d_type == DT_DIR && ent->d_name[0] != '.')
			remove_below(dirfd(d), ent->d_name, depth + 1);
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* A group stays EBUSY for some milliseconds after its last process was reaped. */
static int remove_idle(int parent, const char *name, int wait_ms)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	int r;

	while ((r = remove_below(parent, name, 0)) == -EBUSY && (wait_ms -= 2) >= 0)
		nanosleep(&pause, NULL);
	return r;
}

static int remove_group(int root, const char *group, int wait_ms)
{
	char top[128];
	int r = remove_idle(root, group, wait_ms);

	snprintf(top, sizeof(top), "%.*s", (int)strcspn(group, "/"), group);
	if (r == 0)
		unlinkat(root, top, AT_REMOVEDIR); /* only when ours was the last */
	return r;
}

int cgtree_remove_v2(struct cgtree *t, int wait_ms)
{
	int r = t->pod2 < 0 ? 0 : remove_group(t->root2, t->group, wait_ms);

	if (r == 0) {
		own_close(&t->pod2);
		t->pod2 = -1;
	}
	return r;
}

int cgtree_renew_v2(struct cgtree *t, int wait_ms)
{
	int r = 0;

	for (size_t i = 0; i < SUBS && r == 0 && t->pod2 >= 0; i++)
		r = remove_idle(t->pod2, subs[i], wait_ms);
	return r < 0 || t->pod2 < 0 ? r : cgtree_make_v2(t);
}

int cgtree_remove_v1(struct cgtree *t, enum controller c, int wait_ms)
{
	OWN_FD int root = t->pod1[c] < 0 ? -1 : open_root(t->at.v1[c]);
	int r = root < 0 ? 0 : remove_group(root, t->group, wait_ms);

	if (r == 0) {
		own_close(&t->pod1[c]);
		t->pod1[c] = -1;
	}
	return r;
}
