/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-upload unpack.  Of what comes out of a pod nothing is believed: names lead nowhere but below
 * the destination, links lead nowhere but to what comes with them, and what this host would execute
 * or obey on its own comes only when it was named itself.
 */
#include "tools/pod-upload/unpack.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-upload/judge.h"

void unpack_finish(struct unpacker *u)
{
	for (size_t i = 0; i < u->n_late; i++)
		free(u->late[i].path);
	free(u->late);
	free(u->first);
	marks_free(u->marks);
	*u = (struct unpacker){.dir = -1};
}

/* All entries of an archive of ours are one thing and what is below it. */
static bool is_of_one(struct unpacker *u, const char *path)
{
	size_t n = strcspn(path, "/");

	if (!u->first)
		u->first = xfmt("%.*s", (int)n, path);
	return strlen(u->first) == n && memcmp(u->first, path, n) == 0;
}

/* The entry's path beneath u->dir: with our name for the first component. */
static char *place_of(const struct unpacker *u, const char *path)
{
	const char *rest = path + strcspn(path, "/");

	if (u->ask->foreign)
		return xstrdup(path);
	if (!u->name)
		return xstrdup(*rest ? rest + 1 : "");
	return xfmt("%s%s", u->name, rest);
}

/* What was named itself is what was asked for. */
static bool is_sensitive(struct unpacker *u, const char *path, const char *place)
{
	OWN_FREE char *full = NULL;
	char *slash;

	if (!u->marks || !strchr(path, '/'))
		return false;
	full = xfmt("%s/%s", u->shown[1] ? u->shown : "", place);
	slash = strrchr(full, '/');
	*slash = '\0';
	marks_forget_dir(u->marks);
	return marks_sensitive(u->marks, full, slash + 1);
}

/* Why an entry out of a pod does not come here; NULL: it may. */
static const char *objection(struct unpacker *u, const struct tar_entry *t, const char *path,
			     const char *place)
{
	if (!u->ask->guard)
		return NULL;
	if (t->type == '1')
		return "hard links do not leave a pod";
	if (u->ask->force)
		return NULL;
	if (t->type == '2' && !judge_target(path, tar_str(t, "linkpath")))
		return "a link that leads out of what is copied; --force takes it";
	if (t->type != '5' && is_sensitive(u, path, place))
		return "this host runs or obeys it: name it itself, or use --force";
	return NULL;
}

static int land_link_of(struct unpacker *u, const struct tar_entry *t, const char *place,
			struct err *e)
{
	char target[PATH_MAX];

	if (!judge_foreign(tar_str(t, "linkpath"), target, sizeof(target)) || !target[0])
		return land_not(u, place, "a hard link that leads out");
	return land_hardlink(u, target, place, e);
}

static int land(struct unpacker *u, const struct tar_entry *t, const char *path, const char *place,
		struct err *e)
{
	const char *why = objection(u, t, path, place);

	if (why)
		return land_not(u, place, why);
	if (u->dir < 0 && strchr("025", t->type))
		return land_pass(u, t, place, e);
	switch (t->type) {
	case '0':
		return *place ? land_file(u, t, place, e)
			      : land_not(u, path, "it is no directory, which --contents takes");
	case '1':
		return land_link_of(u, t, place, e);
	case '2':
		return *place ? land_symlink(u, t, place, e)
			      : land_not(u, path, "it is no directory, which --contents takes");
	case '5':
		return land_dir(u, t, place, e);
	default:
		return land_not(u, place, "no file, directory or symbolic link");
	}
}

static int take(struct unpacker *u, const struct tar_entry *t, struct err *e)
{
	const char *path = tar_str(t, "path");
	OWN_FREE char *place = NULL;
	char clean[PATH_MAX];

	if (u->ask->foreign) {
		if (!judge_foreign(path, clean, sizeof(clean)))
			return land_not(u, path, "its name leads out");
		path = clean;
	} else if (!judge_path(path) || !is_of_one(u, path)) {
		return err_set(e, ERR_PLAIN, "the archive has a name that cannot be: %s",
			       esc(path));
	}
	place = place_of(u, path);
	return land(u, t, path, place, e);
}

int unpack_all(struct unpacker *u, struct err *e)
{
	OWN_TAR_ENTRY struct tar_entry t = {0};
	OWN_BUF struct buf end = BUF_INIT;
	int x, r = 0;

	while (r == 0 && (x = tar_next(u->r, &t, e)) != 0)
		r = x < 0 ? x : take(u, &t, e);
	land_late(u);
	if (r < 0 || u->dir >= 0)
		return r;
	tar_end(&end);
	x = write_full(STDOUT_FILENO, end.data, end.len);
	return x < 0 ? err_set(e, -x, "write to standard output") : 0;
}
