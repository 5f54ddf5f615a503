/* SPDX-License-Identifier: Apache-2.0 */
/* Commits, branches, checkouts.  Taken back by moving refs from what we left to what was, if they
 * are still what we left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/acts.h"
#include "tools/pod-action/git.h"
#include "tools/pod-action/git_undo.h"
#include "tools/pod-action/keep.h"

/* --- commit --- */

static int index_place(const struct git *g, struct place *p, struct err *e)
{
	OWN_BUF struct buf out = BUF_INIT;
	int r = git_run(g, &out, e, "rev-parse", "--path-format=absolute", "--git-path", "index",
			NULL);

	return r ? -e->code : place_open(p, out.data, e);
}

static int add_paths(const struct git *g, const struct strv *paths, struct err *e)
{
	OWN_STRV struct strv words = {0};

	strv_add(&words, "add");
	strv_add(&words, "--all");
	strv_add(&words, "--"); /* without a path: all of the tree, wherever in it we stand */
	for (size_t i = 0; i < paths->n; i++)
		strv_add(&words, paths->v[i]);
	return git_feed(g, &words, NULL, NULL, e);
}

static int commit(const struct git *g, const struct strv *paths, const struct buf *message,
		  struct err *e)
{
	OWN_STRV struct strv words = {0};

	strv_add(&words, "commit");
	strv_add(&words, "--no-verify");
	strv_add(&words, "--no-post-rewrite");
	strv_add(&words, "-F");
	strv_add(&words, "-");
	for (size_t i = 0; i < paths->n; i++) {
		if (i == 0)
			strv_add(&words, "--");
		strv_add(&words, paths->v[i]);
	}
	return git_feed(g, &words, message, NULL, e);
}

struct index {
	struct place place;
	bool there, kept;
};

/* As it was, for a commit that failed and for one that is taken back. */
static int keep_index(const struct git *g, struct index *x, struct reply *y, struct err *e)
{
	struct stat st;
	int r = index_place(g, &x->place, e);

	if (r == 0)
		r = place_stat(&x->place, &st, e);
	x->there = r == 1;
	if (x->there)
		x->kept = keep_put(&x->place, y);
	return r < 0 ? r : 0;
}

static void put_index_back(struct index *x)
{
	struct err drop = {0};

	if (x->kept && lseek(KEEP_FD, 0, SEEK_SET) == 0) {
		if (keep_get(&x->place, true, &drop) == 0)
			keep_drop();
	} else if (!x->there) {
		unlinkat(x->place.dir, x->place.leaf, 0);
	}
}

static int say_commit(const struct git *g, const struct buf *ref, const char *old,
		      const struct index *x, struct reply *y, struct err *e)
{
	OWN_BUF struct buf tree = BUF_INIT;
	char new[GIT_HASH_MAX];
	int r = git_hash(g, "HEAD", new, e);

	/* what is staged, not the file: whoever asks for the status writes that anew */
	if (r == 1)
		r = git_run(g, &tree, e, "write-tree", NULL);
	if (r)
		return -e->code;
	jw_kstr(&y->result, "commit", new);
	jw_kstr(&y->result, "ref", ref->data);
	git_undo_begin(y, g, "ref", e);
	jw_kstr(&y->undo, "ref", ref->len ? ref->data : "HEAD");
	jw_kstr(&y->undo, "old", old);
	jw_kstr(&y->undo, "new", new);
	if (x->kept) {
		jw_kstr(&y->undo, "index", x->place.real);
		jw_kstr(&y->undo, "tree", tree.data);
	}
	return -e->code;
}

static int do_commit(const struct git *g, const struct strv *paths, const struct buf *message,
		     struct reply *y, struct err *e)
{
	OWN_BUF struct buf ref = BUF_INIT;
	char old[GIT_HASH_MAX] = GIT_NONE;
	struct index x = {.place = PLACE_INIT};
	int r = git_head(g, &ref, e);

	if (r == 0)
		r = git_hash(g, "HEAD", old, e);
	if (r >= 0)
		r = keep_index(g, &x, y, e);
	if (r == 0) {
		r = add_paths(g, paths, e);
		if (r == 0)
			r = commit(g, paths, message, e);
		if (r == 0)
			r = say_commit(g, &ref, old, &x, y, e);
		else
			put_index_back(&x);
	}
	place_finish(&x.place);
	return r ? -e->code : 0;
}

int act_git_commit(const struct request *q, struct reply *y, struct err *e)
{
	OWN_GIT struct git g = {0};
	OWN_STRV struct strv paths = {0};
	OWN_BUF struct buf message = BUF_INIT;
	int r = member_text(q->params, "message", &message, e);

	if (r == 0 || (r > 0 && message.len == 0))
		r = err_set(e, ERR_PLAIN, "message is missing");
	if (r > 0)
		r = member_list(q->params, "paths", &paths, e);
	if (r >= 0)
		r = git_open_request(&g, q, true, e);
	return r < 0 ? r : do_commit(&g, &paths, &message, y, e);
}

/* --- branch --- */

static char *ref_of(const struct request *q, const char *key, const char *kind, struct err *e)
{
	OWN_FREE char *name = member_need(q->params, key, e);

	if (!name || git_check_name(name, key, e) < 0)
		return NULL;
	return xfmt("refs/%s/%s", kind, name);
}

static void say_ref(struct reply *y, const struct git *g, const char *ref, const char *old,
		    const char *new, struct err *e)
{
	jw_kstr(&y->result, "ref", ref);
	jw_kstr(&y->result, "commit", strcmp(new, GIT_NONE) == 0 ? old : new);
	git_undo_begin(y, g, "ref", e);
	jw_kstr(&y->undo, "ref", ref);
	jw_kstr(&y->undo, "old", old);
	jw_kstr(&y->undo, "new", new);
}

/* What a branch follows goes with it. */
static void say_follows(struct reply *y, const struct git *g, const char *name)
{
	static const char *const keys[] = {"remote", "merge"};

	for (size_t i = 0; i < 2; i++) {
		OWN_BUF struct buf b = BUF_INIT;
		OWN_FREE char *key = xfmt("branch.%s.%s", name, keys[i]);
		struct err drop = {0};

		if (git_run(g, &b, &drop, "config", "--local", "--get", key, NULL) == 0)
			jw_kstr(&y->undo, keys[i], b.data);
	}
}

static int branch_delete(const struct git *g, const char *ref, struct reply *y, struct err *e)
{
	const char *name = ref + strlen("refs/heads/");
	char old[GIT_HASH_MAX];
	int r = git_hash(g, ref, old, e);

	if (r == 0)
		r = err_set(e, ERR_PLAIN, "there is no branch %s", esc(name));
	if (r < 0)
		return r;
	say_ref(y, g, ref, old, GIT_NONE, e);
	say_follows(y, g, name);
	return git_run(g, NULL, e, "branch", "-D", "--", name, NULL) ? -e->code : 0;
}

static int branch_make(const struct git *g, const char *ref, struct reply *y, struct err *e)
{
	char new[GIT_HASH_MAX];

	if (git_run(g, NULL, e, "branch", "--no-track", "--", ref + strlen("refs/heads/"), NULL) ||
	    git_hash(g, ref, new, e) < 0)
		return -e->code;
	say_ref(y, g, ref, GIT_NONE, new, e);
	return -e->code;
}

int act_git_branch(const struct request *q, struct reply *y, struct err *e)
{
	OWN_GIT struct git g = {0};
	OWN_FREE char *ref = ref_of(q, "name", "heads", e);
	bool gone = false;
	int r = ref ? member_flag(q->params, "delete", &gone, e) : -e->code;

	if (r >= 0)
		r = git_open_request(&g, q, false, e);
	if (r < 0)
		return r;
	return gone ? branch_delete(&g, ref, y, e) : branch_make(&g, ref, y, e);
}

/* --- checkout --- */

/* Where HEAD was: a branch, or a commit. */
static int say_checkout(const struct git *g, const struct buf *was, const char *old,
			const char *made, struct reply *y, struct err *e)
{
	char new[GIT_HASH_MAX] = GIT_NONE;
	OWN_BUF struct buf now = BUF_INIT;
	int r = git_head(g, &now, e);

	if (r == 0)
		r = git_hash(g, "HEAD", new, e);
	if (r < 0)
		return r;
	jw_kstr(&y->result, "ref", now.data);
	jw_kstr(&y->result, "commit", new);
	git_undo_begin(y, g, "checkout", e);
	jw_kstr(&y->undo, "was", was->len ? was->data : old);
	jw_kstr(&y->undo, "now", now.data);
	jw_kstr(&y->undo, "new", new);
	if (made)
		jw_kstr(&y->undo, "made", made);
	return -e->code;
}

int act_git_checkout(const struct request *q, struct reply *y, struct err *e)
{
	OWN_GIT struct git g = {0};
	OWN_BUF struct buf was = BUF_INIT;
	OWN_FREE char *ref = ref_of(q, "branch", "heads", e);
	const char *name = ref ? ref + strlen("refs/heads/") : NULL;
	char old[GIT_HASH_MAX] = GIT_NONE;
	bool create = false;
	int r = ref ? member_flag(q->params, "create", &create, e) : -e->code;

	if (r >= 0)
		r = git_open_request(&g, q, true, e);
	if (r >= 0)
		r = git_head(&g, &was, e);
	if (r >= 0)
		r = git_hash(&g, "HEAD", old, e);
	if (r < 0)
		return r;
	/* an ignored file (.env) has no other copy, and undo could not bring it back */
	r = create ? git_run(&g, NULL, e, "checkout", "--quiet", "--no-overwrite-ignore",
			     "--no-track", "-b", name, NULL)
		   : git_run(&g, NULL, e, "checkout", "--quiet", "--no-overwrite-ignore",
			     "--no-guess", name, "--", NULL);
	return r ? -e->code : say_checkout(&g, &was, old, create ? ref : NULL, y, e);
}
