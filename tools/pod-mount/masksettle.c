/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping the mask true at every view.  Three degrees: nothing it depends on has changed (a stat
 * for each of some sixty directories); something has, but what is hidden stays the same, as when a
 * file was saved in the home directory; or the trees are written anew.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/maskmake.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/trust.h"

static void hash_add(uint64_t *h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		*h = (*h ^ p[i]) * 1099511628211ull;
}

static void hash_str(uint64_t *h, const char *s)
{
	hash_add(h, s, strlen(s) + 1);
}

static void hash_file(uint64_t *h, const char *name)
{
	OWN_FREE char *path = data_path(name);
	struct stat st = {0};

	if (stat(path, &st) < 0)
		st = (struct stat){0};
	hash_add(h, &st.st_ino, sizeof(st.st_ino));
	hash_add(h, &st.st_mtim, sizeof(st.st_mtim));
}

/* Mounts may come and go; what else shows our directories does with them. */
static void hash_ours(uint64_t *h, const struct mounts *host, const char *dir)
{
	OWN_STRV struct strv names = {0};

	hash_str(h, dir);
	mount_names(&names, host, dir);
	for (size_t i = 0; i < names.n; i++)
		hash_str(h, names.v[i]);
}

/* Everything the collection is told but the working directories, as one number. */
static uint64_t ground_of(const struct mask_ask *ask)
{
	static const char *const keys[] = {
		"mask",
		"reveal",
		"view",
		"app",
		"mount",
		"network",
		"user.home",
		"user.uid",
		"host_user.clone",
		"host_user.dotfile",
		"host_user.dir",
		"host_user.exclude",
		"desktop.uid",
		"desktop.user",
		NULL,
	};
	uint64_t h = 14695981039346656037ull, stamp;
	const char *value;

	hash_str(&h, ENVPOD_VERSION);
	for (const char *const *k = keys; *k; k++) {
		hash_str(&h, *k);
		for (size_t i = 0; (value = plan_next(ask->plan, *k, &i));)
			hash_str(&h, value);
	}
	hash_ours(&h, ask->host, pod_state_dir());
	hash_ours(&h, ask->host, pod_run_dir());
	hash_file(&h, "masks/secrets");
	stamp = trust_stamp(ask->pod);
	hash_add(&h, &stamp, sizeof(stamp));
	if (plan_is(ask->plan, "view", "minimal"))
		hash_file(&h, "masks/minimal");
	if (plan_str(ask->plan, "app", NULL))
		hash_file(&h, "masks/apps");
	return h;
}

static uint64_t input_of(const struct mask_ask *ask, uint64_t ground)
{
	uint64_t h = ground;

	for (size_t i = 0; ask->tracked && i < ask->tracked->n; i++)
		hash_str(&h, ask->tracked->v[i]);
	hash_str(&h, ask->cwd ? ask->cwd : "");
	return h;
}

static uint64_t hash_covers(const struct covers *c)
{
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < c->n; i++) {
		hash_str(&h, c->v[i].path);
		hash_str(&h, c->v[i].fspath);
		hash_add(&h, &c->v[i].dev, sizeof(c->v[i].dev));
	}
	return h;
}

static int list_covers(struct covers *c, const struct mask *m, const struct mask_ask *ask,
		       struct err *e)
{
	const struct cover_ask cask = {.host = ask->host,
				       .plan = ask->plan,
				       .mask = m,
				       .tracked = ask->tracked,
				       .cwd = ask->cwd};

	return covers_list(c, &cask, e);
}

enum moved { MOVED_NOTHING, MOVED_SOME, MOVED_SCANNED };

static enum moved what_moved(const struct mask *m)
{
	enum moved moved = MOVED_NOTHING;

	for (size_t i = 0; i < m->nwatches; i++) {
		if (watch_same(&m->watches[i]))
			continue;
		if (m->watches[i].scanned)
			return MOVED_SCANNED;
		moved = MOVED_SOME;
	}
	return moved;
}

static bool same_entries(const struct mask *a, const struct mask *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].kind != b->v[i].kind || a->v[i].file != b->v[i].file ||
		    a->v[i].soft != b->v[i].soft || a->v[i].derived != b->v[i].derived ||
		    strcmp(a->v[i].path, b->v[i].path) != 0)
			return false;
	return true;
}

/* A file of ours copies one of the host's, or stands for one that the host lacks: then its text may
 * have changed with it. */
static bool texts_changed(const struct mask *old)
{
	for (size_t i = 0; i < old->nwatches; i++)
		if (!S_ISDIR(old->watches[i].mode) && !watch_same(&old->watches[i]))
			return true;
	return false;
}

/* Parents are watched when they are written; without writing they are the same as before. */
static void watch_parents(struct mask *m, const struct mask *old)
{
	for (size_t i = 0; i < old->nwatches; i++)
		mask_watch(m, old->watches[i].path, old->watches[i].scanned);
}

/*
 * New trees, and the list that says what they hold.  A crash in between must not leave the old list
 * beside them: things may become again as that list has them, and it would be believed.  So the
 * new one comes first, as the answer to no question.
 */
static int replace(struct mask *m, struct covers *c, const struct mask_ask *ask, struct err *e)
{
	const uint64_t input = m->input, ground = m->ground;
	int r = 0;

	if (faccessat(ask->pod->dir, "mask", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		m->input = m->ground = 0;
		r = mask_save(m, ask->pod, e);
		m->input = input;
		m->ground = ground;
	}
	if (r == 0)
		r = mask_write(m, c, ask->pod, ask, e);
	return r < 0 ? r : mask_save(m, ask->pod, e);
}

static int settle_anew(struct mask *m, struct covers *c, const struct mask_ask *ask, struct err *e)
{
	int r = mask_collect(m, ask, e);

	if (r == 0)
		r = list_covers(c, m, ask, e);
	if (r < 0)
		return r;
	m->ground = ground_of(ask);
	m->input = input_of(ask, m->ground);
	m->covers = hash_covers(c);
	if (ask->old && ask->old->covers == m->covers && same_entries(m, ask->old) &&
	    !texts_changed(ask->old)) {
		watch_parents(m, ask->old);
		r = mask_remirror(m, c, ask->pod, e);
		return r < 0 ? r : mask_save(m, ask->pod, e);
	}
	return replace(m, c, ask, e);
}

int mask_prepare(struct mask *m, struct covers *c, const struct mask_ask *ask, struct err *e)
{
	struct mask_ask anew = *ask;

	anew.old = NULL;
	anew.rescan = true;
	return settle_anew(m, c, &anew, e);
}

/* Nothing changed but perhaps the host's mounts. */
static int settle_same(struct mask *m, struct covers *c, const struct mask_ask *ask, struct err *e)
{
	int r = list_covers(c, m, ask, e);

	if (r < 0 || hash_covers(c) == m->covers)
		return r;
	m->covers = hash_covers(c);
	return replace(m, c, ask, e);
}

int mask_settle(struct mask *m, struct covers *c, const struct mask_ask *ask, struct err *e)
{
	OWN_MASK struct mask old = {0};
	struct mask_ask next = *ask;
	enum moved moved;
	struct err torn = {0};
	uint64_t ground = ground_of(ask);

	/* A list that a crash has torn is made anew. */
	if (mask_load(&old, ask->pod, &torn) < 0 || old.n == 0 || old.ground != ground)
		return mask_prepare(m, c, ask, e);
	moved = what_moved(&old);
	/* Another working directory: what takes long to find out does not ask for it. */
	if (moved == MOVED_NOTHING && old.input != input_of(ask, ground))
		moved = MOVED_SOME;
	if (moved == MOVED_NOTHING) {
		*m = old;
		old = (struct mask){0};
		return settle_same(m, c, ask, e);
	}
	next.old = &old;
	next.rescan = moved == MOVED_SCANNED;
	return settle_anew(m, c, &next, e);
}
