/* SPDX-License-Identifier: Apache-2.0 */
/* What the pod's directory remembers of covers and working directories. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/cover.h"
#include "tools/pod-mount/layers.h"

#define TRACKED_BYTES (1u << 20)
#define TRACKED_MAX   4096

static int add_names(struct strv *paths, int fd)
{
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	int more = fd < 0 || d ? 0 : -errno;

	while (d && (more = dir_next(d, &name)) > 0) {
		OWN_FREE char *path = NULL;

		if (name[0] != '_')
			continue;
		path = pod_cover_path(name);
		if (!strv_has(paths, path))
			strv_add(paths, path);
	}
	return more;
}

static int shallow_first(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int d = 0;

	for (const char *p = x; *p; p++)
		d += *p == '/' && p[1];
	for (const char *p = y; *p; p++)
		d -= *p == '/' && p[1];
	return d ? d : strcmp(x, y);
}

int covers_stored(struct strv *paths, const struct pod *p, const struct stack *s, struct err *e)
{
	int fd, r;

	for (size_t i = 0; i < s->n; i++) {
		fd = layer_open(s->v[i].id, "tree");
		if (fd < 0)
			return err_set(e, -fd, "open layer %s of pod %s", s->v[i].id, p->name);
		r = add_names(paths, fd);
		if (r < 0)
			return err_set(e, -r, "list layer %s of pod %s", s->v[i].id, p->name);
	}
	fd = open_beneath(p->dir, "upper", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 && fd != -ENOENT)
		return err_set(e, -fd, "open %s/upper", p->path);
	r = add_names(paths, fd);
	if (r < 0)
		return err_set(e, -r, "list %s/upper", p->path);
	if (paths->n)
		qsort(paths->v, paths->n, sizeof(*paths->v), shallow_first);
	return 0;
}

int tracked_load(struct strv *dirs, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->dir, "tracked", &b, TRACKED_BYTES);
	char *save = NULL;

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "read %s/tracked", p->path);
	for (char *w = strtok_r(b.data, "\n", &save); w; w = strtok_r(NULL, "\n", &save))
		if (w[0] == '/' && dirs->n < TRACKED_MAX)
			strv_add(dirs, w);
	return 0;
}

int tracked_add(const struct pod *p, const char *dir, struct err *e)
{
	OWN_STRV struct strv dirs = {0};
	OWN_BUF struct buf b = BUF_INIT;
	int r = tracked_load(&dirs, p, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < dirs.n; i++) {
		if (strcmp(dirs.v[i], dir) == 0)
			return 0;
		buf_fmt(&b, "%s\n", dirs.v[i]);
	}
	if (strchr(dir, '\n'))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "use %s as working directory: its name holds a newline",
				  esc(dir));
	if (dirs.n == TRACKED_MAX)
		return err_set(e, ERR_PLAIN,
			       "pod %s tracks %d working directories already; forget "
			       "some by editing %s/tracked",
			       p->name, TRACKED_MAX, p->path);
	buf_fmt(&b, "%s\n", dir);
	r = write_file_at(p->dir, "tracked", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/tracked", p->path) : 0;
}
