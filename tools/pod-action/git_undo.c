/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action/git_undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/acts.h"
#include "tools/pod-action/keep.h"

void git_undo_begin(struct reply *y, const struct git *g, const char *word, struct err *e)
{
	OWN_FREE char *real = realpath(g->dir, NULL);

	if (!real || !utf8_ok(real))
		reply_never(y, "the repository's path cannot be written down");
	jw_kstr(&y->undo, "do", word);
	jw_kstr(&y->undo, "dir", real ? real : "");
	(void)e;
}

/* The words that an undo object must have, by the names of a table. */
#define WORDS_MAX 6
struct words {
	char *v[WORDS_MAX];
};

static void words_finish(struct words *w)
{
	for (size_t i = 0; i < WORDS_MAX; i++)
		free(w->v[i]);
}

static int read_words(struct words *w, const struct request *q, const char *const *names,
		      struct err *e)
{
	for (size_t i = 0; names[i]; i++) {
		w->v[i] = member_need(q->undo, names[i], e);
		if (!w->v[i])
			return -e->code;
	}
	return 0;
}

/* --- ref --- */

static bool is_staged(const struct git *g, const char *tree)
{
	OWN_BUF struct buf now = BUF_INIT;
	struct err drop = {0};

	return git_run(g, &now, &drop, "write-tree", NULL) == 0 && strcmp(now.data, tree) == 0;
}

static int put_index_back(const struct git *g, const struct request *q, struct err *e)
{
	OWN_FREE char *path = member_may(q->undo, "index", e), *tree = NULL;
	OWN_PLACE struct place p = PLACE_INIT;
	int r;

	if (!path)
		return -e->code;
	tree = member_need(q->undo, "tree", e);
	r = tree ? place_open_real(&p, path, e) : -e->code;
	/* somebody has staged something since: that stays, and so does what the commit held */
	return r < 0 || !is_staged(g, tree) ? r : keep_get(&p, true, e);
}

static void follow_again(const struct git *g, const struct request *q, const char *ref)
{
	static const char *const keys[] = {"remote", "merge"};

	for (size_t i = 0; i < 2; i++) {
		struct err drop = {0};
		OWN_FREE char *value = member_may(q->undo, keys[i], &drop);
		OWN_FREE char *key =
			value ? xfmt("branch.%s.%s", ref + strlen("refs/heads/"), keys[i]) : NULL;

		if (value)
			git_run(g, NULL, &drop, "config", "--local", key, value, NULL);
	}
}

static int undo_ref(struct git *g, const struct request *q, struct err *e)
{
	struct words w __attribute__((cleanup(words_finish))) = {0};
	int r = read_words(&w, q, (const char *const[]){"ref", "old", "new", NULL}, e);

	if (r == 0 && strncmp(w.v[0], "refs/", 5) != 0 && strcmp(w.v[0], "HEAD") != 0)
		r = err_set(e, ERR_PLAIN, "undo: %s is no ref", esc(w.v[0]));
	if (r == 0)
		r = git_move_ref(g, w.v[0], w.v[1], w.v[2], e);
	if (r < 0)
		return r;
	if (strncmp(w.v[0], "refs/heads/", 11) == 0)
		follow_again(g, q, w.v[0]);
	return put_index_back(g, q, e);
}

/* --- checkout --- */

static int check_head(const struct git *g, const char *ref, const char *commit, struct err *e)
{
	OWN_BUF struct buf now = BUF_INIT;
	char hash[GIT_HASH_MAX] = GIT_NONE;
	int r = git_head(g, &now, e);

	if (r == 0)
		r = git_hash(g, "HEAD", hash, e);
	if (r < 0)
		return r;
	if (strcmp(now.data, ref) != 0 || strcmp(hash, commit) != 0)
		return err_set(e, ERR_PLAIN, "HEAD was moved since");
	return 0;
}

static int undo_checkout(struct git *g, const struct request *q, struct err *e)
{
	struct words w __attribute__((cleanup(words_finish))) = {0};
	OWN_FREE char *made = NULL;
	int r = read_words(&w, q, (const char *const[]){"was", "now", "new", NULL}, e);

	if (r == 0)
		r = check_head(g, w.v[1], w.v[2], e);
	if (r < 0)
		return r;
	if (strncmp(w.v[0], "refs/heads/", 11) == 0)
		r = git_run(g, NULL, e, "checkout", "--quiet", "--no-overwrite-ignore",
			    "--no-guess", w.v[0] + 11, "--", NULL);
	else
		r = git_run(g, NULL, e, "checkout", "--quiet", "--no-overwrite-ignore", "--detach",
			    w.v[0], NULL);
	if (r)
		return -e->code;
	made = member_may(q->undo, "made", e);
	return made ? git_move_ref(g, made, GIT_NONE, w.v[2], e) : -e->code;
}

/* --- pull --- */

/*
 * The tree first, which git refuses where it would cost changes; then the ref, if it is still ours.
 * By a checkout: read-tree -u writes over ignored files.
 */
static int undo_pull(struct git *g, const struct request *q, struct err *e)
{
	struct words w __attribute__((cleanup(words_finish))) = {0};
	struct err drop = {0};
	int r = read_words(&w, q, (const char *const[]){"ref", "old", "new", NULL}, e);

	if (r == 0)
		r = check_head(g, w.v[0], w.v[2], e);
	if (r < 0)
		return r;
	if (git_run(g, NULL, e, "checkout", "--quiet", "--no-overwrite-ignore", "--detach", w.v[1],
		    NULL))
		return -e->code;
	r = git_move_ref(g, w.v[0], w.v[1], w.v[2], e);
	if (r < 0)
		git_run(g, NULL, &drop, "checkout", "--quiet", "--no-overwrite-ignore", "--detach",
			w.v[2], NULL);
	return git_run(g, NULL, r < 0 ? &drop : e, "symbolic-ref", "HEAD", w.v[0], NULL) && r == 0
		       ? -e->code
		       : r;
}

/* --- push --- */

static int open_remote(struct remote *r, struct git *g, const struct request *q, const char *name,
		       struct err *e)
{
	OWN_FREE char *key = NULL, *scheme = NULL;
	bool http = false;
	int s = member_flag(q->undo, "insecure_http", &http, e);

	if (s >= 0 && http) {
		free(g->allowed);
		g->allowed = xstrdup("http:https");
	}
	if (s >= 0)
		s = remote_open(r, g, name, e);
	key = s < 0 ? NULL : member_may(q->undo, "auth_vault_key", e);
	scheme = e->code ? NULL : member_may(q->undo, "auth_scheme", e);
	if (e->code)
		return -e->code;
	return key ? remote_auth(g, r, key, scheme, e) : 0;
}

static int undo_push(struct git *g, const struct request *q, struct err *e)
{
	struct words w __attribute__((cleanup(words_finish))) = {0};
	OWN_REMOTE struct remote remote = {0};
	OWN_FREE char *lease = NULL, *spec = NULL;
	int r = read_words(&w, q, (const char *const[]){"remote", "url", "ref", "old", "new", NULL},
			   e);

	if (r == 0)
		r = open_remote(&remote, g, q, w.v[0], e);
	if (r < 0)
		return r;
	if (strcmp(remote.url, w.v[1]) != 0)
		return err_set(e, ERR_PLAIN, "remote %s leads elsewhere since", esc(w.v[0]));
	lease = xfmt("--force-with-lease=%s:%s", w.v[2], w.v[4]);
	spec = strcmp(w.v[3], GIT_NONE) == 0 ? xfmt(":%s", w.v[2]) : xfmt("%s:%s", w.v[3], w.v[2]);
	return git_run(g, NULL, e, "push", "--quiet", "--no-verify", lease, remote.name, spec, NULL)
		       ? -e->code
		       : 0;
}

/* --- tag with push --- */

static int undo_tag(struct git *g, const struct request *q, struct err *e)
{
	struct words w __attribute__((cleanup(words_finish))) = {0};
	int r = undo_push(g, q, e);

	if (r == 0)
		r = read_words(&w, q, (const char *const[]){"ref", "new", NULL}, e);
	return r < 0 ? r : git_move_ref(g, w.v[0], GIT_NONE, w.v[1], e);
}

int undo_git(const struct request *q, struct reply *y, struct err *e)
{
	static const struct {
		const char *word;
		bool worktree;
		int (*run)(struct git *g, const struct request *q, struct err *e);
	} ways[] = {
		{"ref", false, undo_ref},  {"checkout", true, undo_checkout},
		{"pull", true, undo_pull}, {"push", false, undo_push},
		{"tag", false, undo_tag},
	};
	OWN_FREE char *word = member_need(q->undo, "do", e), *dir = NULL;
	OWN_GIT struct git g = {0};

	(void)y;
	dir = word ? member_need(q->undo, "dir", e) : NULL;
	for (size_t i = 0; dir && i < sizeof(ways) / sizeof(ways[0]); i++) {
		int r;

		if (strcmp(ways[i].word, word) != 0)
			continue;
		r = git_open(&g, dir, ways[i].worktree, e);
		return r < 0 ? r : ways[i].run(&g, q, e);
	}
	return dir ? err_set(e, ERR_PLAIN, "undo: %s is nothing that git knows", esc(word))
		   : -e->code;
}
