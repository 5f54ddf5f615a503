/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/mountinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/words.h"

static const char *const pseudo[] = {
	"autofs",   "bdev",      "binder",  "binfmt_misc", "bpf",        "cgroup",    "cgroup2",
	"configfs", "cpuset",    "debugfs", "devpts",      "devtmpfs",   "efivarfs",  "functionfs",
	"fusectl",  "hugetlbfs", "mqueue",  "nfsd",        "none",       "nsfs",      "pipefs",
	"proc",     "pstore",    "resctrl", "rpc_pipefs",  "securityfs", "selinuxfs", "sockfs",
	"sysfs",    "tracefs",   NULL,
};

bool mount_is_real(const struct mount_row *row)
{
	for (const char *const *t = pseudo; *t; t++)
		if (strcmp(row->type, *t) == 0)
			return false;
	return true;
}

void mounts_finish(struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].root);
		free(m->v[i].point);
		free(m->v[i].type);
	}
	free(m->v);
	*m = (struct mounts){0};
}

enum { ID, PARENT, DEV, ROOT, POINT, OPTIONS, FIXED };

struct word {
	const char *at;
	size_t len;
};

static size_t split(const char *line, size_t len, struct word *words, size_t max)
{
	size_t n = 0, i = 0;

	while (i < len && n < max) {
		size_t start = i;

		while (i < len && line[i] != ' ')
			i++;
		words[n++] = (struct word){line + start, i - start};
		i++;
	}
	return n;
}

static bool has_ro(const struct word *w)
{
	return w->len >= 2 && memcmp(w->at, "ro", 2) == 0 && (w->len == 2 || w->at[2] == ',');
}

static bool number(const struct word *w, int *n)
{
	char *end, text[16];

	if (w->len == 0 || w->len >= sizeof(text))
		return false;
	memcpy(text, w->at, w->len);
	text[w->len] = '\0';
	*n = (int)strtol(text, &end, 10);
	return *end == '\0';
}

static bool device(const struct word *w, dev_t *dev)
{
	unsigned major, minor;
	char text[32];

	if (w->len >= sizeof(text))
		return false;
	memcpy(text, w->at, w->len);
	text[w->len] = '\0';
	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return false;
	*dev = makedev(major, minor);
	return true;
}

/* "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw": optional words end with "-". */
static bool parse_row(struct mount_row *row, const char *line, size_t len)
{
	struct word w[64];
	size_t n = split(line, len, w, 64), dash = FIXED;

	while (dash < n && !(w[dash].len == 1 && w[dash].at[0] == '-'))
		dash++;
	if (n < FIXED || dash + 1 >= n || w[POINT].len == 0 || w[POINT].at[0] != '/')
		return false;
	if (!number(&w[ID], &row->id) || !number(&w[PARENT], &row->parent) ||
	    !device(&w[DEV], &row->dev))
		return false;
	row->readonly = has_ro(&w[OPTIONS]) || (dash + 3 < n && has_ro(&w[dash + 3]));
	row->root = word_unescape(w[ROOT].at, w[ROOT].len);
	row->point = word_unescape(w[POINT].at, w[POINT].len);
	row->type = word_unescape(w[dash + 1].at, w[dash + 1].len);
	return true;
}

int mounts_parse(struct mounts *m, const char *data, size_t len, struct err *e)
{
	const char *end = data + len;

	while (data < end) {
		const char *eol = memchr(data, '\n', (size_t)(end - data));
		size_t n = (size_t)((eol ? eol : end) - data);

		if (m->n == m->cap) {
			m->cap = m->cap ? 2 * m->cap : 64;
			m->v = xrealloc(m->v, m->cap * sizeof(*m->v));
		}
		m->v[m->n] = (struct mount_row){0};
		if (!parse_row(&m->v[m->n], data, n))
			return err_set(e, ERR_PLAIN, "mountinfo: line %zu is not understood",
				       m->n + 1);
		m->n++;
		data += n + 1;
	}
	return 0;
}

int mounts_read(struct mounts *m, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(AT_FDCWD, "/proc/self/mountinfo", &b, MOUNTINFO_MAX);

	if (r < 0)
		return err_set(e, -r, "read /proc/self/mountinfo");
	return mounts_parse(m, b.data, b.len, e);
}

static const struct mount_row *by_id(const struct mounts *m, int id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].id == id)
			return &m->v[i];
	return NULL;
}

/*
 * Hidden by a sibling: something else that hangs on the same parent at the same point or above it;
 * or by a mount on the mount's own root.
 */
static bool hidden_beside(const struct mounts *m, const struct mount_row *row)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct mount_row *other = &m->v[i];

		if (other == row)
			continue;
		if (other->parent == row->id && strcmp(other->point, row->point) == 0)
			return true;
		if (other->parent == row->parent && strcmp(other->point, row->point) != 0 &&
		    path_below(row->point, other->point))
			return true;
	}
	return false;
}

bool mount_visible(const struct mounts *m, size_t i)
{
	const struct mount_row *row = &m->v[i];

	if (hidden_beside(m, row))
		return false;
	for (int depth = 0; depth < 128; depth++) {
		const struct mount_row *parent = by_id(m, row->parent);

		if (!parent || parent == row)
			return true;
		/* What is mounted on the parent's own root hides the parent, not what lies on it.
		 */
		if (strcmp(parent->point, row->point) != 0 && hidden_beside(m, parent))
			return false;
		row = parent;
	}
	return false;
}

const struct mount_row *mounts_find(const struct mounts *m, const char *path)
{
	const struct mount_row *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct mount_row *row = &m->v[i];

		if (!path_below(path, row->point) ||
		    (best && strlen(row->point) < strlen(best->point)))
			continue;
		if (mount_visible(m, i))
			best = row;
	}
	return best;
}

char *mount_fspath(const struct mount_row *row, const char *path)
{
	const char *rest = path_from(path, row->point);

	if (strcmp(rest, ".") == 0)
		return xstrdup(row->root);
	return path_clean(row->root, rest);
}

/* Where this mount shows the path of its filesystem, or a part of what lies there; NULL. */
static char *shown_at(const struct mount_row *row, const char *fspath)
{
	if (path_below(fspath, row->root))
		return path_clean(row->point, path_from(fspath, row->root));
	return path_below(row->root, fspath) ? xstrdup(row->point) : NULL;
}

void mount_names(struct strv *names, const struct mounts *m, const char *dir)
{
	const struct mount_row *home = mounts_find(m, dir);
	OWN_FREE char *fspath = home ? mount_fspath(home, dir) : NULL;

	for (size_t i = 0; home && i < m->n; i++) {
		const struct mount_row *row = &m->v[i];
		OWN_FREE char *name = NULL;

		if (row->dev == home->dev && mount_is_real(row))
			name = shown_at(row, fspath);
		if (name && !path_below(name, dir) && mounts_find(m, name) == row)
			strv_add(names, name);
	}
}
