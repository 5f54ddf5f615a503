/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action/git.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/child.h"

/* What comes by the environment wins over every file. */
static const char *const overruled[] = {
	"core.hooksPath=/dev/null",
	"core.fsmonitor=false",
	"core.sshCommand=/bin/false",
	"core.gitProxy=",
	"core.askPass=/bin/false",
	"core.pager=cat",
	"core.editor=/bin/false",
	"core.attributesFile=/dev/null",
	"core.alternateRefsCommand=/bin/false",
	"credential.helper=",
	"commit.gpgSign=false",
	"commit.template=/dev/null",
	"tag.gpgSign=false",
	"tag.forceSignAnnotated=false",
	"push.gpgSign=false",
	"push.followTags=false",
	"push.recurseSubmodules=no",
	"fetch.recurseSubmodules=false",
	"submodule.recurse=false",
	"gc.auto=0",
	"maintenance.auto=false",
	"merge.verifySignatures=false",
	"diff.external=",
	"safe.directory=*", /* hooks are off, and nothing here has more power than the pod */
	"safe.bareRepository=explicit",
	"http.followRedirects=false",
	"http.sslVerify=true",
	"http.proxy=",
};

static const char *const env_fixed[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/nonexistent", /* no .netrc either */
	"LC_ALL=C",
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_ATTR_NOSYSTEM=1",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_ASKPASS=/bin/false",
	"SSH_ASKPASS=/bin/false",
	"GIT_SSH_COMMAND=/bin/false",
	"GIT_EDITOR=/bin/false",
	"GIT_SEQUENCE_EDITOR=/bin/false",
	"GIT_PAGER=cat",
	"GIT_MERGE_AUTOEDIT=no",
	"GIT_LITERAL_PATHSPECS=1",
	"GIT_NO_LAZY_FETCH=1",
};

/* Which roots to trust: the pod's own, its authority among them. */
static const char *const env_passed[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
					 "CURL_CA_BUNDLE"};

void git_finish(struct git *g)
{
	free(g->dir);
	free(g->allowed);
	strv_finish(&g->config);
	strv_finish(&g->present);
	*g = (struct git){0};
}

static void add_config(struct strv *env, const struct git *g)
{
	size_t n = sizeof(overruled) / sizeof(overruled[0]);

	strv_fmt(env, "GIT_CONFIG_COUNT=%zu", n + g->config.n);
	for (size_t i = 0; i < n + g->config.n; i++) {
		const char *pair = i < n ? overruled[i] : g->config.v[i - n];
		/* a key may hold '=' (an address); values of ours never begin with a blank */
		const char *eq = i < n ? strchr(pair, '=') : strchr(pair, '\n');

		strv_fmt(env, "GIT_CONFIG_KEY_%zu=%.*s", i, (int)(eq - pair), pair);
		strv_fmt(env, "GIT_CONFIG_VALUE_%zu=%s", i, eq + 1);
	}
}

static void build_env(struct strv *env, const struct git *g)
{
	for (size_t i = 0; i < sizeof(env_fixed) / sizeof(env_fixed[0]); i++)
		strv_add(env, env_fixed[i]);
	for (size_t i = 0; i < sizeof(env_passed) / sizeof(env_passed[0]); i++)
		if (getenv(env_passed[i]))
			strv_fmt(env, "%s=%s", env_passed[i], getenv(env_passed[i]));
	strv_fmt(env, "GIT_ALLOW_PROTOCOL=%s", g->allowed);
	add_config(env, g);
}

int git_feed(const struct git *g, const struct strv *words, const struct buf *in, struct buf *out,
	     struct err *e)
{
	OWN_STRV struct strv env = {0}, argv = {0};
	OWN_BUF struct buf dropped = BUF_INIT;
	const struct child c = {.in = in, .out = out ? out : &dropped};
	size_t before = c.out->len;
	int r;

	strv_add(&argv, "git");
	strv_add(&argv, "-C");
	strv_add(&argv, g->dir);
	for (size_t i = 0; i < words->n; i++)
		strv_add(&argv, words->v[i]);
	build_env(&env, g);
	r = child_run(&c, argv.v, env.v, e);
	if (r == 0 && c.out->len > before && c.out->data[c.out->len - 1] == '\n')
		c.out->data[--c.out->len] = '\0';
	return r;
}

int git_run(const struct git *g, struct buf *out, struct err *e, ...)
{
	OWN_STRV struct strv words = {0};
	const char *word;
	va_list ap;

	va_start(ap, e);
	while ((word = va_arg(ap, const char *)))
		strv_add(&words, word);
	va_end(ap);
	return git_feed(g, &words, NULL, out, e);
}

int git_hash(const struct git *g, const char *rev, char out[GIT_HASH_MAX], struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct err why = {0};
	int r = git_run(g, &b, &why, "rev-parse", "--verify", "--quiet", "--end-of-options", rev,
			NULL);

	if (r < 0)
		*e = why;
	if (r != 0)
		return r < 0 ? r : 0;
	if (b.len < 40 || b.len >= GIT_HASH_MAX || strspn(b.data, "0123456789abcdef") != b.len)
		return err_set(e, ERR_PLAIN, "git has no name for %s", esc(rev));
	memcpy(out, b.data, b.len + 1);
	return 1;
}

int git_head(const struct git *g, struct buf *out, struct err *e)
{
	struct err why = {0};
	int r = git_run(g, out, &why, "symbolic-ref", "--quiet", "HEAD", NULL);

	buf_add(out, "", 0);
	if (r < 0)
		*e = why;
	return r < 0 ? r : 0;
}

int git_move_ref(const struct git *g, const char *ref, const char *new, const char *old,
		 struct err *e)
{
	/* of SHA-256 repositories nothing is as long as in others */
	const char *none = "";
	int r;

	if (strcmp(new, GIT_NONE) == 0)
		r = git_run(g, NULL, e, "update-ref", "-d", ref, old, NULL);
	else
		r = git_run(g, NULL, e, "update-ref", ref, new,
			    strcmp(old, GIT_NONE) == 0 ? none : old, NULL);
	return r == 0 ? 0 : err_wrap(e, "%s was moved since", esc(ref));
}

int git_check_name(const char *name, const char *what, struct err *e)
{
	size_t n = strlen(name);

	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || strchr("~^:?*[\\\177", *p))
			return err_set(e, ERR_PLAIN, "%s: %s is no name that git takes", what,
				       esc(name));
	if (n == 0 || n > 200 || *name == '-' || *name == '/' || *name == '.' ||
	    strstr(name, "..") || strstr(name, "@{") || strstr(name, "//") || strstr(name, "/.") ||
	    name[n - 1] == '/' || name[n - 1] == '.' || strcmp(name, "@") == 0 ||
	    strcmp(name, "HEAD") == 0 || (n > 5 && strcmp(name + n - 5, ".lock") == 0))
		return err_set(e, ERR_PLAIN, "%s: %s is no name that git takes", what, esc(name));
	return 0;
}

/* --- what the repository configures --- */

static bool ends_in(const char *key, const char *end)
{
	size_t n = strlen(key), m = strlen(end);

	return n > m && strcmp(key + n - m, end) == 0;
}

/* Its programs would decide what is committed, so leaving them out is no way. */
static int check_filters(const struct git *g, struct err *e)
{
	for (size_t i = 0; i < g->present.n; i++) {
		const char *key = g->present.v[i];

		if (strncmp(key, "filter.", 7) == 0 &&
		    (ends_in(key, ".clean") || ends_in(key, ".smudge") || ends_in(key, ".process")))
			return err_set(
				e, ERR_PLAIN,
				"the repository configures %s, and an action runs no filters",
				esc(key));
	}
	return 0;
}

/* All that git reads, its worktree's own file with it, but for what we add: scope, key, scope … */
static int list_config(struct git *g, struct err *e)
{
	OWN_BUF struct buf out = BUF_INIT;
	int r = git_run(g, &out, e, "config", "--list", "--show-scope", "--name-only", "-z", NULL);
	const char *end = out.data ? out.data + out.len : NULL;

	for (const char *scope = out.data, *key; r == 0 && scope < end;
	     scope = key + strlen(key) + 1) {
		key = scope + strlen(scope) + 1;
		if (key >= end)
			return err_set(e, ERR_PLAIN, "git lists its configuration in an odd way");
		if (strcmp(scope, "command") != 0)
			strv_add(&g->present, key);
	}
	return r;
}

/* Whose commits are they, where the repository does not say? */
static void add_identity(struct git *g)
{
	const char *user = getenv("USER"), *pod = getenv("ENVPOD_POD_NAME"), *home = getenv("HOME");
	OWN_FREE char *file = xfmt("%s/.gitconfig", home ? home : "");
	static const char *const keys[] = {"user.name", "user.email"};

	for (size_t i = 0; i < 2; i++) {
		OWN_BUF struct buf b = BUF_INIT;
		struct err why = {0};

		if (strv_has(&g->present, keys[i]))
			continue;
		if (git_run(g, &b, &why, "config", "--file", file, "--no-includes", "--get",
			    keys[i], NULL) == 0 &&
		    b.len > 0)
			strv_fmt(&g->config, "%s\n%s", keys[i], b.data);
		else if (i == 0)
			strv_fmt(&g->config, "%s\n%s", keys[i], user ? user : "agent");
		else
			strv_fmt(&g->config, "%s\n%s@%s", keys[i], user ? user : "agent",
				 pod ? pod : "pod");
	}
}

static int find_repository(const struct git *g, struct err *e)
{
	struct err why = {0};
	int r = git_run(g, NULL, &why, "rev-parse", "--git-dir", NULL);

	if (r < 0)
		*e = why;
	return r <= 0 ? r : err_set(e, ERR_PLAIN, "%s is in no git repository", esc(g->dir));
}

int git_open(struct git *g, const char *dir, bool worktree, struct err *e)
{
	int r;

	*g = (struct git){.dir = xstrdup(dir), .allowed = xstrdup("none")};
	if (*dir == '-')
		return err_set(e, ERR_PLAIN, "working_dir: %s is no directory", esc(dir));
	r = find_repository(g, e);
	if (r == 0)
		r = list_config(g, e);
	if (r == 0 && worktree)
		r = check_filters(g, e);
	if (r == 0)
		add_identity(g);
	return r == 0 ? 0 : -e->code;
}

int git_open_request(struct git *g, const struct request *q, bool worktree, struct err *e)
{
	OWN_FREE char *dir = member_may(q->params, "working_dir", e);

	if (!dir && !e->code)
		dir = member_may(q->config, "workspace", e);
	return e->code ? -e->code : git_open(g, dir ? dir : ".", worktree, e);
}
