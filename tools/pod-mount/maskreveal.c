/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions from the mask. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/maskmake.h"

static void drop(struct mask *m, size_t i)
{
	free(m->v[i].path);
	memmove(&m->v[i], &m->v[i + 1], (m->n - i - 1) * sizeof(*m->v));
	m->n--;
}

/* Hide everything in dir but the entry that leads to path. */
static void hide_others(struct mask *m, const char *dir, const char *path,
			const struct mask_entry *like)
{
	OWN_DIR DIR *d = opendir(dir);
	const char *keep = path_from(path, dir);
	size_t n = strcspn(keep, "/");
	int more = d ? 0 : -errno;
	const char *name;

	mask_watch(m, dir, like->scanned);
	while (d && (more = dir_next(d, &name)) > 0) {
		OWN_FREE char *other = xfmt("%s/%s", dir, name);
		struct mask_entry *en;

		if (strncmp(name, keep, n) == 0 && !name[n])
			continue;
		en = mask_add(m, other, MASK_HIDDEN);
		en->soft = like->soft;
		en->scanned = like->scanned;
	}
	mask_fault(m, -more, dir);
}

/* Take the directory apart, from the hidden one down to the one that holds path. */
static void split(struct mask *m, const char *hidden, const char *path,
		  const struct mask_entry *like)
{
	OWN_FREE char *dir = xstrdup(hidden);

	while (strcmp(dir, path) != 0) {
		size_t n = strlen(dir);
		const char *rest = path + n + 1;
		char *next;

		hide_others(m, dir, path, like);
		next = xfmt("%s/%.*s", dir, (int)strcspn(rest, "/"), rest);
		free(dir);
		dir = next;
	}
}

void mask_reveal(struct mask *m, const char *path)
{
	for (size_t i = 0; i < m->n;) {
		struct mask_entry en = m->v[i];

		if (en.kind == MASK_MADE || en.kind == MASK_POINT ||
		    !(path_below(en.path, path) || path_below(path, en.path))) {
			i++;
			continue;
		}
		en.path = xstrdup(en.path);
		drop(m, i);
		if (!path_below(en.path, path))
			split(m, en.path, path, &en);
		free(en.path);
	}
	mask_sort(m);
}
