/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running git in a repository that somebody hostile may have prepared.  Nothing of its
 * configuration is executed: hooks, fsmonitor, pagers, helpers and the like are overruled, filters
 * and rewritten addresses refused; of the user's and the system's configuration nothing is read. It
 * speaks https alone, where it may speak at all, and follows no redirect.
 */
#ifndef POD_ACTION_GIT_H
#define POD_ACTION_GIT_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/request.h"

#define GIT_HASH_MAX 65 /* of SHA-256, with its NUL */
#define GIT_NONE     "0000000000000000000000000000000000000000"

struct git {
	char *dir;           /* where git looks for the repository */
	char *allowed;       /* protocols, "none" or "https" */
	struct strv config;  /* KEY=VALUE that overrule */
	struct strv present; /* keys that the repository configures, as git prints them */
};

#define OWN_GIT __attribute__((cleanup(git_finish), unused))

/* Of params and config: working_dir, workspace.  Finds the repository and looks at what it
 * configures; refuses what cannot be overruled, filters only if the working tree is touched. */
int git_open(struct git *g, const char *dir, bool worktree, struct err *e);
int git_open_request(struct git *g, const struct request *q, bool worktree, struct err *e);
void git_finish(struct git *g);

/*
 * Run it, the words ended by NULL; its output appended to out (NULL: thrown away), without the last
 * newline.  0; 1 where it ended otherwise, e then telling what it said.
 */
int git_run(const struct git *g, struct buf *out, struct err *e, ...) __attribute__((sentinel));
/* The same by words, with an input. */
int git_feed(const struct git *g, const struct strv *words, const struct buf *in, struct buf *out,
	     struct err *e);

/* What a revision is, in full: 1, 0 where it is nothing. */
int git_hash(const struct git *g, const char *rev, char out[GIT_HASH_MAX], struct err *e);
/* "refs/heads/NAME", "" where HEAD is detached. */
int git_head(const struct git *g, struct buf *out, struct err *e);
/* Set ref from old to new, only if it still is old; GIT_NONE: nothing.  Fails where it is not. */
int git_move_ref(const struct git *g, const char *ref, const char *new, const char *old,
		 struct err *e);

/* May that be the name of a branch or tag, or a remote? */
int git_check_name(const char *name, const char *what, struct err *e);

/* A place to push to and pull from. */
struct remote {
	char *name; /* as git is told it */
	char *url;
};

#define OWN_REMOTE __attribute__((cleanup(remote_finish), unused))
void remote_finish(struct remote *r);
/* Find it, refuse what is not https or would lead elsewhere, let git speak to it. */
int remote_open(struct remote *r, struct git *g, const char *name, struct err *e);
/* params.remote, else config.remote (a name or an address), else "origin"; with the key of config.
 */
int remote_open_request(struct remote *r, struct git *g, const struct request *q, struct err *e);
/* Let git show the key's dummy there, which the pod's way out replaces: scheme as in config. */
int remote_auth(struct git *g, const struct remote *r, const char *key, const char *scheme,
		struct err *e);

#endif
