/* SPDX-License-Identifier: Apache-2.0 */
/* May a host be asked this? */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/sites.h"
#include "tools/pod-proxy/target.h"

/* Fields by which some servers let a request be another one. */
static const char *const other_methods[] = {"x-http-method-override", "x-http-method",
					    "x-method-override", NULL};
static const char *const other_paths[] = {"x-original-url", "x-rewrite-url", "x-original-uri",
					  "x-forwarded-uri", NULL};

static bool has_any(const struct message *m, const char *const *names)
{
	for (; *names; names++)
		if (message_get(m, *names))
			return true;
	return false;
}

static bool has_method(const struct allow *a, const struct message *m)
{
	if (a->methods.n == 0)
		return true;
	return strv_has(&a->methods, message_text(m, m->method)) && !has_any(m, other_methods);
}

static const char *judge(const struct site *s, const struct message *m, const char *path)
{
	const char *why = "path";

	for (size_t i = 0; i < s->n_allows; i++) {
		if (!target_match(s->allows[i].path, path))
			continue;
		if (has_method(&s->allows[i], m))
			return NULL;
		why = "method";
	}
	return why;
}

static bool names_each_path(const struct site *s)
{
	for (size_t i = 0; i < s->n_allows; i++)
		if (strcmp(s->allows[i].path, "*") != 0 && strcmp(s->allows[i].path, "/*") != 0)
			return false;
	return true;
}

const char *site_judge(const struct site *s, const struct message *m)
{
	OWN_BUF struct buf path = BUF_INIT;

	if (s->n_allows == 0)
		return NULL;
	if (names_each_path(s))
		return judge(s, m, "/");
	if (has_any(m, other_paths))
		return "path";
	if (target_path(message_text(m, m->target), &path) < 0)
		return "ambiguous";
	return judge(s, m, path.data);
}
