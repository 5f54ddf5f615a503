/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/podbase.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/outfit.h"

#define NUMBERS 10000

static int open_bases(bool make, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/bases", pod_state_dir());
	int fd;

	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

int podbase_open(const char *name)
{
	OWN_FREE char *path = xfmt("%s/bases/%s", pod_state_dir(), name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int podbase_stack(struct stack *s, int dir, const char *name, struct err *e)
{
	return stack_load_at(s, dir, "stack", e) < 0 ? err_wrap(e, "base %s", name) : 0;
}

static int write_stack(int dir, const struct stack *s, struct err *e)
{
	OWN_STACK struct stack mine = {0};
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int lock = holders_lock(true, e);
	int r;

	if (lock < 0)
		return lock;
	for (size_t i = 0; i < s->n; i++)
		stack_push(&mine, s->v[i].id, "base", "-");
	stack_text(&b, &mine);
	r = write_file_at(dir, "stack", b.data, b.len, 0600, true);
	return r < 0 ? err_set(e, -r, "write the stack of a base") : 0;
}

static int write_created(int dir, const struct pod *p, struct err *e)
{
	char now[UNIT_TIME_LEN];
	OWN_FREE char *line = NULL;
	int r;

	unit_now(now);
	line = xfmt("%s %s\n", now, p->name);
	r = write_file_at(dir, "created", line, strlen(line), 0600, true);
	return r < 0 ? err_set(e, -r, "write when a base was made") : 0;
}

static int fill(int dir, const struct pod *p, const struct stack *s, struct err *e)
{
	int r = outfit_copy(p->dir, p->path, dir, NULL, e);

	if (r == 0)
		r = write_stack(dir, s, e);
	return r == 0 ? write_created(dir, p, e) : r;
}

static int taken(const char *name, struct err *e)
{
	return err_set(e, ERR_PLAIN,
		       "there is a base named %s already (envpod base destroy %s removes it)", name,
		       name);
}

/* The name asked for, or the first that is free. */
static int place(int bases, const char *temp, const struct pod *p, const char *name,
		 char made[POD_NAME_MAX + 1], struct err *e)
{
	for (unsigned i = 1; i < NUMBERS; i++) {
		int n = i == 1 ? snprintf(made, POD_NAME_MAX + 1, "%s", name ? name : p->name)
			       : snprintf(made, POD_NAME_MAX + 1, "%s-%u", p->name, i);

		if (n > POD_NAME_MAX)
			break;
		if (renameat2(bases, temp, bases, made, RENAME_NOREPLACE) == 0)
			return fsync(bases) < 0 ? err_set(e, errno, "sync the bases") : 0;
		if (errno != EEXIST)
			return err_set(e, errno, "put base %s in place", made);
		if (name)
			return taken(name, e);
	}
	return err_set(e, ERR_PLAIN, "no name is free for a base of pod %s: give one", p->name);
}

int podbase_make(const struct pod *p, const struct stack *s, const char *name,
		 char made[POD_NAME_MAX + 1], struct err *e)
{
	OWN_FREE char *temp = xfmt(".new-%s", p->name);
	OWN_FD int bases = open_bases(true, e), dir = -1;
	int r = bases < 0 ? bases : name ? pod_check_name(name, e) : 0;

	if (r < 0)
		return r;
	if (name && faccessat(bases, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return taken(name, e);
	/* The pod's lock is ours: what lies there a crash has left. */
	r = remove_tree_at(bases, temp);
	if (r == 0 && mkdirat(bases, temp, 0700) == 0)
		dir = openat(bases, temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, r < 0 ? -r : errno, "make a base of pod %s", p->name);
	r = fill(dir, p, s, e);
	if (r == 0)
		r = place(bases, temp, p, name, made, e);
	if (r < 0)
		remove_tree_at(bases, temp);
	return r;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_dir(struct strv *names, const char *dir, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/%s", pod_state_dir(), dir);
	OWN_DIR DIR *d = opendir(path);
	const char *name;
	int more;

	if (!d)
		return errno == ENOENT ? 0 : err_set(e, errno, "list %s", path);
	while ((more = dir_next(d, &name)) > 0)
		if (name[0] != '.')
			strv_add(names, name);
	if (more < 0)
		return err_set(e, -more, "list %s", path);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_text);
	return 0;
}

int podbase_names(struct strv *names, struct err *e)
{
	return list_dir(names, "bases", e);
}

int podbase_users(struct strv *users, const char *name, struct err *e)
{
	OWN_STRV struct strv pods = {0};
	int r = list_dir(&pods, "pods", e);

	for (size_t i = 0; r == 0 && i < pods.n; i++) {
		OWN_FREE char *file = xfmt("%s/pods/%s/base", pod_state_dir(), pods.v[i]);
		char base[POD_NAME_MAX + 2];

		if (read_line_at(AT_FDCWD, file, base, sizeof(base)) >= 0 &&
		    strcmp(base, name) == 0)
			strv_add(users, pods.v[i]);
	}
	return r;
}

/* From here on nobody clones it: who names its layers is settled. */
static int hide(int bases, const char *name, const char *hidden, struct err *e)
{
	OWN_FD int lock = holders_lock(true, e);
	int r = lock < 0 ? lock : remove_tree_at(bases, hidden);

	if (lock >= 0 && r == 0 && renameat(bases, name, bases, hidden) < 0)
		r = -errno;
	return lock >= 0 && r < 0 ? err_set(e, -r, "remove base %s", name) : r;
}

static int delete_layers(const struct stack *s, struct err *e)
{
	OWN_HOLDERS struct holders h = {0};
	int r = holders_load(&h, NULL, HOLDERS_ALL, e);

	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (!holders_has(&h, s->v[i].id))
			r = layer_delete(s->v[i].id, e);
	return r;
}

/* A crash leaves orphans for gc, never a base without its layers. */
int podbase_destroy(const char *name, struct err *e)
{
	OWN_FREE char *hidden = xfmt(".old-%s", name);
	OWN_STACK struct stack s = {0};
	OWN_FD int bases = open_bases(false, e), dir = -1;
	int r = bases < 0 ? bases : pod_check_name(name, e);

	if (r < 0)
		return r;
	dir = openat(bases, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open base %s", name);
	r = podbase_stack(&s, dir, name, e);
	if (r == 0)
		r = hide(bases, name, hidden, e);
	if (r < 0)
		return r;
	r = remove_tree_at(bases, hidden);
	return r < 0 ? err_set(e, -r, "remove base %s", name) : delete_layers(&s, e);
}
