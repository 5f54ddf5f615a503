/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/verdicts.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/jsonr.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define CHECKS_MAX 1000

const char *const verdict_names[] = {"unanswered", "held", "cannot-try", "open"};
const char *const severity_names[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};

/* A line of either kind; what it has not stays empty. */
struct line {
	char id[48], category[24], severity[16], text[200], finding[32], fix[160], way[64];
	char verdict[16], detail[640];
	bool view;
};

#define FIELD(name)                                                                  \
	{                                                                            \
#name, offsetof(struct line, name), sizeof(((struct line *)0)->name) \
	}
static const struct field {
	const char *name;
	size_t at, size;
} fields[] = {
	FIELD(id),  FIELD(category), FIELD(severity), FIELD(text),   FIELD(finding),
	FIELD(fix), FIELD(way),      FIELD(verdict),  FIELD(detail),
};

static bool read_member(struct json *j, const char *key, struct line *l)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(key, fields[i].name) == 0)
			return json_string(j, (char *)l + fields[i].at, fields[i].size);
	if (strcmp(key, "view") == 0)
		l->view = json_peek(j) == 't';
	return json_skip(j);
}

static bool read_line(struct line *l, const char *data, size_t len)
{
	char key[24];
	struct json j;

	*l = (struct line){0};
	if (len > VERDICTS_LINE_MAX)
		return false;
	json_init(&j, data, len);
	if (!json_open(&j, '{'))
		return false;
	while (json_member(&j, key, sizeof(key)))
		if (!read_member(&j, key, l))
			return false;
	return !j.fault && json_end(&j) && l->id[0];
}

static int find_word(const char *const *words, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static int wrong(size_t number, const char *data, size_t len, struct err *e)
{
	OWN_FREE char *start = xfmt("%.*s", (int)(len > 80 ? 80 : len), data);

	return err_set(e, ERR_PLAIN, "line %zu is no answer of pod-probe's: %s", number,
		       esc(start));
}

/* Calls take for each line, until one fails. */
static int each_line(const char *data, size_t len,
		     int (*take)(void *to, const struct line *l, struct err *e), void *to,
		     struct err *e)
{
	const char *end = data + len, *newline;
	struct line l;
	int r = 0;

	for (size_t n = 1; data < end && r == 0; data = newline + 1, n++) {
		newline = memchr(data, '\n', (size_t)(end - data));
		if (!newline || !read_line(&l, data, (size_t)(newline - data)))
			return wrong(n, data, (size_t)((newline ? newline : end) - data), e);
		r = take(to, &l, e);
	}
	return r;
}

/* --- the list --- */

void checks_finish(struct checks *c)
{
	free(c->v);
}

struct check *checks_find(const struct checks *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].id, id) == 0)
			return &c->v[i];
	return NULL;
}

static int take_check(void *to, const struct line *l, struct err *e)
{
	int severity = find_word(severity_names, SEVERITIES, l->severity);
	struct checks *c = to;
	struct check *one;

	if (severity < 0 || checks_find(c, l->id) || c->n >= CHECKS_MAX)
		return err_set(e, ERR_PLAIN, "pod-probe lists %s in a way of its own", esc(l->id));
	c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	one = &c->v[c->n++];
	*one = (struct check){.severity = (enum severity)severity, .view = l->view};
	memcpy(one->id, l->id, sizeof(one->id));
	memcpy(one->category, l->category, sizeof(one->category));
	memcpy(one->text, l->text, sizeof(one->text));
	memcpy(one->finding, l->finding, sizeof(one->finding));
	memcpy(one->fix, l->fix, sizeof(one->fix));
	memcpy(one->way, l->way, sizeof(one->way));
	return 0;
}

int checks_read(struct checks *c, const char *data, size_t len, struct err *e)
{
	return each_line(data, len, take_check, c, e);
}

/* --- the answers --- */

struct answers {
	struct checks *checks;
	enum pass pass;
};

/* "absent" is for the reader: this kernel has no such thing to try. */
static enum verdict verdict_of(const char *word)
{
	int i = find_word(verdict_names, 4, word);

	return strcmp(word, "absent") == 0 ? CANNOT_TRY : i < 0 ? UNANSWERED : (enum verdict)i;
}

static int take_answer(void *to, const struct line *l, struct err *e)
{
	const struct answers *a = to;
	struct check *c = checks_find(a->checks, l->id);
	enum verdict v = verdict_of(l->verdict);

	if (!c || v == UNANSWERED)
		return err_set(e, ERR_PLAIN, "an answer for %s, which was not asked", esc(l->id));
	if (c->verdict[a->pass] != UNANSWERED)
		return err_set(e, ERR_PLAIN, "two answers for %s", c->id);
	c->verdict[a->pass] = v;
	memcpy(c->detail[a->pass], l->detail, sizeof(l->detail));
	return 0;
}

int checks_answer(struct checks *c, enum pass pass, const char *data, size_t len, struct err *e)
{
	struct answers a = {c, pass};
	int r = each_line(data, len, take_answer, &a, e);

	for (size_t i = 0; i < c->n && r == 0; i++)
		if (c->v[i].verdict[pass] == UNANSWERED)
			r = err_set(e, ERR_PLAIN, "no answer for %s", c->v[i].id);
	return r < 0 ? err_wrap(e, "the answers out of the pod are not what was asked for") : 0;
}

enum verdict check_verdict(const struct check *c)
{
	enum verdict worst = UNANSWERED;

	for (int i = 0; i < PASSES; i++)
		if (c->verdict[i] > worst && !(worst == HELD && c->verdict[i] == CANNOT_TRY))
			worst = c->verdict[i];
	return worst == CANNOT_TRY && (c->verdict[AS_USER] == HELD || c->verdict[AS_ROOT] == HELD)
		       ? HELD
		       : worst;
}
