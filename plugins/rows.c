/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into those plugins that are tables. */
#include "plugins/rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW_VALUE 1024

struct row_words {
	char uid[16], width[8], height[8];
	char screen[48]; /* the largest size an X server can be resized to: that of its start */
	const char *const *opts;
};

/* "WORD=" at the front of an option: what follows. */
static const char *row_option(const char *opt, const char *word)
{
	size_t n = strlen(word);

	return strncmp(opt, word, n) == 0 && opt[n] == '=' ? opt + n + 1 : NULL;
}

static bool row_digits(const char *from, size_t n, char *to, size_t size)
{
	if (n == 0 || n >= size || strspn(from, "0123456789") < n)
		return false;
	memcpy(to, from, n);
	to[n] = '\0';
	return true;
}

static bool row_take(struct row_words *w, const char *opt, const char *const *known)
{
	const char *value;

	if ((value = row_option(opt, "uid")))
		return row_digits(value, strlen(value), w->uid, sizeof(w->uid));
	if ((value = row_option(opt, "resolution")))
		return strchr(value, 'x') &&
		       row_digits(value, strcspn(value, "x"), w->width, sizeof(w->width)) &&
		       row_digits(strchr(value, 'x') + 1, strlen(strchr(value, 'x') + 1), w->height,
				  sizeof(w->height));
	for (; *known; known++)
		if ((value = row_option(opt, *known)))
			return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0;
	return false;
}

static long row_larger(const char *digits, long least)
{
	long n = strtol(digits, NULL, 10);

	return n > least ? n : least;
}

/* known: further words, each yes or no, ended by NULL. */
static int row_read(struct row_words *w, const struct pod_host *host, const struct pod_ask *ask,
		    const char *const *known)
{
	*w = (struct row_words){"1000", "1280", "720", "", ask->opts};
	for (const char *const *opt = ask->opts; *opt; opt++) {
		char text[256];

		if (row_take(w, *opt, known))
			continue;
		snprintf(text, sizeof(text),
			 "'%.128s' is no option; they are uid=N, resolution=WxH%s", *opt,
			 *known ? " and words that are yes or no" : "");
		host->log(host->ctx, POD_LOG_ERROR, text);
		return -EINVAL;
	}
	snprintf(w->screen, sizeof(w->screen), "%ldx%ld", row_larger(w->width, 3840),
		 row_larger(w->height, 2160));
	return 0;
}

static bool is_among(const char *word, size_t n, const char *const *opts)
{
	for (; *opts; opts++)
		if (strncmp(*opts, word, n) == 0 && (*opts)[n] == '\0')
			return true;
	return false;
}

static bool row_counts(const struct row *r, const char *const *opts)
{
	const char *when = r->when ? r->when : "";

	for (size_t n; *when; when += n + (when[n] == ' ')) {
		n = strcspn(when, " ");
		if (!is_among(when, n, opts))
			return false;
	}
	return true;
}

static int row_fill(const struct row_words *w, const char *from, char to[ROW_VALUE])
{
	const char *const names[][2] = {{"{uid}", w->uid},
					{"{width}", w->width},
					{"{height}", w->height},
					{"{screen}", w->screen}};
	size_t n = 0;

	while (*from && n + 48 < ROW_VALUE) {
		size_t i = 0;

		while (i < 4 && strncmp(from, names[i][0], strlen(names[i][0])) != 0)
			i++;
		if (i == 4) {
			to[n++] = *from++;
			continue;
		}
		n += (size_t)snprintf(to + n, 48, "%s", names[i][1]);
		from += strlen(names[i][0]);
	}
	to[n] = '\0';
	return *from ? -E2BIG : 0;
}

/* What is said of one need, each value filled in. */
struct row_said {
	const char *kv[2 * 8 + 1];
	char values[8][ROW_VALUE];
	size_t n;
};

static int row_add(struct row_said *s, const char *key, const char *value,
		   const struct row_words *w)
{
	if (!value)
		return 0;
	if (row_fill(w, value, s->values[s->n]) < 0)
		return -E2BIG;
	s->kv[2 * s->n] = key;
	s->kv[2 * s->n + 1] = s->values[s->n];
	s->n++;
	return 0;
}

static int row_say(const struct row *r, const struct row_words *w, const struct pod_host *host)
{
	const char *kind = r->package ? "package" : r->env ? "env" : "service";
	const char *const all[][2] = {
		{"name", r->package ? r->package
			 : r->env   ? r->env
				    : r->service},
		{"file", r->file},
		{"value", r->value},
		{"command", r->command},
		{"group", r->group},
		{"ready", r->ready},
		{"after", r->after},
		{"with", r->with},
		{"listen", r->listen},
	};
	struct row_said s = {.n = 0};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (row_add(&s, all[i][0], all[i][1], w) < 0)
			return -E2BIG;
	s.kv[2 * s.n] = NULL;
	return host->need(host->ctx, kind, s.kv);
}

static bool row_ends(const struct row *r)
{
	return !r->package && !r->env && !r->service;
}

static int rows_table(const struct row *r, const struct row_words *w, const struct pod_host *host)
{
	int e = 0;

	for (; !row_ends(r) && e == 0; r++)
		if (row_counts(r, w->opts))
			e = row_say(r, w, host);
	return e;
}

int rows_plan(const struct row *const *tables, const char *const *known,
	      const struct pod_host *host, const struct pod_ask *ask)
{
	struct row_words w;
	int r = row_read(&w, host, ask, known);

	for (; *tables && r == 0; tables++)
		r = rows_table(*tables, &w, host);
	return r;
}

int rows_probe(const struct row *const *tables, const struct pod_host *host)
{
	char text[256];
	int lacking = 0;

	for (; *tables; tables++) {
		for (const struct row *r = *tables; !row_ends(r); r++) {
			if (!r->package || access(r->file, F_OK) == 0)
				continue;
			lacking++;
			snprintf(text, sizeof(text), "a pod would have to install %s", r->package);
			host->log(host->ctx, POD_LOG_NOTE, text);
		}
	}
	if (lacking == 0)
		host->log(host->ctx, POD_LOG_FOUND, "all that it needs is on the host");
	return 0;
}
