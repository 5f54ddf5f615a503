/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/redirect.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/whiteout.h"

char *redirect_apply(const char *lower, const char *redirect)
{
	const char *slash = strrchr(lower, '/');

	if (redirect[0] == '/')
		return xstrdup(redirect);
	return xfmt("%.*s/%s", slash ? (int)(slash - lower) : 0, lower, redirect);
}

/* One step down a layer: what its directory NAME makes of the path below.  1; 0: nothing below;
 * -errno.  *cut: an opaque directory is on the way, out of which only an absolute redirect leads.
 */
static int step(int *dir, const char *name, char **lower, bool *cut)
{
	OWN_FREE char *next = xfmt("%s/%s", *lower, name);
	struct dir_marks marks;
	struct stat st;

	free(*lower);
	*lower = take_ptr(next);
	if (*dir < 0)
		return 1;
	if (fstatat(*dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		int r = errno == ENOENT ? 1 : -errno;

		own_close(dir);
		*dir = -1;
		return r; /* this layer does not know the name: it lies below as it is */
	}
	if (S_ISDIR(st.st_mode)) {
		int child = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		own_close(dir);
		*dir = child;
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (*dir < 0 || dir_marks_read(*dir, &marks) < 0)
		return -errno;
	*cut = *cut || marks.opaque;
	if (marks.redirected) {
		*cut = *cut && marks.redirect[0] != '/';
		next = redirect_apply(*lower, marks.redirect);
		free(*lower);
		*lower = take_ptr(next);
	}
	return 1;
}

/* What a path is called in the stack below one layer; NULL when the layer ends it. */
static char *through(int tree, const char *path, int *fault)
{
	OWN_FD int dir = tree;
	OWN_FREE char *lower = xstrdup(""), *copy = xstrdup(path);
	char *save = NULL;
	bool cut = false;

	for (char *w = strtok_r(copy, "/", &save); w; w = strtok_r(NULL, "/", &save)) {
		int r = step(&dir, w, &lower, &cut);

		*fault = r < 0 ? r : *fault;
		if (r <= 0)
			return NULL;
	}
	return cut ? NULL : take_ptr(lower);
}

char *redirect_origin(const struct pod *p, const struct stack *s, size_t below, const char *cover,
		      const char *path, int *fault)
{
	OWN_FREE char *at = xstrdup(path);

	while (at && below-- > 0) {
		int tree = layer_cover(p, s->v[below].id, cover);
		char *next;

		if (tree < 0) {
			*fault = is_absent(tree) ? *fault : tree;
			continue;
		}
		next = through(tree, at, fault);
		free(at);
		at = next;
	}
	return take_ptr(at);
}
