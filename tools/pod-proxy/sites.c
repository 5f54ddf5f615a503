/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/sites.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/plan.h"
#include "libcommon/screening.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"
#include "tools/pod-proxy/text.h"

/* Room for one more at the end of v. */
#define GROW(v, n)                                           \
	({                                                   \
		(v) = xrealloc(v, ((n) + 1) * sizeof(*(v))); \
		&(v)[(n)++];                                 \
	})

static void free_site(struct site *s)
{
	for (size_t i = 0; i < s->n_binds; i++) {
		free(s->binds[i].key);
		free(s->binds[i].name);
		free(s->binds[i].template);
	}
	for (size_t i = 0; i < s->n_allows; i++) {
		strv_finish(&s->allows[i].methods);
		free(s->allows[i].path);
	}
	for (size_t i = 0; i < s->n_strips; i++)
		free(s->strips[i].name);
	strv_finish(&s->pins);
	free(s->categories);
	free(s->binds);
	free(s->allows);
	free(s->strips);
	free(s->domain);
}

void sites_finish(struct sites *s)
{
	for (size_t i = 0; i < s->n; i++)
		free_site(&s->v[i]);
	for (size_t i = 0; i < s->n_dummies; i++) {
		free(s->dummies[i].key);
		free(s->dummies[i].value);
	}
	free(s->v);
	free(s->dummies);
	*s = (struct sites){0};
}

static bool is_token(const char *s)
{
	return text_is_token((struct text){s, strlen(s)});
}

static char *lower(const char *s)
{
	char *copy = xstrdup(s);

	for (char *p = copy; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 32);
	return copy;
}

/* --- one function a line: NULL, or what is wrong with it --- */

static const char *take_canary(struct sites *s, struct site *site, char **w)
{
	(void)site;
	s->freeze = strcmp(w[0], "freeze") == 0;
	return s->freeze || strcmp(w[0], "alert") == 0 ? NULL : "want alert or freeze";
}

static bool is_taken(const struct sites *s, const struct site *site)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].port == site->port && s->v[i].wide == site->wide &&
		    strcmp(s->v[i].domain, site->domain) == 0)
			return true;
	return false;
}

static const char *take_host(struct sites *s, struct site *site, char **w)
{
	bool wide = strncmp(w[1], "*.", 2) == 0;
	const char *domain = w[1] + (wide ? 2 : 0);
	char name[NAME_TEXT];
	struct site new = {.wide = wide};
	uint64_t id, port;

	(void)site;
	if (unit_u64(w[0], UINT_MAX, &id) < 0 || id != s->n)
		return "hosts are numbered from 0, one after the other";
	if (name_copy(name, domain, strlen(domain)) < 0 || strcmp(name, domain) != 0)
		return "not a host name in lower case";
	if (unit_u64(w[2], UINT16_MAX, &port) < 0 || port == 0)
		return "not a port";
	new.domain = name;
	new.port = (uint16_t)port;
	if (is_taken(s, &new))
		return "a host twice";
	new.domain = xstrdup(name);
	*GROW(s->v, s->n) = new;
	return NULL;
}

static const char *bind_header(struct bind *b, char **w)
{
	if (!w[0] || !w[1] || w[2] || !is_token(w[0]))
		return "want a header and its template";
	if (!strstr(w[1], "{value}") || !text_is_value((struct text){w[1], strlen(w[1])}))
		return "no {value} in the template, or bytes that no header has";
	b->name = lower(w[0]);
	b->template = xstrdup(w[1]);
	return NULL;
}

static const char *bind_basic(struct bind *b, char **w)
{
	if (!w[0] || w[1] || strchr(w[0], ':'))
		return "want a user, without a colon";
	b->name = xstrdup(w[0]);
	return NULL;
}

static const char *bind_query(struct bind *b, char **w)
{
	if (!w[0] || w[1])
		return "want the name of a query word";
	b->name = xstrdup(w[0]);
	return NULL;
}

static const char *take_bind(struct sites *s, struct site *site, char **w)
{
	static const struct {
		const char *word;
		enum bind_kind kind;
		const char *(*take)(struct bind *b, char **w);
	} kinds[] = {
		{"header", BIND_HEADER, bind_header},
		{"basic", BIND_BASIC, bind_basic},
		{"query", BIND_QUERY, bind_query},
	};
	struct bind *b;

	(void)s;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(w[1], kinds[i].word) == 0) {
			b = GROW(site->binds, site->n_binds);
			*b = (struct bind){.kind = kinds[i].kind, .key = xstrdup(w[0])};
			return kinds[i].take(b, w + 2);
		}
	return "want header, basic or query";
}

static const char *take_allow(struct sites *s, struct site *site, char **w)
{
	struct allow *a = GROW(site->allows, site->n_allows);

	(void)s;
	*a = (struct allow){.path = xstrdup(w[1])};
	if (w[1][0] != '/' && w[1][0] != '*')
		return "a path begins with / or *";
	if (strcmp(w[0], "*") == 0)
		return NULL;
	for (char *method, *rest = w[0]; (method = strsep(&rest, ","));) {
		if (!is_token(method))
			return "not a list of methods";
		strv_add(&a->methods, method);
	}
	return NULL;
}

static const char *take_strip(struct sites *s, struct site *site, char **w)
{
	static const char *const kinds[] = {"header", "cookie", "query"};

	(void)s;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(w[0], kinds[i]) == 0) {
			char *name = i == STRIP_HEADER ? lower(w[1]) : xstrdup(w[1]);

			*GROW(site->strips, site->n_strips) =
				(struct strip){.kind = (enum strip_kind)i, .name = name};
			return NULL;
		}
	return "want header, cookie or query";
}

static const char *take_limit(struct sites *s, struct site *site, char **w)
{
	const struct {
		const char *word;
		uint64_t *to;
	} limits[] = {
		{"requests", &site->requests},
		{"bytes", &site->bytes},
		{"concurrent", &site->concurrent},
	};

	(void)s;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (strcmp(w[0], limits[i].word) == 0)
			return unit_u64(w[1], INT64_MAX, limits[i].to) < 0 || !*limits[i].to
				       ? "not a limit"
				       : NULL;
	return "want requests, bytes or concurrent";
}

static const char *take_usage(struct sites *s, struct site *site, char **w)
{
	(void)s;
	site->usage = usage_api_of(w[0]);
	return site->usage ? NULL : "want anthropic, openai, gemini or ollama";
}

static const char *take_screen(struct sites *s, struct site *site, char **w)
{
	static const struct {
		const char *word;
		enum screen_mode mode;
	} modes[] = {{"alert", SCREEN_ALERT}, {"block", SCREEN_BLOCK}};

	(void)s;
	if (!screening_is_list(w[1]))
		return "want * or categories, with commas between them";
	free(site->categories);
	site->categories = xstrdup(w[1]);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(w[0], modes[i].word) == 0)
			site->screen = modes[i].mode;
	return site->screen ? NULL : "want alert or block";
}

static const char *take_pin(struct sites *s, struct site *site, char **w)
{
	(void)s;
	strv_add(&site->pins, w[0]);
	return strncmp(w[0], "sha256/", 7) == 0 && strlen(w[0]) == 51 ? NULL : "want sha256/HASH";
}

static const char *take_dummy(struct sites *s, struct site *site, char **w)
{
	(void)site;
	if (strlen(w[1]) < SCRUB_MIN || strlen(w[1]) > SCRUB_MAX)
		return "too short or too long a dummy";
	*GROW(s->dummies, s->n_dummies) = (struct dummy){xstrdup(w[0]), xstrdup(w[1])};
	return NULL;
}

static const struct line {
	const char *key;
	bool of_host; /* its first word is the number of a host, which the function is not given */
	size_t min, max;
	const char *(*take)(struct sites *s, struct site *site, char **w);
} lines[] = {
	{"canary", false, 1, 1, take_canary}, {"host", false, 3, 3, take_host},
	{"bind", true, 3, 4, take_bind},      {"allow", true, 2, 2, take_allow},
	{"strip", true, 2, 2, take_strip},    {"limit", true, 2, 2, take_limit},
	{"pin", true, 1, 1, take_pin},        {"usage", true, 1, 1, take_usage},
	{"dummy", false, 2, 2, take_dummy},   {"screen", true, 2, 2, take_screen},
};

static const char *take_words(struct sites *s, const struct line *l, struct strv *words)
{
	struct site *site = NULL;
	char **w = words->v;
	size_t n = words->n;
	uint64_t id;

	if (l->of_host) {
		if (n < 1 || unit_u64(w[0], UINT_MAX, &id) < 0 || id >= s->n)
			return "no such host";
		site = &s->v[id];
		w++, n--;
	}
	return n < l->min || n > l->max ? "too few or too many words" : l->take(s, site, w);
}

static const char *take_line(struct sites *s, const char *key, const char *value)
{
	OWN_STRV struct strv words = {0};

	if (words_split(&words, value) < 0)
		return "not words";
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(lines[i].key, key) == 0)
			return take_words(s, &lines[i], &words);
	return "unknown key";
}

int sites_parse(struct sites *s, const char *data, size_t len, struct err *e)
{
	OWN_PLAN struct plan plan = {0};
	struct sites new = {0};
	int r = plan_parse(&plan, data, len, e);

	if (r < 0)
		return err_wrap(e, "policy/proxy");
	for (size_t i = 0; i < plan.keys.n; i++) {
		const char *wrong = take_line(&new, plan.keys.v[i], plan.values.v[i]);

		if (!wrong)
			continue;
		sites_finish(&new);
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "policy/proxy: line %zu: %s: %s",
				  i + 2, plan.keys.v[i], wrong);
	}
	sites_finish(s);
	*s = new;
	return 0;
}

int sites_read(struct sites *s, int policy_fd, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(policy_fd, "proxy", &b, PLAN_MAX);

	if (r == -ENOENT)
		sites_finish(s);
	if (r < 0)
		return err_set(e, -r, "read policy/proxy");
	return sites_parse(s, b.data ? b.data : "", b.len, e);
}

static bool is_below(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m + 1 && name[n - m - 1] == '.' && strcmp(name + n - m, suffix) == 0;
}

const struct site *sites_find(const struct sites *s, const char *name, uint16_t port)
{
	const struct site *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct site *v = &s->v[i];

		if (v->port != port)
			continue;
		if (!v->wide && strcmp(v->domain, name) == 0)
			return v;
		if (v->wide && is_below(name, v->domain) &&
		    (!best || strlen(v->domain) > strlen(best->domain)))
			best = v;
	}
	return best;
}
