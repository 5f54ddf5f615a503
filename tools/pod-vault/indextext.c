/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of the index, before it is sealed: a line a fact, the last one "end".  It has been
 * authenticated when it is read; it is checked all the same, for a mistake of ours is an error too.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/unit.h"
#include "tools/pod-vault/index.h"

#define WORDS      5
#define ENTRY_LINE (SEAL_NAME_MAX + 64)
#define SCOPE_LINE (POD_NAME_MAX + 2 * SEAL_ID + 2 * SEAL_KEY + 48)
#define FIRST_LINE "envpod-vault-index 1"

struct line {
	const char *at[WORDS];
	size_t len[WORDS], n;
};

static bool is(const struct line *l, size_t i, const char *word)
{
	return i < l->n && l->len[i] == strlen(word) && memcmp(l->at[i], word, l->len[i]) == 0;
}

/* Words between single blanks; the text stays where it is, in locked memory. */
static int split(struct line *l, const char *p, const char *end)
{
	l->n = 0;
	for (;;) {
		const char *blank = memchr(p, ' ', (size_t)(end - p));
		const char *stop = blank ? blank : end;

		if (stop == p || l->n == WORDS)
			return -EINVAL;
		l->at[l->n] = p;
		l->len[l->n++] = (size_t)(stop - p);
		if (!blank)
			return 0;
		p = blank + 1;
	}
}

static int word_at(const struct line *l, size_t i, char *out, size_t size)
{
	if (i >= l->n || l->len[i] >= size || memchr(l->at[i], '\0', l->len[i]))
		return -EINVAL;
	memcpy(out, l->at[i], l->len[i]);
	out[l->len[i]] = '\0';
	return 0;
}

static int number_at(const struct line *l, size_t i, uint64_t *n)
{
	char text[24];

	return word_at(l, i, text, sizeof(text)) < 0 ? -EINVAL : unit_u64(text, UINT64_MAX, n);
}

/* "scope pod|shared NAME ID KEY" and, on a line of its own, "serial N". */
static int read_scope(struct index *x, const struct line *l, struct err *e)
{
	struct err ignored = {0};
	char name[POD_NAME_MAX + 1];
	unsigned char id[SEAL_ID];
	struct scope *s;
	bool shared = is(l, 1, "shared");

	if (l->n != 5 || !(shared || is(l, 1, "pod")) || word_at(l, 2, name, sizeof(name)) < 0 ||
	    pod_check_name(name, &ignored) < 0 ||
	    secret_unhex(id, SEAL_ID, l->at[3], l->len[3]) < 0 ||
	    (shared ? index_shared(x, name) : index_pod(x, name, id)))
		return -EINVAL;
	s = index_add(x, shared, name, e);
	if (!s)
		return -ENOSPC;
	memcpy(s->id, id, SEAL_ID);
	return secret_unhex(s->key.data, SEAL_KEY, l->at[4], l->len[4]);
}

static int read_secret(struct scope *s, const struct line *l, struct err *e)
{
	char name[SEAL_NAME_MAX];
	uint64_t version, time;
	struct entry *entry;

	if (l->n != 4 || word_at(l, 1, name, sizeof(name)) < 0 || !is_key_name(name) ||
	    number_at(l, 2, &version) < 0 || version == 0 || version > s->serial ||
	    number_at(l, 3, &time) < 0 || time > INT64_MAX || scope_find(s, name))
		return -EINVAL;
	s->serial--; /* scope_set() counts one up */
	entry = scope_set(s, name, (int64_t)time, e);
	if (!entry)
		return -ENOSPC;
	entry->version = version;
	return 0;
}

static int read_pod(struct scope *s, const struct line *l, struct err *e)
{
	unsigned char id[SEAL_ID];

	if (l->n != 2 || !s->shared || secret_unhex(id, SEAL_ID, l->at[1], l->len[1]) < 0)
		return -EINVAL;
	return scope_add_pod(s, id, e);
}

static int read_line(struct index *x, const struct line *l, struct err *e)
{
	struct scope *s = x->n ? &x->scopes[x->n - 1] : NULL;

	if (is(l, 0, "scope"))
		return read_scope(x, l, e);
	if (!s)
		return -EINVAL;
	if (is(l, 0, "serial"))
		return l->n == 2 && !s->serial && !s->n ? number_at(l, 1, &s->serial) : -EINVAL;
	if (is(l, 0, "secret"))
		return read_secret(s, l, e);
	return is(l, 0, "pod") ? read_pod(s, l, e) : -EINVAL;
}

static int bad(struct err *e, unsigned no)
{
	if (e->code)
		return -e->code;
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "line %u of it is not understood", no);
}

int index_parse(struct index *x, const char *text, size_t len, struct err *e)
{
	const char *p = text, *end = text + len;

	for (unsigned no = 1; p < end; no++) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		struct line l;

		if (!eol || eol - p > SCOPE_LINE + ENTRY_LINE)
			return bad(e, no);
		if (no == 1) {
			if ((size_t)(eol - p) != strlen(FIRST_LINE) ||
			    memcmp(p, FIRST_LINE, strlen(FIRST_LINE)) != 0)
				return bad(e, no);
		} else if (eol - p == 3 && memcmp(p, "end", 3) == 0) {
			return eol + 1 == end ? 0 : bad(e, no + 1);
		} else if (split(&l, p, eol) < 0 || read_line(x, &l, e) < 0) {
			return bad(e, no);
		}
		p = eol + 1;
	}
	return bad(e, 0);
}

/* --- writing --- */

struct writer {
	struct secret *to;
	size_t at;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->to->data + w->at, w->to->len + 1 - w->at, fmt, ap);
	va_end(ap);
	w->at += (size_t)n;
}

static void put_hex(struct writer *w, const void *data, size_t len)
{
	secret_hex(w->to->data + w->at, data, len);
	w->at += 2 * len;
}

static void put_scope(struct writer *w, const struct scope *s)
{
	put(w, "scope %s %s ", s->shared ? "shared" : "pod", s->name);
	put_hex(w, s->id, SEAL_ID);
	put(w, " ");
	put_hex(w, s->key.data, SEAL_KEY);
	put(w, "\nserial %llu\n", (unsigned long long)s->serial);
	for (size_t i = 0; i < s->n; i++)
		put(w, "secret %s %llu %lld\n", s->entries[i].name,
		    (unsigned long long)s->entries[i].version, (long long)s->entries[i].time);
	for (size_t i = 0; i < s->n_pods; i++) {
		put(w, "pod ");
		put_hex(w, s->pods[i], SEAL_ID);
		put(w, "\n");
	}
}

/* As much as it can be, so that nothing secret is ever copied on by a growing buffer. */
static size_t most(const struct index *x)
{
	size_t n = sizeof(FIRST_LINE) + 4;

	for (size_t i = 0; i < x->n; i++)
		n += SCOPE_LINE + x->scopes[i].n * ENTRY_LINE +
		     x->scopes[i].n_pods * (2 * SEAL_ID + 8);
	return n;
}

int index_format(const struct index *x, struct secret *text, struct err *e)
{
	struct writer w = {text, 0};
	int r = secret_new(text, most(x), e);

	if (r < 0)
		return r;
	put(&w, "%s\n", FIRST_LINE);
	for (size_t i = 0; i < x->n; i++)
		put_scope(&w, &x->scopes[i]);
	put(&w, "end\n");
	secret_cut(text, w.at);
	if (w.at <= SEAL_INDEX_MAX)
		return 0;
	secret_finish(text);
	return err_set(e, ERR_PLAIN, "the vault is full: its index would be longer than %u MiB",
		       SEAL_INDEX_MAX >> 20);
}
