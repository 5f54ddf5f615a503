/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/book.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/netid.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"

static size_t pattern_len(const char *p)
{
	size_t n = strcspn(p, ":");

	return n > 1 && p[n - 1] == '.' ? n - 1 : n;
}

bool pattern_equal(const char *a, const char *b)
{
	size_t n = pattern_len(a);

	return n == pattern_len(b) && strncasecmp(a, b, n) == 0;
}

static uint32_t hash(enum policy_list list, const char *pattern)
{
	uint32_t h = 2166136261u + (uint32_t)list;

	for (size_t i = 0, n = pattern_len(pattern); i < n; i++)
		h = (h ^ (uint32_t)tolower((unsigned char)pattern[i])) * 16777619u;
	return h ^ h >> 15;
}

static void index_put(struct book *b, size_t entry)
{
	size_t mask = b->n_index - 1, i = hash(b->v[entry].list, b->v[entry].name) & mask;

	while (b->index[i])
		i = (i + 1) & mask;
	b->index[i] = (uint32_t)entry + 1;
}

/* Entries that were taken out are left out of the new index. */
static void grow(struct book *b)
{
	b->cap = b->cap ? b->cap * 2 : 64;
	b->v = xrealloc(b->v, b->cap * sizeof(*b->v));
	free(b->index);
	b->n_index = b->cap * 2;
	b->index = xcalloc(b->n_index, sizeof(*b->index));
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].list != LIST_COUNT)
			index_put(b, i);
}

static void append(struct book *b, const struct policy_entry *entry)
{
	if (b->n == b->cap)
		grow(b);
	b->v[b->n] = (struct book_entry){entry->list, xstrdup(entry->name), xstrdup(entry->to),
					 entry->until};
	index_put(b, b->n++);
}

/* --- what became of it --- */

#define CHANGES_MAX 1000 /* texts that are told apart; more are counted only */

char *book_text(const struct policy_entry *entry)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FREE char *until = xfmt("%lld", (long long)entry->until);

	words_add(&b, policy_lists[entry->list]);
	words_add(&b, entry->name);
	words_add(&b, entry->to && *entry->to ? entry->to : "-");
	words_add(&b, until);
	return buf_take(&b);
}

int book_entry_parse(struct policy_entry *entry, struct strv *words, const char *text)
{
	uint64_t until;
	int list = 0;

	if (words_split(words, text) < 0 || words->n != 4 ||
	    unit_u64(words->v[3], INT64_MAX, &until) < 0)
		return -EINVAL;
	while (list < LIST_COUNT && strcmp(policy_lists[list], words->v[0]) != 0)
		list++;
	if (list == LIST_COUNT)
		return -EINVAL;
	*entry = (struct policy_entry){(enum policy_list)list, words->v[1],
				       strcmp(words->v[2], "-") == 0 ? "" : words->v[2],
				       (int64_t)until};
	return 0;
}

/* A text that stands on the other side is gone from there: nothing came of the two. */
static void note(struct strv *to, struct strv *other, const struct policy_entry *entry)
{
	OWN_FREE char *text = book_text(entry);

	if (to->n >= CHANGES_MAX || other->n >= CHANGES_MAX) {
		strv_add(to, text);
		return;
	}
	for (size_t i = 0; i < other->n; i++)
		if (strcmp(other->v[i], text) == 0) {
			free(other->v[i]);
			memmove(&other->v[i], &other->v[i + 1], (other->n - i) * sizeof(*other->v));
			other->n--;
			return;
		}
	strv_add(to, text);
}

static int take_entry(void *arg, const struct policy_entry *entry, struct err *e)
{
	(void)e;
	append(arg, entry);
	return 0;
}

int book_open(struct book *b, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r;

	b->dir = policy_open(p, e);
	if (b->dir < 0)
		return b->dir;
	if (flock(b->dir, LOCK_EX) < 0)
		return err_set(e, errno, "lock %s/policy", p->path);
	r = read_file_at(b->dir, POLICY_FILE, &text, POLICY_MAX);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "read %s/policy/" POLICY_FILE, p->path);
	return policy_read(text.len ? text.data : "", text.len, take_entry, b, e);
}

void book_finish(struct book *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].name);
		free(b->v[i].to);
	}
	free(b->v);
	free(b->index);
	strv_finish(&b->taken);
	strv_finish(&b->put);
	own_close(&b->dir);
	*b = (struct book)BOOK_INIT;
}

void book_put(struct book *b, const struct policy_entry *entry)
{
	book_take(b, entry->list, entry->name);
	append(b, entry);
	note(&b->put, &b->taken, entry);
}

bool book_has(const struct book *b, const struct policy_entry *entry, bool any)
{
	for (size_t i = hash(entry->list, entry->name);
	     b->n_index && b->index[i & (b->n_index - 1)]; i++) {
		const struct book_entry *x = &b->v[b->index[i & (b->n_index - 1)] - 1];

		if (x->list == entry->list && pattern_equal(x->name, entry->name) &&
		    (any || (strcmp(x->name, entry->name) == 0 && strcmp(x->to, entry->to) == 0 &&
			     x->until == entry->until)))
			return true;
	}
	return false;
}

unsigned book_take(struct book *b, enum policy_list list, const char *pattern)
{
	unsigned taken = 0;

	for (size_t i = hash(list, pattern); b->n_index && b->index[i & (b->n_index - 1)]; i++) {
		struct book_entry *x = &b->v[b->index[i & (b->n_index - 1)] - 1];

		if (x->list != list || !pattern_equal(x->name, pattern))
			continue;
		note(&b->taken, &b->put, &(struct policy_entry){list, x->name, x->to, x->until});
		x->list = LIST_COUNT; /* its place in the index stays, so that others are found */
		taken++;
	}
	return taken;
}

static void write_list(const struct book *b, enum policy_list list, int64_t now, struct buf *out)
{
	char until[32];

	jw_key(out, policy_lists[list]);
	jw_open(out, '[');
	for (size_t i = 0; i < b->n; i++) {
		const struct book_entry *x = &b->v[i];

		if (x->list != list || (x->until && x->until <= now))
			continue;
		jw_open(out, '{');
		jw_kstr(out, "name", x->name);
		if (*x->to)
			jw_kstr(out, "to", x->to);
		if (x->until)
			jw_kstr(out, "until", time_text(x->until, until));
		jw_close(out, '}');
	}
	jw_close(out, ']');
}

int book_write(const struct book *b, int64_t now, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf out = BUF_INIT;

	jw_open(&out, '{');
	jw_knum(&out, "v", 1);
	for (int list = 0; list < LIST_COUNT; list++)
		write_list(b, (enum policy_list)list, now, &out);
	jw_close(&out, '}');
	buf_char(&out, '\n');
	if (out.len > POLICY_MAX)
		return err_set(e, ERR_PLAIN, "write policy/" POLICY_FILE ": longer than %u bytes",
			       POLICY_MAX);
	return policy_replace(p, b->dir, POLICY_FILE, &out, e);
}
