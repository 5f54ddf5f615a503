/* SPDX-License-Identifier: Apache-2.0 */
/* Pushing, pulling, tags. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/acts.h"
#include "tools/pod-action/git.h"
#include "tools/pod-action/git_undo.h"

/* params.branch, else the one that HEAD is on; refs/heads/…, caller frees. */
static char *branch_ref(const struct git *g, const struct request *q, struct err *e)
{
	OWN_FREE char *name = member_may(q->params, "branch", e);
	OWN_BUF struct buf head = BUF_INIT;

	if (e->code || (name && git_check_name(name, "branch", e) < 0))
		return NULL;
	if (name)
		return xfmt("refs/heads/%s", name);
	if (git_head(g, &head, e) < 0)
		return NULL;
	if (head.len == 0)
		err_set(e, ERR_PLAIN, "HEAD is on no branch: name one");
	return head.len ? buf_take(&head) : NULL;
}

/* What the remote has there. */
static int remote_hash(const struct git *g, const struct remote *r, const char *ref,
		       char out[GIT_HASH_MAX], struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	size_t n;

	snprintf(out, GIT_HASH_MAX, "%s", GIT_NONE);
	if (git_run(g, &b, e, "ls-remote", "--quiet", r->name, ref, NULL))
		return -e->code;
	n = b.len ? strspn(b.data, "0123456789abcdef") : 0;
	if (n >= 40 && n < GIT_HASH_MAX && b.data[n] == '\t')
		snprintf(out, GIT_HASH_MAX, "%.*s", (int)n, b.data);
	return 0;
}

/* Only where the person who set the action up said so: others may have what was pushed. */
static int say_push(const struct git *g, const struct remote *r, const struct request *q,
		    const char *word, struct reply *y, struct err *e)
{
	static const char *const copied[] = {"auth_vault_key", "auth_scheme", "insecure_http"};
	bool allowed = false;
	int s = member_flag(q->config, "undo_push", &allowed, e);

	if (s < 0)
		return s;
	if (!allowed)
		reply_never(
			y,
			"others may have it by now (undo_push: true in the action's config would take "
			"it back by force)");
	git_undo_begin(y, g, word, e);
	jw_kstr(&y->undo, "remote", r->name);
	jw_kstr(&y->undo, "url", r->url);
	for (size_t i = 0; i < 3; i++) {
		OWN_BUF struct buf raw = BUF_INIT;

		if (member_raw(q->config, copied[i], &raw, e) == 1) {
			jw_key(&y->undo, copied[i]);
			buf_str(&y->undo, raw.data);
		}
	}
	return 0;
}

static int push_ref(const struct git *g, const struct remote *r, const char *ref, const char *new,
		    struct err *e)
{
	OWN_FREE char *spec = xfmt("%s:%s", new, ref);

	return git_run(g, NULL, e, "push", "--quiet", "--no-verify", r->name, spec, NULL) ? -e->code
											  : 0;
}

static int say_refs(struct reply *y, const char *ref, const char *old, const char *new)
{
	jw_kstr(&y->undo, "ref", ref);
	jw_kstr(&y->undo, "old", old);
	jw_kstr(&y->undo, "new", new);
	return 0;
}

static int push(const struct git *g, const struct remote *r, const struct request *q,
		const char *ref, struct reply *y, struct err *e)
{
	char old[GIT_HASH_MAX], new[GIT_HASH_MAX];
	int s = git_hash(g, ref, new, e);

	if (s == 0)
		s = err_set(e, ERR_PLAIN, "there is no %s", esc(ref));
	if (s > 0)
		s = remote_hash(g, r, ref, old, e);
	if (s == 0)
		s = push_ref(g, r, ref, new, e);
	if (s < 0)
		return s;
	jw_kstr(&y->result, "remote", r->url);
	jw_kstr(&y->result, "ref", ref);
	jw_kstr(&y->result, "old", old);
	jw_kstr(&y->result, "commit", new);
	if (strcmp(old, new) == 0) {
		reply_never(y, "the remote had it already");
		return 0;
	}
	s = say_push(g, r, q, "push", y, e);
	return s < 0 ? s : say_refs(y, ref, old, new);
}

int act_git_push(const struct request *q, struct reply *y, struct err *e)
{
	OWN_GIT struct git g = {0};
	OWN_REMOTE struct remote r = {0};
	OWN_FREE char *ref = NULL;
	int s = git_open_request(&g, q, false, e);

	if (s == 0)
		s = remote_open_request(&r, &g, q, e);
	ref = s < 0 ? NULL : branch_ref(&g, q, e);
	return ref ? push(&g, &r, q, ref, y, e) : -e->code;
}

/* --- pull --- */

static int say_pull(const struct git *g, const struct remote *r, const char *head, const char *old,
		    struct reply *y, struct err *e)
{
	char new[GIT_HASH_MAX] = GIT_NONE;
	int s = git_hash(g, "HEAD", new, e);

	if (s < 0)
		return s;
	jw_kstr(&y->result, "remote", r->url);
	jw_kstr(&y->result, "old", old);
	jw_kstr(&y->result, "commit", new);
	if (strcmp(old, new) == 0)
		reply_never(y, "nothing was new");
	if (strcmp(old, GIT_NONE) == 0)
		reply_never(y, "the branch had no commit before");
	git_undo_begin(y, g, "pull", e);
	return say_refs(y, head, old, new);
}

static int pull(const struct git *g, const struct remote *r, const char *ref, struct reply *y,
		struct err *e)
{
	OWN_BUF struct buf head = BUF_INIT;
	char old[GIT_HASH_MAX] = GIT_NONE;
	int s = git_head(g, &head, e);

	if (s == 0 && head.len == 0)
		s = err_set(e, ERR_PLAIN, "HEAD is on no branch: check one out first");
	if (s == 0)
		s = git_hash(g, "HEAD", old, e);
	if (s < 0)
		return s;
	/* --refmap=: a fetch line of the repository's would move refs that nobody asked for */
	if (git_run(g, NULL, e, "fetch", "--quiet", "--refmap=", "--no-tags",
		    "--no-recurse-submodules", r->name, ref, NULL) ||
	    git_run(g, NULL, e, "merge", "--quiet", "--no-overwrite-ignore", "--ff-only",
		    "--no-verify", "FETCH_HEAD", NULL))
		return -e->code;
	return say_pull(g, r, head.data, old, y, e);
}

/* Forward alone: what has to be merged is for whoever works in there. */
int act_git_pull(const struct request *q, struct reply *y, struct err *e)
{
	OWN_GIT struct git g = {0};
	OWN_REMOTE struct remote r = {0};
	OWN_FREE char *ref = NULL;
	int s = git_open_request(&g, q, true, e);

	if (s == 0)
		s = remote_open_request(&r, &g, q, e);
	ref = s < 0 ? NULL : branch_ref(&g, q, e);
	return ref ? pull(&g, &r, ref, y, e) : -e->code;
}

/* --- tag --- */

static int make_tag(const struct git *g, const char *name, const struct buf *message, struct err *e)
{
	OWN_STRV struct strv words = {0};

	strv_add(&words, "tag");
	if (message->len) {
		strv_add(&words, "-a");
		strv_add(&words, "-F");
		strv_add(&words, "-");
	}
	strv_add(&words, "--");
	strv_add(&words, name);
	return git_feed(g, &words, message, NULL, e) ? -e->code : 0;
}

/* A tag that could not be pushed is none. */
static int push_tag(struct git *g, const struct request *q, const char *ref, const char *new,
		    struct reply *y, struct err *e)
{
	OWN_REMOTE struct remote r = {0};
	struct err drop = {0};
	char old[GIT_HASH_MAX];
	int s = remote_open_request(&r, g, q, e);

	if (s == 0)
		s = remote_hash(g, &r, ref, old, e);
	if (s == 0 && strcmp(old, GIT_NONE) != 0)
		s = err_set(e, ERR_PLAIN, "the remote has %s already", esc(ref));
	if (s == 0)
		s = push_ref(g, &r, ref, new, e);
	if (s < 0) {
		git_move_ref(g, ref, GIT_NONE, new, &drop);
		return s;
	}
	jw_kstr(&y->result, "remote", r.url);
	s = say_push(g, &r, q, "tag", y, e);
	return s < 0 ? s : say_refs(y, ref, GIT_NONE, new);
}

int act_git_tag(const struct request *q, struct reply *y, struct err *e)
{
	OWN_GIT struct git g = {0};
	OWN_BUF struct buf message = BUF_INIT;
	OWN_FREE char *name = member_need(q->params, "name", e),
		      *ref = xfmt("refs/tags/%s", name ? name : "");
	char new[GIT_HASH_MAX];
	bool also = false;
	int s = name ? git_check_name(name, "name", e) : -e->code;

	if (s >= 0)
		s = member_text(q->params, "message", &message, e);
	if (s >= 0)
		s = member_flag(q->params, "push", &also, e);
	if (s >= 0)
		s = git_open_request(&g, q, false, e);
	if (s >= 0)
		s = make_tag(&g, name, &message, e);
	if (s >= 0)
		s = git_hash(&g, ref, new, e);
	if (s < 0)
		return s;
	jw_kstr(&y->result, "ref", ref);
	jw_kstr(&y->result, "object", new);
	if (also)
		return push_tag(&g, q, ref, new, y, e);
	git_undo_begin(y, &g, "ref", e);
	return say_refs(y, ref, GIT_NONE, new);
}
