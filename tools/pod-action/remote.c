/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a push goes is what the person who approved it read: one address, https, that nothing in
 * the repository's configuration turns into another.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/git.h"

void remote_finish(struct remote *r)
{
	free(r->name);
	free(r->url);
	*r = (struct remote){0};
}

static bool ends_in(const char *key, const char *end)
{
	size_t n = strlen(key), m = strlen(end);

	return n > m && strcmp(key + n - m, end) == 0;
}

static bool leads_elsewhere(const char *key, const char *remote)
{
	static const char *const of_remote[] = {"pushurl",         "vcs",         "proxy",
						"proxyauthmethod", "receivepack", "uploadpack",
						"mirror"};
	size_t n = strlen(remote);

	if (strncmp(key, "http.", 5) == 0 ||
	    (strncmp(key, "url.", 4) == 0 &&
	     (ends_in(key, ".insteadof") || ends_in(key, ".pushinsteadof"))))
		return true;
	if (strncmp(key, "remote.", 7) != 0 || strncmp(key + 7, remote, n) != 0 ||
	    key[7 + n] != '.')
		return false;
	/* an address that has a section of its own is a name to git, and leads to that one's url */
	if (strstr(remote, "://"))
		return true;
	for (size_t i = 0; i < sizeof(of_remote) / sizeof(of_remote[0]); i++)
		if (strcmp(key + 8 + n, of_remote[i]) == 0)
			return true;
	return false;
}

static int check_config(const struct git *g, const char *remote, struct err *e)
{
	for (size_t i = 0; i < g->present.n; i++)
		if (leads_elsewhere(g->present.v[i], remote))
			return err_set(
				e, ERR_PLAIN,
				"the repository configures %s, which could lead elsewhere: take it "
				"out (git config --unset-all %s)",
				esc(g->present.v[i]), esc(g->present.v[i]));
	return 0;
}

/* "https://host/…": no user and password in it, no blanks. */
static int check_url(const char *url, bool http, struct err *e)
{
	const char *rest = strncmp(url, "https://", 8) == 0          ? url + 8
			   : http && strncmp(url, "http://", 7) == 0 ? url + 7
								     : NULL;

	if (!rest)
		return err_set(e, ERR_PLAIN, "the remote is %s: actions speak to https:// alone%s",
			       esc(url),
			       strchr(url, '@') || strncmp(url, "ssh", 3) == 0
				       ? "; ssh would need a key in the pod"
				       : "");
	if (strpbrk(url, " \t\r\n") || strcspn(rest, "/") == 0 ||
	    memchr(rest, '@', strcspn(rest, "/")))
		return err_set(e, ERR_PLAIN,
			       "the remote is %s: want https://HOST/PATH, without a user",
			       esc(url));
	return 0;
}

static int find_url(struct remote *r, const struct git *g, struct err *e)
{
	OWN_BUF struct buf out = BUF_INIT;
	OWN_FREE char *key = xfmt("remote.%s.url", r->name);
	int s = git_run(g, &out, e, "config", "--get-all", key, NULL);

	if (s != 0)
		return s < 0 ? s
			     : err_set(e, ERR_PLAIN, "the repository has no remote %s",
				       esc(r->name));
	if (strchr(out.data, '\n'))
		return err_set(e, ERR_PLAIN, "remote %s has more than one address", esc(r->name));
	r->url = buf_take(&out);
	return 0;
}

int remote_open(struct remote *r, struct git *g, const char *name, struct err *e)
{
	bool http = strstr(g->allowed, "http:") != NULL;
	int s;

	r->name = xstrdup(name);
	if (strstr(name, "://"))
		r->url = xstrdup(name);
	s = r->url ? 0 : git_check_name(name, "remote", e);
	if (s == 0)
		s = check_config(g, name, e);
	if (s == 0 && !r->url)
		s = find_url(r, g, e);
	if (s == 0)
		s = check_url(r->url, http, e);
	if (s < 0)
		return s;
	free(g->allowed);
	g->allowed = xstrdup(http ? "http:https" : "https");
	return 0;
}

/* "https://host" of "https://host/path". */
static char *origin(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return xfmt("%.*s", (int)(host - url + (ptrdiff_t)strcspn(host, "/")), url);
}

static char *base64(const char *text)
{
	size_t size = sodium_base64_ENCODED_LEN(strlen(text), sodium_base64_VARIANT_ORIGINAL);
	char *out = xcalloc(1, size);

	sodium_bin2base64(out, size, (const unsigned char *)text, strlen(text),
			  sodium_base64_VARIANT_ORIGINAL);
	return out;
}

int remote_auth(struct git *g, const struct remote *r, const char *key, const char *scheme,
		struct err *e)
{
	const char *dummy = getenv(key);
	OWN_FREE char *where = origin(r->url), *pair = NULL, *coded = NULL;

	if (!dummy || strchr(key, '='))
		return err_set(
			e, ERR_PLAIN,
			"auth_vault_key: the pod has no binding of %s (envpod vault bind makes one)",
			esc(key));
	if (!scheme || strcmp(scheme, "basic") == 0) {
		pair = xfmt("x-access-token:%s", dummy);
		coded = base64(pair);
		strv_fmt(&g->config, "http.%s/.extraHeader\nAuthorization: Basic %s", where, coded);
	} else if (strcmp(scheme, "bearer") == 0) {
		strv_fmt(&g->config, "http.%s/.extraHeader\nAuthorization: Bearer %s", where,
			 dummy);
	} else {
		return err_set(e, ERR_PLAIN, "auth_scheme: git takes basic or bearer, not %s",
			       esc(scheme));
	}
	return 0;
}

static int auth(struct git *g, const struct remote *r, const struct request *q, struct err *e)
{
	OWN_FREE char *key = member_may(q->config, "auth_vault_key", e);
	OWN_FREE char *scheme = e->code ? NULL : member_may(q->config, "auth_scheme", e);

	if (e->code)
		return -e->code;
	return key ? remote_auth(g, r, key, scheme, e) : 0;
}

int remote_open_request(struct remote *r, struct git *g, const struct request *q, struct err *e)
{
	OWN_FREE char *pinned = member_may(q->config, "remote", e);
	OWN_FREE char *asked = e->code ? NULL : member_may(q->params, "remote", e);
	bool http = false;
	int s = e->code ? -e->code : member_flag(q->config, "insecure_http", &http, e);

	if (s < 0)
		return s;
	if (asked && strstr(asked, "://") && !(pinned && strcmp(pinned, asked) == 0))
		return err_set(e, ERR_PLAIN, "remote: name one of the repository's, no address");
	if (pinned && asked && strcmp(pinned, asked) != 0)
		return err_set(e, ERR_PLAIN, "remote: this action is for %s alone", esc(pinned));
	if (http) {
		free(g->allowed);
		g->allowed = xstrdup("http:https");
	}
	s = remote_open(r, g, pinned ? pinned : asked ? asked : "origin", e);
	return s < 0 ? s : auth(g, r, q, e);
}
