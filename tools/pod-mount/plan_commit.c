/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/plan_commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/raw.h"
#include "tools/pod-mount/whiteout.h"

/* --- completing the choice --- */

/* The change that made the directory a change is in; NULL when the directory was there before. */
static struct change *made_parent(struct survey *s, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	size_t i = *c->dir ? changes_find(&s->changes, c->dir) : s->changes.n;
	struct change *up = i < s->changes.n ? &s->changes.v[i] : NULL;

	if (!up || strcmp(change_path(up, &path), c->dir) != 0 || !S_ISDIR(up->mode))
		return NULL;
	return up->kind == CHANGE_ADDED || up->kind == CHANGE_TYPE ? up : NULL;
}

static void choose_parents(struct survey *s)
{
	const char *done = NULL;

	for (size_t i = 0; i < s->changes.n; i++) {
		struct change *c = &s->changes.v[i], *up;

		if (!c->chosen || c->dir == done)
			continue;
		done = c->dir;
		while (c->kind != CHANGE_DELETED && (up = made_parent(s, c)) && !up->chosen) {
			up->chosen = true;
			c = up;
		}
	}
}

/* A directory that a file replaces goes with all that was in it, or not at all. */
static void choose_replaced(struct survey *s)
{
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (!c->chosen || c->kind != CHANGE_TYPE || S_ISDIR(c->mode))
			continue;
		for (size_t k = i + 1, end = changes_end(&s->changes, i); k < end; k++)
			s->changes.v[k].chosen = true;
	}
}

/* A deleted directory stays as long as something in it does. */
static void drop_partial(struct survey *s)
{
	for (size_t i = s->changes.n; i-- > 0;) {
		struct change *c = &s->changes.v[i];

		if (!c->chosen || c->kind != CHANGE_DELETED || !change_is_dir(c))
			continue;
		for (size_t k = i + 1, end = changes_end(&s->changes, i); k < end; k++)
			c->chosen = c->chosen && (s->changes.v[k].chosen ||
						  s->changes.v[k].marks & MARK_APPEARED);
	}
}

static void drop_appeared(struct survey *s)
{
	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].marks & MARK_APPEARED)
			s->changes.v[i].chosen = false;
}

void commit_choose(struct survey *s)
{
	choose_parents(s);
	choose_replaced(s);
	drop_appeared(s);
	drop_partial(s);
}

/* --- one step --- */

static const char *within(const struct survey *s, const struct change *c, struct buf *path)
{
	return survey_within(s, c->cover, change_path(c, path));
}

static struct owner owner_in(const struct survey *s, const struct change *c, uid_t parent)
{
	const struct owner old = {c->old_uid, c->old_gid};

	return owner_for_commit(&s->ids, (struct owner){c->uid, c->gid}, c->old_mode ? &old : NULL,
				parent);
}

/* Who owns the host directory that the entry goes into; one made by this commit counts as made. */
static uid_t parent_owner(struct commit_plan *p, struct survey *s, const struct change *c)
{
	const struct change *up = made_parent(s, c);
	const char *leaf;
	OWN_BUF struct buf path = BUF_INIT;
	OWN_FD int fd = -1;
	struct stat st;

	if (up)
		return owner_in(s, up, parent_owner(p, s, up)).uid;
	fd = open_parent_beneath(s->trees[c->cover].host, within(s, c, &path), &leaf);
	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_uid : s->ids.owner_uid;
}

static struct owner owner_of(struct commit_plan *p, struct survey *s, const struct change *c)
{
	if (c->dir != p->owner_dir) {
		p->owner_uid = parent_owner(p, s, c);
		p->owner_dir = c->dir;
	}
	return owner_in(s, c, p->owner_uid);
}

static void note(struct commit_plan *p, const struct change *c, const char *what)
{
	OWN_BUF struct buf path = BUF_INIT;

	strv_fmt(&p->notes, "%s: %s", esc(change_path(c, &path)), what);
}

/* Bits that grant somebody's rights are left behind; a host directory keeps those it had. */
static mode_t mode_for_commit(struct commit_plan *p, const struct change *c)
{
	mode_t mode = c->mode & ~(mode_t)(S_ISUID | S_ISGID);

	if (S_ISDIR(c->mode) && S_ISDIR(c->old_mode))
		mode |= c->old_mode & (S_ISUID | S_ISGID);
	else if (mode != c->mode && S_ISREG(c->mode))
		note(p, c, "setuid and setgid were left behind");
	return mode;
}

static struct step *add_step(struct commit_plan *p, struct survey *s, size_t i, enum step_verb verb)
{
	const struct change *c = &s->changes.v[i];
	OWN_BUF struct buf path = BUF_INIT;
	struct step *st;

	if (p->j.n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->change = xrealloc(p->change, p->cap * sizeof(p->change[0]));
	}
	p->change[p->j.n] = i;
	st = journal_step(&p->j, verb, p->site_of[c->cover], within(s, c, &path));
	if (c->old_mode)
		st->old = (struct ident){c->old_ino, c->old_ctime_ns, c->old_mtime_ns, c->old_size};
	st->mode = c->old_mode & S_IFMT;
	return st;
}

/*
 * Before it died a process of the pod's may have handed its files and directories to somebody who
 * lives: to another pod, through a socket in a directory that both may write to, or in the host's
 * network.  Through such a directory whoever has it finds the file again, wherever it was moved.
 */
static bool may_be_held(const struct survey *s)
{
	return faccessat(s->pod.dir, "written", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT || plan_is(&s->plan, "network", "unsafe");
}

/* And whatever other way there is, nobody has the file itself. */
static bool is_held(const struct survey *s, const struct change *c)
{
	OWN_FD int fd = raw_open(s, c, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 || has_writers(fd);
}

/*
 * May the layer's file itself become the host's?  Only if nothing else can still write into it: no
 * process, no second link; and if the layers say nothing else under this name.
 */
static bool can_move(const struct commit_plan *p, const struct survey *s, const struct change *c)
{
	return !survey_is_fixed(s) && !p->copies && c->plain && c->copies == 1 &&
	       c->source != SOURCE_NONE && !c->from && S_ISREG(c->mode) && c->nlink == 1 &&
	       p->sites[p->site_of[c->cover]].near && !is_held(s, c);
}

/* Part of a change: the host's file with some lines of the pod's. */
static void compose_step(struct commit_plan *p, struct survey *s, size_t i)
{
	const struct change *c = &s->changes.v[i];
	struct step *st = add_step(p, s, i, STEP_PUT);
	struct change host = *c;

	host.mode = c->old_mode;
	st->mode = mode_for_commit(p, c->with_mode ? c : &host);
	st->uid = c->old_uid;
	st->gid = c->old_gid;
	st->kept = !c->merged;
}

/*
 * A directory's owner or mode may not be the host's even so: not every id is carried over, nor
 * every bit.  Where the directory stays in its layer, for what else is in it, it would be a change
 * for ever, and the host's, which this commit touched, in conflict with it.
 */
static void reset_step(struct commit_plan *p, struct survey *s, size_t i, const struct step *put)
{
	const struct change *c = &s->changes.v[i];
	uint32_t uid = put->uid, gid = put->gid, mode = put->mode & 07777;
	OWN_BUF struct buf raw = BUF_INIT;
	struct step *st;

	if (!S_ISDIR(c->mode) || survey_is_fixed(s) || !c->plain || c->source == SOURCE_NONE ||
	    (uid == c->uid && gid == c->gid && mode == (c->mode & 07777)))
		return;
	st = add_step(p, s, i, STEP_RESET);
	st->mode = S_IFDIR;
	step_from(st, survey_layer_id(s, c->source), raw_path(s, c, &raw));
	st->was_mode = c->mode;
	st->was_uid = uid_stored(&s->ids, c->uid);
	st->was_gid = gid_stored(&s->ids, c->gid);
}

static void put_step(struct commit_plan *p, struct survey *s, size_t i)
{
	const struct change *c = &s->changes.v[i];
	bool meta = S_ISDIR(c->mode) && S_ISDIR(c->old_mode);
	struct owner owner;
	struct step *st;
	OWN_BUF struct buf raw = BUF_INIT;

	if (c->composed) {
		compose_step(p, s, i);
		return;
	}
	owner = owner_of(p, s, c);
	st = add_step(p, s, i, meta ? STEP_META : STEP_PUT);
	if (S_ISREG(c->old_mode) && c->old_nlink > 1)
		note(p, c, "its other names on the host (hard links) keep what they have");
	st->mode = mode_for_commit(p, c);
	st->uid = owner.uid;
	st->gid = owner.gid;
	if (meta && s->foreign)
		return; /* its layer is gone when a crash is recovered from: it is staged */
	if (!meta && !can_move(p, s, c)) {
		reset_step(p, s, i, st);
		return;
	}
	step_from(st, survey_layer_id(s, c->source), raw_path(s, c, &raw));
	st->was_mode = c->mode;
	st->was_uid = pod_map_out(c->uid, s->ids.base, s->ids.uid);
	st->was_gid = pod_map_out(c->gid, s->ids.base, s->ids.gid);
	reset_step(p, s, i, st);
}

/* --- what leaves the layers --- */

static bool layer_has(struct survey *s, unsigned cover, unsigned layer, const char *path,
		      struct stat *st)
{
	const char *leaf;
	int tree = survey_layer_fd(s, cover, layer);
	OWN_FD int parent = tree < 0 ? -ENOENT : open_parent_beneath(tree, path, &leaf);
	int r = parent < 0                                           ? parent
		: fstatat(parent, leaf, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno
								     : 0;

	if (r < 0 && r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
		s->fault = r;
	return r == 0;
}

static bool is_opaque(const struct survey *s, unsigned cover, unsigned layer, const char *path)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_FD int fd =
		open_beneath(survey_layer_fd(s, cover, layer), path, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 || dir_marks_read(fd, marks) < 0 || marks->opaque;
}

/*
 * Every layer's entry of this name, lowest first, so that nothing older comes to light.  Of a
 * directory only what it hides in lower layers: itself goes once it is empty.
 */
static void prune_change(struct commit_plan *p, struct survey *s, const struct change *c)
{
	OWN_BUF struct buf text = BUF_INIT;
	const char *path = within(s, c, &text);
	unsigned first = c->source, end = s->nlayers;
	struct stat st;

	if (c->copies == 1)
		end = first + 1u;
	if (S_ISDIR(c->mode)) {
		while (first < end && layer_has(s, c->cover, first, path, &st) &&
		       S_ISDIR(st.st_mode) && !is_opaque(s, c->cover, first, path))
			first++;
		if (first < end && layer_has(s, c->cover, first, path, &st) && S_ISDIR(st.st_mode))
			first++;
	}
	for (unsigned i = end; i-- > first;)
		if (layer_has(s, c->cover, i, path, &st))
			journal_prune(&p->j, p->site_of[c->cover], survey_layer_id(s, i), path);
}

/* What the pod had before a merge is the agent's work: it is kept, not pruned. */
static void drop_merged(struct commit_plan *p, struct survey *s)
{
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];
		OWN_BUF struct buf text = BUF_INIT;
		const char *path = within(s, c, &text);
		struct stat st;

		for (unsigned k = s->nlayers; c->chosen && c->merged && k-- > c->source;)
			if (layer_has(s, c->cover, k, path, &st))
				step_from(add_step(p, s, i, STEP_DROP), survey_layer_id(s, k),
					  path);
	}
}

static void prune_all(struct commit_plan *p, struct survey *s)
{
	for (size_t i = 0; i < p->j.n; i++) {
		const struct change *c = &s->changes.v[p->change[i]];

		if (p->j.steps[i].verb == STEP_RESET)
			continue;
		if (!survey_is_fixed(s) && c->plain && c->source != SOURCE_NONE && !c->composed &&
		    !(p->j.steps[i].from_layer && p->j.steps[i].verb == STEP_PUT))
			prune_change(p, s, c);
	}
}

/* --- the whole --- */

/* The covers that something chosen lies in; others may not even be there any more. */
static int open_sites(struct commit_plan *p, struct survey *s, struct err *e)
{
	int r = 0;

	p->sites = xcalloc(s->covers.n + 1, sizeof(*p->sites));
	p->site_of = xcalloc(s->covers.n + 1, sizeof(*p->site_of));
	for (size_t i = 0; i < s->changes.n && r == 0; i++) {
		const struct change *c = &s->changes.v[i];
		size_t known = p->j.sites.n;

		if (!c->chosen)
			continue;
		p->site_of[c->cover] = journal_site(&p->j, s->covers.v[c->cover]);
		if (p->j.sites.n > known)
			r = site_open(&p->sites[known], s->covers.v[c->cover], &s->pod, e);
		if (r == 0 && p->j.sites.n > known)
			r = site_try(&p->sites[known], &s->pod, e);
	}
	return r;
}

static void count(struct commit_plan *p, const struct survey *s)
{
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (!c->chosen || change_is_dir(c))
			continue;
		p->files++;
		p->bytes += c->size;
	}
}

/* Below something a file replaces: it must be gone before the file comes. */
static void note_replaced(const struct survey *s, bool *early)
{
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (c->kind != CHANGE_TYPE || S_ISDIR(c->mode))
			continue;
		for (size_t k = i + 1, end = changes_end(&s->changes, i); k < end; k++)
			early[k] = true;
	}
}

/*
 * What a file replaces goes first.  Then directories before what is in them, and files.  Deletions
 * come last, the deepest first.
 */
int commit_plan_make(struct commit_plan *p, struct survey *s, struct err *e)
{
	OWN_FREE bool *early = xcalloc(s->changes.n + 1, 1);
	int r = open_sites(p, s, e);

	if (r < 0)
		return r;
	p->copies = may_be_held(s);
	note_replaced(s, early);
	for (size_t i = s->changes.n; i-- > 0;)
		if (s->changes.v[i].chosen && early[i])
			add_step(p, s, i, STEP_REMOVE);
	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].chosen && s->changes.v[i].kind != CHANGE_DELETED)
			put_step(p, s, i);
	for (size_t i = s->changes.n; i-- > 0;)
		if (s->changes.v[i].chosen && !early[i] && s->changes.v[i].kind == CHANGE_DELETED)
			add_step(p, s, i, STEP_REMOVE);
	drop_merged(p, s);
	prune_all(p, s);
	count(p, s);
	return s->fault ? err_set(e, -s->fault, "look at the layers of pod %s", s->pod.name) : 0;
}

void commit_plan_finish(struct commit_plan *p)
{
	for (size_t i = 0; p->sites && i < p->j.sites.n; i++)
		site_finish(&p->sites[i]);
	free(p->sites);
	free(p->site_of);
	free(p->change);
	strv_finish(&p->notes);
	journal_finish(&p->j);
}
