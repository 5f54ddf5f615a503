/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/proxy.json: {"v":1,"bind":[{…}],"unbind":[{"key","domain","port"}],"dummies":[{"key",
 * "value"}]}.  A misspelt word must not be passed over, so every one that is not known is an error.
 */
#include <jv.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-vault/index.h"
#include "tools/pod-vault/policy.h"

#define DUMMIES_MAX BINDINGS_MAX

static int bad(struct err *e, const char *what)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "policy/" PROXY_JSON ": %s", what);
}

/* One value as "WORD=VALUE"; anything but text, whole numbers and true is none. */
static int add_word(struct strv *words, const char *word, jv value)
{
	jv_kind kind = jv_get_kind(value);
	int r = 0;

	if (kind == JV_KIND_STRING &&
	    strlen(jv_string_value(value)) == (size_t)jv_string_length_bytes(jv_copy(value)))
		strv_fmt(words, "%s=%s", word, jv_string_value(value));
	else if (kind == JV_KIND_NUMBER)
		strv_fmt(words, "%s=%.0f", word, jv_number_value(value));
	else if (kind == JV_KIND_TRUE)
		strv_fmt(words, "%s=yes", word);
	else
		r = -EINVAL;
	jv_free(value);
	return r;
}

/* A list is its word, without the s, several times. */
static int add_member(struct strv *words, const char *key, jv value)
{
	OWN_FREE char *word = xstrdup(key);
	size_t n = strlen(word);
	int r = 0;

	if (jv_get_kind(value) != JV_KIND_ARRAY)
		return add_word(words, word, value);
	if (n > 0 && word[n - 1] == 's')
		word[n - 1] = '\0';
	for (int i = 0; i < jv_array_length(jv_copy(value)) && r == 0; i++)
		r = add_word(words, word, jv_array_get(jv_copy(value), i));
	jv_free(value);
	return r;
}

static int read_words(struct strv *words, jv item)
{
	int r = jv_get_kind(item) == JV_KIND_OBJECT ? 0 : -EINVAL;

	if (r == 0)
		for (int i = jv_object_iter(item); r == 0 && jv_object_iter_valid(item, i);
		     i = jv_object_iter_next(item, i)) {
			jv key = jv_object_iter_key(item, i);

			r = add_member(words, jv_string_value(key), jv_object_iter_value(item, i));
			jv_free(key);
		}
	jv_free(item);
	return r;
}

static int read_binding(struct bindings *to, jv item, struct err *e)
{
	OWN_STRV struct strv words = {0};
	struct binding *b = bindings_add(to, e);
	int r = read_words(&words, item);

	if (!b)
		return -ENOSPC;
	if (r < 0)
		return bad(e, "a binding has texts, whole numbers, true and lists of texts");
	if (binding_parse(b, &words, e) < 0)
		return err_wrap(e, "policy/" PROXY_JSON);
	return b->key ? 0 : bad(e, "a binding lacks its key");
}

static int read_bind(struct policy *p, jv item, struct err *e)
{
	return read_binding(&p->added, item, e);
}

static int read_unbind(struct policy *p, jv item, struct err *e)
{
	return read_binding(&p->removed, item, e);
}

static char *text_of(jv item, const char *key)
{
	jv value = jv_object_get(item, jv_string(key));
	char *text = jv_get_kind(value) == JV_KIND_STRING ? xstrdup(jv_string_value(value)) : NULL;

	jv_free(value);
	return text;
}

static bool is_dummy(const struct dummy *d)
{
	size_t n = d->value ? strlen(d->value) : 0;

	return d->key && is_key_name(d->key) && n >= BOUND_MIN && n <= 256 &&
	       strspn(d->value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
				".") == n;
}

static int read_dummy(struct policy *p, jv item, struct err *e)
{
	struct dummy *d;

	if (jv_get_kind(item) != JV_KIND_OBJECT || p->n_dummies == DUMMIES_MAX) {
		jv_free(item);
		return bad(e, "a dummy has a key and a value");
	}
	p->dummies = xrealloc(p->dummies, (p->n_dummies + 1) * sizeof(*p->dummies));
	d = &p->dummies[p->n_dummies++];
	d->key = text_of(jv_copy(item), "key");
	d->value = text_of(item, "value");
	return is_dummy(d) ? 0 : bad(e, "a dummy has a key, and a value of letters and digits");
}

static int read_list(struct policy *p, jv list,
		     int (*take)(struct policy *p, jv item, struct err *e), struct err *e)
{
	int r = jv_get_kind(list) == JV_KIND_ARRAY ? 0 : bad(e, "a list was expected");

	if (r == 0)
		for (int i = 0; i < jv_array_length(jv_copy(list)) && r == 0; i++)
			r = take(p, jv_array_get(jv_copy(list), i), e);
	jv_free(list);
	return r;
}

static const struct {
	const char *key;
	int (*take)(struct policy *p, jv item, struct err *e);
} lists[] = {{"bind", read_bind}, {"unbind", read_unbind}, {"dummies", read_dummy}};

static int read_member(struct policy *p, const char *key, jv value, struct err *e)
{
	bool one = jv_get_kind(value) == JV_KIND_NUMBER && jv_number_value(value) == 1;

	for (size_t i = 0; i < 3; i++)
		if (strcmp(key, lists[i].key) == 0)
			return read_list(p, value, lists[i].take, e);
	jv_free(value);
	if (strcmp(key, "v") == 0)
		return one ? 0 : bad(e, "\"v\" should be 1: a newer envpod wrote this");
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "policy/" PROXY_JSON ": '%.80s' is not "
			  "known",
			  esc(key));
}

int live_parse(struct policy *p, const char *text, size_t len, struct err *e)
{
	bool odd = len > PROXY_JSON_MAX || memchr(text, '\0', len);
	jv root = odd ? jv_invalid() : jv_parse_sized(text, (int)len);
	int r = jv_get_kind(root) == JV_KIND_OBJECT ? 0 : bad(e, "it is no JSON object");

	if (r == 0 && !jv_object_has(jv_copy(root), jv_string("v")))
		r = bad(e, "it lacks its version, \"v\":1");
	if (r == 0)
		for (int i = jv_object_iter(root); r == 0 && jv_object_iter_valid(root, i);
		     i = jv_object_iter_next(root, i)) {
			jv key = jv_object_iter_key(root, i);

			r = read_member(p, jv_string_value(key), jv_object_iter_value(root, i), e);
			jv_free(key);
		}
	jv_free(root);
	return r;
}

static void put_bindings(struct buf *to, const char *key, const struct bindings *all)
{
	jw_key(to, key);
	jw_open(to, '[');
	for (size_t i = 0; i < all->n; i++) {
		jw_open(to, '{');
		binding_json(&all->v[i], to);
		jw_close(to, '}');
	}
	jw_close(to, ']');
}

void live_format(const struct policy *p, struct buf *to)
{
	jw_open(to, '{');
	jw_knum(to, "v", 1);
	put_bindings(to, "bind", &p->added);
	put_bindings(to, "unbind", &p->removed);
	jw_key(to, "dummies");
	jw_open(to, '[');
	for (size_t i = 0; i < p->n_dummies; i++) {
		jw_open(to, '{');
		jw_kstr(to, "key", p->dummies[i].key);
		jw_kstr(to, "value", p->dummies[i].value);
		jw_close(to, '}');
	}
	jw_close(to, ']');
	jw_close(to, '}');
	buf_char(to, '\n');
}
