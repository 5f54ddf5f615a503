/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/track.h"

#include <string.h>

#include "libcommon/path.h"

/* What pod-mount itself puts into a view; it says nothing about the agent. */
static const char *const generated[] = {
	"/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/etc/nsswitch.conf",
	"/run/envpod",      "/dev",          "/proc",      "/sys",
};

void track_init(struct track *t, const struct plan *pl, const struct strv *dirs, bool all)
{
	const char *path;
	size_t i = 0;

	*t = (struct track){.all = all};
	while ((path = plan_next(pl, "track.watch", &i)))
		strv_add(&t->watch, path);
	t->everything = t->watch.n == 0;
	for (i = 0; i < dirs->n; i++)
		strv_add(&t->watch, dirs->v[i]);
	for (i = 0; (path = plan_next(pl, "track.ignore", &i));)
		strv_add(&t->ignore, path);
}

void track_finish(struct track *t)
{
	strv_finish(&t->watch);
	strv_finish(&t->ignore);
}

/* Length of the longest listed directory that path lies in, plus one; 0: in none. */
static size_t longest(const struct strv *list, const char *path)
{
	size_t best = 0;

	for (size_t i = 0; i < list->n; i++)
		if (path_below(path, list->v[i]) && strlen(list->v[i]) + 1 > best)
			best = strlen(list->v[i]) + 1;
	return best;
}

static bool any_below(const struct strv *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (path_below(list->v[i], path))
			return true;
	return false;
}

static bool any_inside(const struct strv *list, const char *dir)
{
	for (size_t i = 0; i < list->n; i++)
		if (path_below(list->v[i], dir) && strcmp(list->v[i], dir) != 0)
			return true;
	return false;
}

static bool is_generated(const char *path)
{
	for (size_t i = 0; i < sizeof(generated) / sizeof(generated[0]); i++)
		if (path_below(path, generated[i]))
			return true;
	return false;
}

/* The longest match decides, so that a -w directory below an ignored /tmp is tracked. */
enum track_place track_place(const struct track *t, const char *path)
{
	size_t watched = longest(&t->watch, path), ignored = longest(&t->ignore, path);

	if (is_generated(path))
		return TRACK_OUT;
	if (t->all || (watched > 0 && watched >= ignored) || (t->everything && ignored == 0))
		return TRACK_IN;
	return any_below(&t->watch, path) ? TRACK_ABOVE : TRACK_OUT;
}

bool track_uniform(const struct track *t, const char *dir)
{
	for (size_t i = 0; i < sizeof(generated) / sizeof(generated[0]); i++)
		if (path_below(generated[i], dir))
			return false;
	return !any_inside(&t->watch, dir) && !any_inside(&t->ignore, dir);
}
