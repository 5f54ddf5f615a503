/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-plugin/find.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/need.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"

#define PLUGINS_MAX 256

void plugins_finish(struct plugins *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i].path);
		own_close(&all->v[i].fd);
	}
	free(all->v);
	*all = (struct plugins){0};
}

static void add_list(struct strv *dirs, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, ":");

		if (n > 0)
			strv_fmt(dirs, "%.*s", (int)n, list);
		list += n + (list[n] == ':');
	}
}

/* build/plain/bin has build/plain/plugins beside it, PREFIX/libexec/envpod
 * PREFIX/lib/envpod/plugins. */
static void find_dirs(struct strv *dirs)
{
	const char *list = secure_getenv("ENVPOD_PLUGIN_PATH");
	char own[4096];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	if (list && *list) {
		add_list(dirs, list);
		return;
	}
	own[n > 0 ? n : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash) {
		*slash = '\0';
		strv_fmt(dirs, "%s/../plugins", own);
	}
	strv_add(dirs, ENVPOD_PLUGINDIR);
}

static const char *fault(const struct stat *st, bool is_dir)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "it belongs neither to root nor to you";
	if (st->st_mode & 022)
		return "others may write to it";
	if (is_dir ? !S_ISDIR(st->st_mode) : !S_ISREG(st->st_mode))
		return is_dir ? "it is no directory" : "it is no file";
	return NULL;
}

static int judge(int fd, const char *path, bool is_dir, struct err *e)
{
	struct stat st;
	const char *why;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at %s", esc(path));
	why = fault(&st, is_dir);
	return why ? err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "plugins of %s are not trusted: %s",
				esc(path), why)
		   : 0;
}

/* Its directory, opened; 0 and -1 in *dir where there is none. */
static int open_dir(const char *path, int *dir, struct err *e)
{
	OWN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	*dir = -1;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s", esc(path));
	r = judge(fd, path, true, e);
	if (r == 0)
		*dir = take_fd(&fd);
	return r;
}

/* 1: it is none of that name. */
static int open_file(struct plugins *all, int dir, const char *dirname, const char *name,
		     bool is_program, struct err *e)
{
	OWN_FREE char *file = xfmt("%s%s", name, is_program ? "" : ".so");
	OWN_FREE char *path = xfmt("%s/%s", dirname, file);
	OWN_FD int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct plugin *p;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 1 : err_set(e, errno, "open %s", esc(path));
	r = judge(fd, path, false, e);
	if (r < 0)
		return r;
	all->v = xrealloc(all->v, (all->n + 1) * sizeof(*all->v));
	p = &all->v[all->n++];
	*p = (struct plugin){.path = take_ptr(path), .fd = take_fd(&fd), .is_program = is_program};
	memcpy(p->name, name, strlen(name) + 1);
	return 0;
}

static int find_in(struct plugins *all, const char *dirname, const char *name, struct err *e)
{
	OWN_FD int dir = -1;
	int r = open_dir(dirname, &dir, e);

	if (r == 0 && dir < 0)
		return 1;
	if (r == 0)
		r = open_file(all, dir, dirname, name, false, e);
	return r == 1 ? open_file(all, dir, dirname, name, true, e) : r;
}

int plugin_find(struct plugins *all, const char *name, struct err *e)
{
	OWN_STRV struct strv dirs = {0};
	int r = need_check_plugin(name, e);

	find_dirs(&dirs);
	for (size_t i = 0; r >= 0 && i < dirs.n; i++) {
		r = find_in(all, dirs.v[i], name, e);
		if (r == 0)
			return 0;
	}
	if (r < 0)
		return r;
	err_status(e, POD_EXIT_FAILED, ENOENT, "find plugin %s in %s", esc(name), esc(dirs.v[0]));
	return -ENOENT;
}

static bool is_known(const struct plugins *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].name, name) == 0)
			return true;
	return false;
}

/* "gpu-dri.so" and "gpu-dri" are both the plugin gpu-dri; what else lies there is none. */
static void take_name(struct plugins *all, int dir, const char *dirname, const char *file)
{
	size_t n = strlen(file);
	bool is_program = n < 3 || strcmp(file + n - 3, ".so") != 0;
	OWN_FREE char *name = xfmt("%.*s", (int)(is_program ? n : n - 3), file);
	struct err e = {0};
	struct stat st;

	if (need_check_plugin(name, &e) < 0 || is_known(all, name) || all->n == PLUGINS_MAX)
		return;
	/* Where plugins are built, the directory of its objects lies beside each. */
	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return;
	if (open_file(all, dir, dirname, name, is_program, &e) < 0)
		say_err(&e);
}

static int take_dir(struct plugins *all, const char *dirname, struct err *e)
{
	OWN_FD int dir = -1;
	OWN_DIR DIR *d = NULL;
	const char *name;
	int r = open_dir(dirname, &dir, e);

	if (r < 0 || dir < 0)
		return r;
	d = fdopendir(dup(dir));
	if (!d)
		return err_set(e, errno, "read %s", esc(dirname));
	while ((r = dir_next(d, &name)) == 1)
		take_name(all, dir, dirname, name);
	return r < 0 ? err_set(e, -r, "read %s", esc(dirname)) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct plugin *)a)->name, ((const struct plugin *)b)->name);
}

int plugin_find_all(struct plugins *all, struct err *e)
{
	OWN_STRV struct strv dirs = {0};
	int r = 0;

	find_dirs(&dirs);
	for (size_t i = 0; i < dirs.n && r == 0; i++)
		r = take_dir(all, dirs.v[i], e);
	if (all->n)
		qsort(all->v, all->n, sizeof(*all->v), by_name);
	return r;
}
