/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/binding.h"

#include <ctype.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-vault/index.h"

#define TOKEN "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

void binding_finish(struct binding *b)
{
	free(b->key);
	free(b->domain);
	free(b->name);
	free(b->template);
	free(b->usage);
	strv_finish(&b->methods);
	strv_finish(&b->paths);
	strv_finish(&b->strips);
	strv_finish(&b->pins);
	*b = (struct binding){0};
}

static bool is_token(const char *s, size_t n)
{
	return n > 0 && n <= 128 && strspn(s, TOKEN) >= n;
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* --- words: NULL, or what is wrong with the value --- */

static const char *take_key(struct binding *b, const char *value)
{
	if (!is_key_name(value))
		return "is no name for a secret";
	b->key = xstrdup(value);
	return NULL;
}

static bool is_label(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	return n > 0 && n < 64 && s[0] != '-' && s[n - 1] != '-';
}

static bool is_name(const char *s)
{
	const char *last = s;

	if (strlen(s) > 253)
		return false;
	for (;;) {
		size_t n = strcspn(s, ".");

		if (!is_label(s, n))
			return false;
		last = s;
		if (!s[n])
			return last[strspn(last, "0123456789")] != '\0';
		s += n + 1;
	}
}

static const char *take_domain(struct binding *b, const char *value)
{
	b->domain = xstrdup(value);
	for (char *c = b->domain; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (strncmp(value, "**.", 3) == 0)
		return "stands for two things: bind x.y and *.x.y";
	return is_name(b->domain + (strncmp(value, "*.", 2) == 0 ? 2 : 0)) ? NULL : "is no domain";
}

static const char *take_port(struct binding *b, const char *value)
{
	uint64_t port;

	if (unit_u64(value, 65535, &port) < 0 || port == 0)
		return "is no port";
	b->port = (uint16_t)port;
	return port == 80 ? "carries no TLS: a secret would go over the network in the open" : NULL;
}

static const char *take_header(struct binding *b, const char *value)
{
	size_t n = strcspn(value, ":");
	const char *rest = value + n + (value[n] == ':');

	rest += strspn(rest, " ");
	if (b->name)
		return "is one of two ways to send one secret: give one";
	if (!is_token(value, n) || !value[n] || !is_plain(rest))
		return "is no header such as 'Authorization: Bearer {value}'";
	if (!strstr(rest, "{value}"))
		return "lacks {value}, which shows where the secret goes";
	b->kind = BIND_HEADER;
	b->name = strndup(value, n);
	b->template = xstrdup(rest);
	return NULL;
}

static const char *take_basic(struct binding *b, const char *value)
{
	if (b->name)
		return "is one of two ways to send one secret: give one";
	if (!*value || strchr(value, ':') || !is_plain(value) || strlen(value) > 128)
		return "is no user name, which has no colon";
	b->kind = BIND_BASIC;
	b->name = xstrdup(value);
	return NULL;
}

static const char *take_query(struct binding *b, const char *value)
{
	if (b->name)
		return "is one of two ways to send one secret: give one";
	if (!is_token(value, strlen(value)) || strpbrk(value, "&#%+"))
		return "is no query word";
	b->kind = BIND_QUERY;
	b->name = xstrdup(value);
	return NULL;
}

static const char *take_method(struct binding *b, const char *value)
{
	if (!is_token(value, strlen(value)) || strlen(value) > 32)
		return "is no method";
	strv_add(&b->methods, value);
	return b->methods.n > 64 ? "is one method too many" : NULL;
}

static const char *take_path(struct binding *b, const char *value)
{
	if ((*value != '/' && *value != '*') || !is_plain(value) || strlen(value) > 1024)
		return "is no path pattern, which begins with / or *";
	strv_add(&b->paths, value);
	return b->paths.n > 256 ? "is one path too many" : NULL;
}

static const char *take_strip(struct binding *b, const char *value)
{
	static const char *const kinds[] = {"header:", "cookie:", "query:"};

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(kinds[i]);

		if (strncmp(value, kinds[i], n) != 0)
			continue;
		if (!is_token(value + n, strlen(value + n)))
			break;
		strv_add(&b->strips, value);
		return b->strips.n > 64 ? "is one too many" : NULL;
	}
	return "is not header:NAME, cookie:NAME or query:NAME";
}

/* Two slashes are curl's way to write it. */
static const char *take_pin(struct binding *b, const char *value)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strncmp(value, "sha256//", 8) == 0 ? 8 : 7;
	OWN_FREE char *pin = NULL;

	if (strncmp(value, "sha256/", 7) != 0 || strspn(value + n, letters) != 43 ||
	    strcmp(value + n + 43, "=") != 0)
		return "is not sha256/ and the 44 letters of a hash in base64";
	pin = xfmt("sha256/%s", value + n);
	strv_add(&b->pins, pin);
	return b->pins.n > 16 ? "is one pin too many" : NULL;
}

static const char *take_wide(struct binding *b, const char *value)
{
	b->wide = strcmp(value, "yes") == 0;
	return b->wide || strcmp(value, "no") == 0 ? NULL : "is not yes or no";
}

static const char *take_number(uint64_t *to, const char *value)
{
	return unit_u64(value, INT64_MAX, to) == 0 && *to > 0 ? NULL : "is no limit";
}

static const char *take_requests(struct binding *b, const char *value)
{
	return take_number(&b->requests, value);
}

static const char *take_bytes(struct binding *b, const char *value)
{
	return take_number(&b->bytes, value);
}

static const char *take_concurrent(struct binding *b, const char *value)
{
	return take_number(&b->concurrent, value);
}

static const char *take_usage(struct binding *b, const char *value)
{
	static const char *const apis[] = {"anthropic", "openai", "gemini", "ollama"};

	for (size_t i = 0; i < 4; i++)
		if (strcmp(value, apis[i]) == 0) {
			b->usage = xstrdup(value);
			return NULL;
		}
	return "is not anthropic, openai, gemini or ollama";
}

static const struct {
	const char *word;
	const char *(*take)(struct binding *b, const char *value);
	bool often;
} takers[] = {
	{"key", take_key, false},      {"domain", take_domain, false},
	{"port", take_port, false},    {"header", take_header, false},
	{"basic", take_basic, false},  {"query", take_query, false},
	{"method", take_method, true}, {"path", take_path, true},
	{"strip", take_strip, true},   {"pin", take_pin, true},
	{"wide", take_wide, false},    {"requests", take_requests, false},
	{"bytes", take_bytes, false},  {"concurrent", take_concurrent, false},
	{"usage", take_usage, false},
};

#define TAKERS (sizeof(takers) / sizeof(takers[0]))

static int wrong(struct err *e, const char *word, const char *what)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "'%.200s' %s", esc(word), what);
}

static int take_word(struct binding *b, const char *word, bool seen[TAKERS], struct err *e)
{
	size_t n = strcspn(word, "=");

	for (size_t i = 0; i < TAKERS && word[n]; i++) {
		const char *fault;

		if (strlen(takers[i].word) != n || memcmp(takers[i].word, word, n) != 0)
			continue;
		if (seen[i] && !takers[i].often)
			return wrong(e, word, "stands twice");
		seen[i] = true;
		fault = takers[i].take(b, word + n + 1);
		return fault ? wrong(e, word + n + 1, fault) : 0;
	}
	return wrong(e, word, "is not known");
}

static int check(struct binding *b, struct err *e)
{
	bool star = b->domain && b->domain[0] == '*';

	if (!b->domain)
		return wrong(e, b->key ? b->key : "", "lacks a domain");
	if (star && !b->wide)
		return wrong(e, b->domain,
			     "is a wildcard: every host below gets the secret; say "
			     "wide if that is meant");
	if (!b->port)
		b->port = 443;
	b->wide = star;
	if (b->key && !b->name)
		return take_header(b, "Authorization: Bearer {value}") ? -EINVAL : 0;
	return b->key || !b->name ? 0 : wrong(e, b->domain, "has no key to send");
}

int binding_parse(struct binding *b, const struct strv *words, struct err *e)
{
	bool seen[TAKERS] = {false};
	int r = 0;

	for (size_t i = 0; i < words->n && r == 0; i++)
		r = take_word(b, words->v[i], seen, e);
	return r < 0 ? r : check(b, e);
}

bool binding_same_host(const struct binding *a, const struct binding *b)
{
	return a->port == b->port && strcmp(a->domain, b->domain) == 0;
}

bool binding_same(const struct binding *a, const struct binding *b)
{
	return binding_same_host(a, b) && a->key && b->key && strcmp(a->key, b->key) == 0;
}

/* --- writing --- */

static void put_list(struct buf *to, const char *key, const struct strv *list)
{
	if (list->n)
		jw_kstrv(to, key, list->v);
}

static void put_number(struct buf *to, const char *key, uint64_t n)
{
	if (n)
		jw_knum(to, key, (int64_t)n);
}

void binding_json(const struct binding *b, struct buf *to)
{
	static const char *const kinds[] = {"header", "basic", "query"};
	OWN_FREE char *header = b->template ? xfmt("%s: %s", b->name, b->template)
					    : xstrdup(b->name ? b->name : "");

	if (b->key)
		jw_kstr(to, "key", b->key);
	jw_kstr(to, "domain", b->domain);
	jw_knum(to, "port", b->port);
	if (b->name)
		jw_kstr(to, kinds[b->kind], header);
	put_list(to, "methods", &b->methods);
	put_list(to, "paths", &b->paths);
	put_list(to, "strip", &b->strips);
	put_list(to, "pins", &b->pins);
	if (b->wide)
		jw_kbool(to, "wide", true);
	put_number(to, "requests", b->requests);
	put_number(to, "bytes", b->bytes);
	put_number(to, "concurrent", b->concurrent);
	if (b->usage)
		jw_kstr(to, "usage", b->usage);
}

char *binding_how(const struct binding *b)
{
	static const char *const kinds[] = {"header", "basic", "query"};

	return b->name ? xfmt("%s %s", kinds[b->kind], b->name) : xstrdup("rules");
}

/* --- lists of them --- */

void bindings_finish(struct bindings *all)
{
	for (size_t i = 0; i < all->n; i++)
		binding_finish(&all->v[i]);
	free(all->v);
	*all = (struct bindings){0};
}

struct binding *bindings_add(struct bindings *all, struct err *e)
{
	if (all->n == BINDINGS_MAX) {
		err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "there are more than %d bindings",
			   BINDINGS_MAX);
		return NULL;
	}
	all->v = xrealloc(all->v, (all->n + 1) * sizeof(*all->v));
	all->v[all->n] = (struct binding){0};
	return &all->v[all->n++];
}

int bindings_copy(struct bindings *to, const struct binding *b, struct err *e)
{
	struct binding *c = bindings_add(to, e);

	if (!c)
		return -ENOSPC;
	*c = (struct binding){.wide = b->wide,
			      .port = b->port,
			      .kind = b->kind,
			      .requests = b->requests,
			      .bytes = b->bytes,
			      .concurrent = b->concurrent};
	c->key = b->key ? xstrdup(b->key) : NULL;
	c->domain = xstrdup(b->domain);
	c->name = b->name ? xstrdup(b->name) : NULL;
	c->template = b->template ? xstrdup(b->template) : NULL;
	c->usage = b->usage ? xstrdup(b->usage) : NULL;
	for (size_t i = 0; i < b->methods.n; i++)
		strv_add(&c->methods, b->methods.v[i]);
	for (size_t i = 0; i < b->paths.n; i++)
		strv_add(&c->paths, b->paths.v[i]);
	for (size_t i = 0; i < b->strips.n; i++)
		strv_add(&c->strips, b->strips.v[i]);
	for (size_t i = 0; i < b->pins.n; i++)
		strv_add(&c->pins, b->pins.v[i]);
	return 0;
}

void bindings_drop(struct bindings *all, size_t i)
{
	binding_finish(&all->v[i]);
	memmove(&all->v[i], &all->v[i + 1], (all->n - i - 1) * sizeof(*all->v));
	all->n--;
}

bool bindings_have(const struct bindings *all, const char *key)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].key && strcmp(all->v[i].key, key) == 0)
			return true;
	return false;
}
