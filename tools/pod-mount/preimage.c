/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/preimage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/bypath.h"
#include "tools/pod-mount/undo_record.h"

static void add(struct preimages *list, const struct journal *j, const char *pod, size_t i)
{
	const struct step *st = &j->steps[i];
	struct preimage *p;

	if (st->old.ino == 0 || (st->verb != STEP_PUT && st->verb != STEP_REMOVE))
		return;
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->v = xrealloc(list->v, list->cap * sizeof(list->v[0]));
	}
	p = &list->v[list->n++];
	*p = (struct preimage){
		.path = path_clean(j->sites.v[st->site], st->path),
		.file = xfmt("%s/undo/%s/new/%zu", pod, j->id, i),
		.was = st->old,
		.gone_ns = st->has_left && st->left.ino ? st->left.ctime_ns
							: undo_id_seconds(j->id) * 1000000000u,
	};
}

static void load_record(struct preimages *list, const struct pod *p, const char *id)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	struct err ignored = {0};

	if (journal_read(&j, p, id, &ignored) < 0 || j.state != JOURNAL_DONE)
		return;
	for (size_t i = 0; i < j.n; i++)
		add(list, &j, p->name, i);
}

static void load_pod(struct preimages *list, int pods, const char *name)
{
	struct pod p = POD_INIT;
	OWN_FREE char *path = xfmt("%s/pods/%s", pod_state_dir(), name);
	OWN_FD int dir = open_beneath(pods, name, O_RDONLY | O_DIRECTORY, 0);
	int fd = dir < 0 ? -1 : open_beneath(dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	snprintf(p.name, sizeof(p.name), "%.63s", name);
	p.dir = dir;
	p.path = path;
	while (d && (ent = readdir(d)))
		if (undo_is_id(ent->d_name))
			load_record(list, &p, ent->d_name);
}

static int by_path(const void *a, const void *b)
{
	const struct preimage *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void preimages_load(struct preimages *list)
{
	OWN_FREE char *path = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = opendir(path);
	struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			load_pod(list, dirfd(d), ent->d_name);
	if (list->n > 1)
		qsort(list->v, list->n, sizeof(list->v[0]), by_path);
}

void preimages_finish(struct preimages *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].path);
		free(list->v[i].file);
	}
	free(list->v);
	*list = (struct preimages){0};
}

/* A file that was there all the time from before the view began until it was replaced, or the very
 * one that a layer's base names. */
static bool is_meant(const struct preimage *p, const struct base_entry *en, uint64_t start)
{
	if (!en)
		return p->was.ctime_ns < start && p->gone_ns >= start;
	return en->kind == BASE_HOST && p->was.ino == en->ino && p->was.size == en->size &&
	       p->was.mtime_ns == en->mtime_ns && p->was.ctime_ns == en->ctime_ns;
}

/* Somebody may have held it open and written to it since. */
static int read_one(const struct preimage *p, struct buf *b, size_t max)
{
	OWN_FREE char *path = xfmt("%s/pods", pod_state_dir());
	OWN_FD int pods = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int fd = pods < 0 ? -errno
				 : open_beneath(pods, p->file, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (!S_ISREG(st.st_mode) || clock_ns(&st.st_mtim) != p->was.mtime_ns ||
	    (uint64_t)st.st_size != p->was.size)
		return -ENOENT;
	return read_fd(fd, b, max);
}

int preimage_read(const struct preimages *list, const char *path, const struct base_entry *en,
		  uint64_t start, struct buf *b, size_t max)
{
	for (size_t i = bypath_end(list->v, list->n, sizeof(list->v[0]), path);
	     i-- > 0 && strcmp(list->v[i].path, path) == 0;) {
		int r = is_meant(&list->v[i], en, start) ? read_one(&list->v[i], b, max) : -ENOENT;

		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}
