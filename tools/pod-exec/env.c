/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/env.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

/* What the agent's own commands are bound at comes first. */
#define FIRST_PATH "/run/envpod/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define SECRETS_MAX (128 * 1024) /* bytes; pod-vault env gives no more */

/* Set "K=V", in place of an earlier K. */
static void set(struct strv *env, const char *pair)
{
	size_t n = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], pair, n) != 0)
			continue;
		free(env->v[i]);
		env->v[i] = xstrdup(pair);
		return;
	}
	strv_add(env, pair);
}

static void set_to(struct strv *env, const char *name, const char *value)
{
	OWN_FREE char *pair = xfmt("%s=%s", name, value);

	set(env, pair);
}

/* Terminal and locale names are file names to the programs that read them. */
static const char *sane(const char *name, const char *fallback)
{
	const char *value = secure_getenv(name), *p = value;

	while (p && (isalnum((unsigned char)*p) || (*p && strchr("._+-@", *p))))
		p++;
	return value && *value && *p == '\0' && p - value < 64 ? value : fallback;
}

static int set_asked(struct strv *env, const char *word, struct err *e)
{
	const char *value;

	if (*word == '=' || !*word)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "-e '%s': want NAME=VALUE or NAME",
				  esc(word));
	if (strchr(word, '=')) {
		set(env, word);
		return 0;
	}
	value = secure_getenv(word);
	if (value)
		set_to(env, word, value);
	return 0;
}

int env_build(struct strv *env, const struct plan *pl, const struct user *u,
	      const struct strv *given, const struct strv *asked, struct err *e)
{
	const char *pair;
	int r = 0;

	set_to(env, "TERM", sane("TERM", "dumb"));
	set_to(env, "LANG", sane("LANG", "C.UTF-8"));
	set_to(env, "HOME", u->home);
	set_to(env, "USER", u->name);
	set_to(env, "LOGNAME", u->name);
	set_to(env, "SHELL", u->shell);
	set_to(env, "PATH", FIRST_PATH);
	for (size_t i = 0; i < given->n; i++)
		set(env, given->v[i]);
	for (size_t i = 0; (pair = plan_next(pl, "env", &i));)
		r = r < 0 ? r : set_asked(env, pair, e);
	for (size_t i = 0; i < asked->n; i++)
		r = r < 0 ? r : set_asked(env, asked->v[i], e);
	set_to(env, "ENVPOD_POD_NAME", plan_str(pl, "name", ""));
	return r;
}

static bool is_asked(const struct strv *asked, const char *pair)
{
	size_t n = strcspn(pair, "=");

	for (size_t i = 0; i < asked->n; i++)
		if (strncmp(asked->v[i], pair, n) == 0 &&
		    (asked->v[i][n] == '=' || asked->v[i][n] == '\0'))
			return true;
	return false;
}

static int take_secrets(struct strv *env, const char *data, size_t len, const struct strv *asked)
{
	const char *end = data + len;

	while (data < end && *data) {
		const char *stop = memchr(data, '\0', (size_t)(end - data));

		if (!stop || *data == '=' || !strchr(data, '='))
			return -EBADMSG;
		if (!is_asked(asked, data) && strncmp(data, "ENVPOD_POD_NAME=", 16) != 0)
			set(env, data);
		data = stop + 1;
	}
	return data + 1 == end ? 0 : -EBADMSG;
}

int env_secrets(struct strv *env, int fd, const struct strv *asked, struct err *e)
{
	OWN_FD int pipe = fd;
	OWN_FREE char *data = NULL;
	ssize_t n;
	int r;

	if (pipe < 0)
		return 0;
	data = xcalloc(1, SECRETS_MAX);
	n = read_full(pipe, data, SECRETS_MAX);
	r = n < 0 ? (int)n : take_secrets(env, data, (size_t)n, asked);
	explicit_bzero(data, SECRETS_MAX);
	return r < 0 ? err_set(e, -r, "take the run's secrets") : 0;
}

const char *env_get(const struct strv *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=')
			return env->v[i] + n + 1;
	return NULL;
}
