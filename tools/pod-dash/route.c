/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/route.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/unit.h"

#define SEGMENT_MAX 256

void values_finish(struct values *v)
{
	strv_finish(&v->names);
	strv_finish(&v->values);
	buf_finish(&v->input);
}

void values_add(struct values *v, const char *name, const char *value)
{
	strv_add(&v->names, name);
	strv_add(&v->values, value);
}

const char *values_get(const struct values *v, const char *name)
{
	for (size_t i = 0; i < v->names.n; i++)
		if (strcmp(v->names.v[i], name) == 0)
			return v->values.v[i];
	return NULL;
}

/* --- which route --- */

static int hex(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* %XX and, in queries, '+'.  False for half an escape, a NUL, or too much. */
static bool unescape(const char *s, size_t len, bool query, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = query && s[i] == '+' ? ' ' : s[i];

		if (s[i] == '%') {
			if (i + 2 >= len || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
				return false;
			c = (char)(hex(s[i + 1]) << 4 | hex(s[i + 2]));
			i += 2;
		}
		if (!c || n + 1 >= size)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

/* Held segment by segment; what stands in braces takes any one. */
static bool match(const char *pattern, const char *path, struct values *v)
{
	char value[SEGMENT_MAX], name[32];

	for (;;) {
		size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");

		if (pattern[0] == '{') {
			snprintf(name, sizeof(name), "%.*s", (int)want - 2, pattern + 1);
			if (!have || !unescape(path, have, false, value, sizeof(value)))
				return false;
			values_add(v, name, value);
		} else if (want != have || strncmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += have;
		if (!*pattern || !*path)
			return !*pattern && !*path;
		pattern++;
		path++;
	}
}

enum route_found route_find(const char *method, const char *path, const struct route **r,
			    struct values *v)
{
	enum route_found found = ROUTE_NONE;

	for (size_t i = 0; i < routes_count(); i++) {
		struct values got = {0};

		if (!match(routes[i].path, path, &got)) {
			values_finish(&got);
			continue;
		}
		if (strcmp(routes[i].method, method) == 0) {
			*r = &routes[i];
			*v = got;
			return ROUTE_FOUND;
		}
		values_finish(&got);
		found = ROUTE_OTHER_METHOD;
	}
	return found;
}

/* --- values --- */

static bool is_word(const char *s, const char *more)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	return true;
}

static bool is_name(const char *s)
{
	return is_word(s, "._-@") && s[0] != '-' && s[0] != '.';
}

static bool is_id(const char *s)
{
	return is_word(s, "_-.") && s[0] != '-' && s[0] != '.';
}

static bool is_plain_word(const char *s)
{
	return is_word(s, "._:,=/*@+-") && s[0] != '-';
}

static bool is_text(const char *s)
{
	for (const char *p = s; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
			return false;
	return utf8_ok(s);
}

/* A name in a pod may be any bytes; it is one word after "--", whatever is in it. */
static bool is_path(const char *s)
{
	OWN_FREE char *clean = path_clean("/", s);

	return s[0] == '/' && strcmp(clean, s) == 0;
}

static bool is_number(const char *s)
{
	return strspn(s, "0123456789.") == strlen(s) && isdigit((unsigned char)s[0]) &&
	       strlen(s) < 20;
}

static bool is_bool(const char *s)
{
	return strcmp(s, "true") == 0 || strcmp(s, "false") == 0;
}

static const struct {
	const char *what;
	bool (*is)(const char *s);
} kinds[FIELD_KINDS] = {
	[FIELD_POD] = {"a name", is_name},
	[FIELD_ID] = {"an id", is_id},
	[FIELD_WORD] = {"a word", is_plain_word},
	[FIELD_TEXT] = {"text", is_text},
	[FIELD_PATH] = {"an absolute path", is_path},
	[FIELD_NUMBER] = {"a number", is_number},
	[FIELD_BOOL] = {"true or false", is_bool},
	[FIELD_INPUT] = {"text", NULL},
};

static const struct field *field_of(const struct route *r, const char *name)
{
	for (const struct field *f = r->fields; f < r->fields + ROUTE_FIELDS && f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static int check_value(const struct route *r, const struct values *v, size_t i, struct err *e)
{
	const char *name = v->names.v[i], *value = v->values.v[i];
	const struct field *f = field_of(r, name);

	if (!f || f->kind == FIELD_INPUT)
		return err_set(e, ERR_PLAIN, "there is no %s here", esc(name));
	for (size_t k = 0; k < i && !f->many; k++)
		if (strcmp(v->names.v[k], name) == 0)
			return err_set(e, ERR_PLAIN, "%s is said twice", name);
	if (!*value || strlen(value) > VALUE_MAX || !kinds[f->kind].is(value))
		return err_set(e, ERR_PLAIN, "%s: '%.80s' is not %s", name, esc(value),
			       kinds[f->kind].what);
	return 0;
}

/* Is it in the words as what must be there? */
static int check_needed(const struct route *r, const struct values *v, struct err *e)
{
	for (const char *const *w = r->words; w < r->words + ROUTE_WORDS && *w; w++)
		if ((**w == '$' || **w == '*') && !values_get(v, *w + 1))
			return err_set(e, ERR_PLAIN, "%s is missing", *w + 1);
	return 0;
}

int route_check(const struct route *r, const struct values *v, struct err *e)
{
	if (v->values.n > LIST_MAX || v->input.len > INPUT_MAX)
		return err_set(e, ERR_PLAIN, "that is too much at once");
	for (size_t i = 0; i < v->names.n; i++)
		if (check_value(r, v, i, e) < 0)
			return -EINVAL;
	return check_needed(r, v, e);
}

/* "name:--flag" or "name:--option=" */
static void add_option(const struct values *v, const char *word, struct strv *argv)
{
	size_t n = strcspn(word, ":");
	OWN_FREE char *name = strndup(word, n);
	const char *option = word + n + 1, *value = values_get(v, name);

	if (option[strlen(option) - 1] == '=') {
		if (value)
			strv_fmt(argv, "%s%s", option, value);
	} else if (value ? strcmp(value, "true") == 0
			 : v->input.len && strcmp(name, "config") == 0) {
		strv_add(argv, option);
	}
}

void route_words(const struct route *r, const struct values *v, struct strv *argv)
{
	for (const char *const *w = r->words; w < r->words + ROUTE_WORDS && *w; w++) {
		if (**w == '$')
			strv_add(argv, values_get(v, *w + 1));
		else if (**w == '?')
			add_option(v, *w + 1, argv);
		else if (**w == '%')
			strv_fmt(argv, "%s/pods/%s/%s", pod_state_dir(), values_get(v, "pod"),
				 *w + 1);
		else if (**w != '*')
			strv_add(argv, *w);
		for (size_t i = 0; **w == '*' && i < v->names.n; i++)
			if (strcmp(v->names.v[i], *w + 1) == 0)
				strv_add(argv, v->values.v[i]);
	}
}

/* --- what clients send --- */

static int take_plain(struct values *v, const char *name, struct json *j)
{
	OWN_BUF struct buf value = BUF_INIT;
	const char *from;

	if (json_peek(j) == '"') {
		json_text(j, &value);
	} else {
		json_peek(j);
		from = j->p;
		json_skip(j);
		buf_add(&value, from, j->fault ? 0 : (size_t)(j->p - from));
	}
	if (j->fault || value.len > VALUE_MAX)
		return -EINVAL;
	values_add(v, name, value.data ? value.data : "");
	return 0;
}

static int take_member(struct values *v, const struct route *r, const char *name, struct json *j)
{
	const struct field *f = field_of(r, name);

	if (f && f->kind == FIELD_INPUT)
		return v->input.len || !json_text(j, &v->input) ? -EINVAL : 0;
	if (json_peek(j) != '[')
		return take_plain(v, name, j);
	json_open(j, '[');
	while (json_element(j))
		if (json_peek(j) != '"' || v->names.n > LIST_MAX || take_plain(v, name, j) < 0)
			return -EINVAL;
	return j->fault ? -EINVAL : 0;
}

int values_json(struct values *v, const struct route *r, const char *text, size_t len,
		struct err *e)
{
	char name[32];
	struct json j;

	json_init(&j, text, len);
	if (!json_open(&j, '{'))
		return err_set(e, ERR_PLAIN, "the body is no object of JSON");
	while (json_member(&j, name, sizeof(name)))
		if (take_member(v, r, name, &j) < 0)
			return err_set(e, ERR_PLAIN, "the body's %s: %s", esc(name),
				       j.fault ? j.fault : "not one value, or too long");
	if (!json_end(&j))
		return err_set(e, ERR_PLAIN, "the body: %s", j.fault ? j.fault : "more follows");
	return 0;
}

int values_query(struct values *v, const char *query, struct err *e)
{
	char name[32], value[VALUE_MAX + 1];

	while (*query) {
		size_t n = strcspn(query, "&"), eq = strcspn(query, "=&");

		if (!unescape(query, eq, true, name, sizeof(name)) ||
		    !unescape(query + eq + (eq < n), n - eq - (eq < n), true, value, sizeof(value)))
			return err_set(e, ERR_PLAIN, "the query is not understood");
		values_add(v, name, value);
		query += n + (query[n] == '&');
	}
	return 0;
}
