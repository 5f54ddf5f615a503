/* SPDX-License-Identifier: Apache-2.0 */
/* Services among what was judged: each is checked when it is added, all of them at the end. */
#include <stdio.h>
#include <string.h>

#include "libcommon/need.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

static int wrong(struct err *e, const char *name, const char *what, const char *word)
{
	return err_set(e, EINVAL, "service %s: %s: %s", esc(name), what, esc(word));
}

static bool is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < NEED_NAME_MAX && s[n] == '\0' && s[0] != '-';
}

static bool is_plain_path(const char *s)
{
	OWN_FREE char *clean = path_clean("/", s);

	return s[0] == '/' && s[1] && strcmp(clean, s) == 0;
}

static const struct need_service *find(const struct needs *n, const char *name)
{
	for (size_t i = 0; i < n->n_services; i++)
		if (strcmp(n->services[i].name, name) == 0)
			return &n->services[i];
	return NULL;
}

/* Two that listen on one socket would take turns with its connections. */
static const struct need_service *listener(const struct needs *n, const char *listen)
{
	for (size_t i = 0; *listen && i < n->n_services; i++)
		if (strcmp(n->services[i].listen, listen) == 0)
			return &n->services[i];
	return NULL;
}

static int check_words(const struct need_service *s, struct err *e)
{
	if (s->argv.n == 0)
		return wrong(e, s->name, "it has no command", s->name);
	for (size_t i = 0; i < s->argv.n; i++)
		if (!*s->argv.v[i])
			return wrong(e, s->name, "an empty word in its command", s->argv.v[0]);
	for (size_t i = 0; i < s->after.n; i++)
		if (!is_name(s->after.v[i]))
			return wrong(e, s->name, "'after' names what is no name", s->after.v[i]);
	return 0;
}

static int check_one(const struct needs *n, const struct need_service *s, struct err *e)
{
	if (!is_name(s->name))
		return wrong(e, s->name, "this is no name of a service", s->name);
	if (find(n, s->name))
		return wrong(e, s->name, "there are two of this name", s->name);
	if (n->n_services >= NEED_SERVICES_MAX)
		return wrong(e, s->name, "there are too many services", s->name);
	if (strcmp(s->group, "guardian") != 0 && strcmp(s->group, "app") != 0)
		return wrong(e, s->name, "a group is guardian or app", s->group);
	if (*s->ready && !is_plain_path(s->ready))
		return wrong(e, s->name, "'ready' is no plain absolute path", s->ready);
	if (*s->with && !is_name(s->with))
		return wrong(e, s->name, "'with' is no name", s->with);
	if (*s->listen && !is_name(s->listen))
		return wrong(e, s->name, "'listen' is no name", s->listen);
	if (listener(n, s->listen))
		return wrong(e, s->name, "another service listens there", s->listen);
	return check_words(s, e);
}

static void copy_words(struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->n; i++)
		strv_add(to, from->v[i]);
}

int needs_add_service(struct needs *n, const struct need_service *s, struct err *e)
{
	struct need_service *one;
	int r = check_one(n, s, e);

	if (r < 0)
		return r;
	n->services = xrealloc(n->services, (n->n_services + 1) * sizeof(*n->services));
	one = &n->services[n->n_services++];
	*one = (struct need_service){.name = xstrdup(s->name),
				     .group = xstrdup(s->group),
				     .ready = xstrdup(s->ready),
				     .with = xstrdup(s->with),
				     .listen = xstrdup(s->listen)};
	copy_words(&one->after, &s->after);
	copy_words(&one->argv, &s->argv);
	return 0;
}

/* Could all be ready in some order?  Each round finds those that may begin. */
int needs_check_services(const struct needs *n, struct err *e)
{
	bool done[NEED_SERVICES_MAX] = {0};
	bool more = true;

	for (size_t i = 0; i < n->n_services; i++)
		for (size_t j = 0; j < n->services[i].after.n; j++)
			if (!find(n, n->services[i].after.v[j]))
				return wrong(e, n->services[i].name,
					     "it waits for one there is not",
					     n->services[i].after.v[j]);
	while (more) {
		more = false;
		for (size_t i = 0; i < n->n_services; i++) {
			bool waits = false;

			for (size_t j = 0; j < n->services[i].after.n; j++)
				waits |= !done[find(n, n->services[i].after.v[j]) - n->services];
			more |= !done[i] && !waits;
			done[i] |= !waits;
		}
	}
	for (size_t i = 0; i < n->n_services; i++)
		if (!done[i])
			return wrong(e, n->services[i].name, "it waits for itself in the end",
				     n->services[i].after.v[0]);
	return 0;
}
