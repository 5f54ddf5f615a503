/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-mount gc: what nothing needs any more.  First what archives and half-made bases hold, then
 * the layers that nothing names: they are listed before it is asked who names what, so that a layer
 * that comes up meanwhile is none of them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/layers.h"

#define ARCHIVE_AGE "7d"

struct gc {
	bool dry;
	uint64_t age; /* seconds */
	size_t layers, archives, bases, runs;
};

static int list(struct strv *names, int *fd, const char *dir, struct err *e)
{
	OWN_DIR DIR *d = NULL;
	const char *name;
	int more;

	*fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "list %s", dir);
	d = fdopendir(fcntl(*fd, F_DUPFD_CLOEXEC, 3));
	more = d ? 0 : -errno;
	while (d && (more = dir_next(d, &name)) > 0)
		strv_add(names, name);
	return more < 0 ? err_set(e, -more, "list %s", dir) : 0;
}

static int drop(const struct gc *g, int dir, const char *name, size_t *count, struct err *e)
{
	int r = g->dry ? 0 : remove_tree_at(dir, name);

	++*count;
	say_note("%s", name);
	return r < 0 ? err_set(e, -r, "remove %s", name) : 0;
}

/* --- layers --- */

/* ".new-ID" is ID's while it is made. */
static const char *id_of(const char *name)
{
	return strncmp(name, ".new-", 5) == 0 ? name + 5 : name;
}

static int collect_layers(struct gc *g, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());
	OWN_HOLDERS struct holders h = {0};
	OWN_STRV struct strv names = {0};
	OWN_FD int fd = -1;
	int r = list(&names, &fd, path, e);

	if (r == 0)
		r = holders_load(&h, NULL, HOLDERS_ALL, e);
	if (r == 0 && h.all)
		return err_set(e, EIO, "find out which layers are in use");
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!holders_has(&h, id_of(names.v[i])))
			r = drop(g, fd, names.v[i], &g->layers, e);
	return r;
}

/* --- archives --- */

/* The time in NAME-YYYYmmddTHHMMSSZ, with or without a number behind it. */
static time_t archived_at(const char *name, int dir)
{
	const char *at = strrchr(name, '-');
	struct tm tm = {0};
	struct stat st;

	if (at && strptime(at + 1, "%Y%m%dT%H%M%SZ", &tm))
		return timegm(&tm);
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mtime : time(NULL);
}

/* All but the audit log, which outlives its pod. */
static int empty_archive(const struct gc *g, int fd, size_t *gone, struct err *e)
{
	OWN_FREE char *here = xfmt("/proc/self/fd/%d/.", fd);
	OWN_STRV struct strv names = {0};
	OWN_FD int again = -1;
	int r = list(&names, &again, here, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (strcmp(names.v[i], "audit") != 0)
			r = drop(g, fd, names.v[i], gone, e);
	return r;
}

static int collect_archives(struct gc *g, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/archive", pod_state_dir());
	OWN_STRV struct strv names = {0};
	OWN_FD int fd = -1;
	int r = list(&names, &fd, path, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		OWN_FD int sub = -1;
		size_t gone = 0;

		if (archived_at(names.v[i], fd) + (time_t)g->age > time(NULL))
			continue;
		sub = openat(fd, names.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = sub < 0 ? 0 : empty_archive(g, sub, &gone, e);
		g->archives += gone > 0;
		unlinkat(fd, names.v[i], g->dry ? 0 : AT_REMOVEDIR); /* without an audit log */
	}
	return r;
}

/* --- bases that were never finished, or half removed --- */

static int collect_bases(struct gc *g, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/bases", pod_state_dir());
	OWN_STRV struct strv names = {0};
	OWN_FD int fd = -1;
	int r = list(&names, &fd, path, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		OWN(pod_finish) struct pod p = POD_INIT;
		struct err gone = {0};

		if (strncmp(names.v[i], ".old-", 5) == 0)
			r = drop(g, fd, names.v[i], &g->bases, e);
		if (strncmp(names.v[i], ".new-", 5) != 0)
			continue;
		/* Somebody may be making it: that is done under the pod's lock. */
		if (pod_open(&p, names.v[i] + 5, &gone) < 0 || pod_lock(&p, 0, &gone) == 0)
			r = drop(g, fd, names.v[i], &g->bases, e);
	}
	return r;
}

/* --- run directories of pods that are gone --- */

static void let_go(int fd)
{
	static const char *const places[] = {"ns/user", "ns/net", "ns", NULL};

	for (const char *const *name = places; *name; name++) {
		OWN_FREE char *path = xfmt("/proc/self/fd/%d/%s", fd, *name);

		while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			;
	}
}

static bool lives(int run, const char *name)
{
	struct pod p = POD_INIT;
	bool yes;

	p.run = openat(run, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	yes = p.run < 0 || pod_may_live(&p);
	own_close(&p.run);
	return yes;
}

/* Not one of ours without a lock; in use while somebody holds it, or its init lives. */
static bool is_stale(int run, const char *name)
{
	OWN_FREE char *pod = xfmt("%s/pods/%s", pod_state_dir(), name);
	OWN_FREE char *file = xfmt("%s/lock", name);
	struct err ignore = {0};
	OWN_FD int lock = -1;

	if (pod_check_name(name, &ignore) < 0 || access(pod, F_OK) == 0 || errno != ENOENT)
		return false;
	lock = openat(run, file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 && !lives(run, name);
}

static int collect_runs(struct gc *g, struct err *e)
{
	OWN_STRV struct strv names = {0};
	OWN_FD int fd = -1;
	int r = list(&names, &fd, pod_run_dir(), e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		OWN_FD int sub = -1;

		if (!is_stale(fd, names.v[i]))
			continue;
		sub = openat(fd, names.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0 && !g->dry)
			let_go(sub);
		r = drop(g, fd, names.v[i], &g->runs, e);
	}
	return r;
}

static int collect(struct gc *g, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_state_open(e);
	if (r == 0)
		r = collect_archives(g, e);
	if (r == 0)
		r = collect_bases(g, e);
	if (r == 0)
		r = collect_layers(g, e);
	if (r == 0)
		r = collect_runs(g, e);
	return r;
}

int cmd_gc(int argc, char **argv)
{
	struct gc g = {0};
	const char *age = ARCHIVE_AGE;
	bool verbose = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'n', "dry-run", &g.dry, NULL, "say what would be removed"},
		{OPT_STR, 0, "age", &age, "TIME", "of archives that are emptied; 7d if not given"},
		{OPT_FLAG, 'v', "verbose", &verbose, NULL, "say what is removed"},
		{0},
	};
	const struct opt_usage u = {"pod-mount gc [OPTION]...",
				    "Remove what nothing needs any more.", 0, 0, 0};

	opt_parse(opts, &u, argc, argv);
	say_verbose(verbose);
	if (unit_duration(age, &g.age) < 0)
		die(POD_EXIT_USAGE, "gc: %s is no time, such as 7d or 12h", esc(age));
	if (collect(&g, &e) < 0)
		return say_err(&e);
	printf("%s %zu layer(s), %zu archive(s), %zu unfinished base(s), %zu run director%s.\n",
	       g.dry ? "Would remove" : "Removed", g.layers, g.archives, g.bases, g.runs,
	       g.runs == 1 ? "y" : "ies");
	return say_end(POD_EXIT_OK);
}
