/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equal contents are found by sorting.  For the others each file becomes the list of its lines'
 * hashes with the bytes each stands for; what two lists have in common, of the larger of the two
 * files, is their likeness.  The most alike are paired first.
 */
#include "tools/pod-mount/similar.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/content.h"

#define PAIRS_MAX  1000000u   /* comparisons */
#define STEPS_MAX  200000000u /* of all of them together */
#define CHUNK_LINE 64         /* bytes; a longer line is several chunks */

struct chunk_bytes {
	uint64_t hash;
	uint64_t bytes;
};

struct file {
	size_t change;
	const char *name;
	uint64_t size;
	unsigned char digest[DIGEST_BYTES];
	struct chunk_bytes *v;
	size_t n;
	bool known, read; /* the digest; the chunks */
};

struct files {
	struct file *v;
	size_t n, cap;
};

struct pair {
	size_t from, to; /* in the two lists */
	unsigned percent;
};

static void add(const struct survey *s, struct files *l, size_t change, uint64_t size)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 32;
		l->v = xrealloc(l->v, l->cap * sizeof(l->v[0]));
	}
	l->v[l->n++] =
		(struct file){.change = change, .name = s->changes.v[change].name, .size = size};
}

static void finish(struct files *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].v);
	free(l->v);
}

/* An empty file is like every other one: that says nothing. */
static bool counts(unsigned mode, uint64_t size)
{
	return (S_ISREG(mode) || S_ISLNK(mode)) && size > 0;
}

static void gather(const struct survey *s, struct files *old, struct files *new)
{
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (!c->chosen)
			continue;
		if (c->kind == CHANGE_DELETED && counts(c->old_mode, c->old_size))
			add(s, old, i, c->old_size);
		else if (c->kind == CHANGE_ADDED && counts(c->mode, c->size))
			add(s, new, i, c->size);
	}
}

/* --- equal --- */

static void digest(const struct survey *s, struct file *f, enum side_of side)
{
	f->known = content_digest(s, &s->changes.v[f->change], side, f->digest) == 0;
}

static int by_content(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	int r = x->known != y->known ? y->known - x->known
				     : memcmp(x->digest, y->digest, sizeof(x->digest));

	if (r == 0)
		r = strcmp(x->name, y->name);
	return r ? r : (x->change > y->change) - (x->change < y->change);
}

static int by_size(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

static void pair(struct survey *s, const struct file *old, const struct file *new, unsigned percent)
{
	struct change *from = &s->changes.v[old->change], *to = &s->changes.v[new->change];

	from->twin = (uint32_t) new->change + 1;
	to->twin = (uint32_t)old->change + 1;
	from->similarity = to->similarity = (uint8_t)percent;
}

static bool is_free(const struct survey *s, const struct file *f)
{
	return s->changes.v[f->change].twin == 0;
}

/* Only what has its size on the other side need be read. */
static void digest_all(const struct survey *s, struct files *l, const struct files *other,
		       enum side_of side)
{
	size_t k = 0;

	for (size_t i = 0; i < l->n; i++) {
		while (k < other->n && other->v[k].size < l->v[i].size)
			k++;
		if (k < other->n && other->v[k].size == l->v[i].size)
			digest(s, &l->v[i], side);
	}
}

/* Both are in order of content, and of name among equal ones; named: the names must agree too. */
static void merge_equal(struct survey *s, const struct files *old, const struct files *new,
			bool named)
{
	for (size_t i = 0, k = 0; i < old->n && k < new->n;) {
		const struct file *a = &old->v[i], *b = &new->v[k];
		int r = memcmp(a->digest, b->digest, sizeof(a->digest));

		if (!a->known || !b->known)
			return;
		if (!is_free(s, a))
			r = -1;
		else if (!is_free(s, b))
			r = 1;
		else if (r == 0 && named)
			r = strcmp(a->name, b->name);
		if (r == 0)
			pair(s, a, b, 100);
		i += r <= 0;
		k += r >= 0;
	}
}

static void pair_equal(struct survey *s, struct files *old, struct files *new)
{
	qsort(old->v, old->n, sizeof(old->v[0]), by_size);
	qsort(new->v, new->n, sizeof(new->v[0]), by_size);
	digest_all(s, old, new, SIDE_HOST);
	digest_all(s, new, old, SIDE_POD);
	qsort(old->v, old->n, sizeof(old->v[0]), by_content);
	qsort(new->v, new->n, sizeof(new->v[0]), by_content);
	merge_equal(s, old, new, true);
	merge_equal(s, old, new, false);
}

/* --- alike --- */

static int by_hash(const void *a, const void *b)
{
	const struct chunk_bytes *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

static void cut(struct file *f, const struct buf *data, const unsigned char *key)
{
	const char *p = data->data, *end = p + data->len;
	size_t cap = 0, n = 0;

	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((eol ? eol + 1 : end) - p);

		len = len < CHUNK_LINE ? len : CHUNK_LINE;
		if (f->n == cap) {
			cap = cap ? 2 * cap : 64;
			f->v = xrealloc(f->v, cap * sizeof(f->v[0]));
		}
		f->v[f->n].bytes = len;
		crypto_shorthash((unsigned char *)&f->v[f->n++].hash, (const unsigned char *)p, len,
				 key);
		p += len;
	}
	qsort(f->v, f->n, sizeof(f->v[0]), by_hash);
	for (size_t i = 0; i < f->n; i++) {
		if (n > 0 && f->v[n - 1].hash == f->v[i].hash)
			f->v[n - 1].bytes += f->v[i].bytes;
		else
			f->v[n++] = f->v[i];
	}
	f->n = n;
}

static void read_chunks(const struct survey *s, struct file *f, enum side_of side,
			const unsigned char *key)
{
	OWN_BUF struct buf data = BUF_INIT;
	const struct change *c = &s->changes.v[f->change];
	OWN_FD int fd = -1;

	if (f->read)
		return;
	f->read = true;
	if (S_ISLNK(side == SIDE_HOST ? c->old_mode : c->mode))
		return;
	fd = content_open(s, c, side);
	if (fd >= 0 && read_fd(fd, &data, CONTENT_MAX) == 0 && data.len)
		cut(f, &data, key);
}

static unsigned likeness(const struct file *a, const struct file *b, uint64_t *steps)
{
	uint64_t common = 0, most = a->size > b->size ? a->size : b->size;

	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		const struct chunk_bytes *x = &a->v[i], *y = &b->v[k];

		if (x->hash == y->hash)
			common += x->bytes < y->bytes ? x->bytes : y->bytes;
		i += x->hash <= y->hash;
		k += y->hash <= x->hash;
	}
	*steps += a->n + b->n + 1;
	/* Equal bytes in another order are not the same file. */
	return common >= most ? 99 : (unsigned)(common * 100 / most);
}

static int by_percent(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->percent != y->percent)
		return x->percent > y->percent ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* Two sizes can be too different for the content to matter. */
static bool may_fit(const struct file *a, const struct file *b, unsigned least)
{
	uint64_t small = a->size < b->size ? a->size : b->size;
	uint64_t large = a->size < b->size ? b->size : a->size;

	return small <= CONTENT_MAX && large <= CONTENT_MAX && small * 100 >= large * least;
}

static bool pair_alike(struct survey *s, struct files *old, struct files *new, unsigned least)
{
	unsigned char key[crypto_shorthash_KEYBYTES] = {0};
	OWN_FREE struct pair *v = xcalloc(old->n * new->n + 1, sizeof(*v));
	uint64_t steps = 0;
	size_t n = 0;

	crypto_shorthash_keygen(key);
	for (size_t k = 0; k < new->n &&steps < STEPS_MAX; k++)
		for (size_t i = 0; i < old->n; i++) {
			if (!is_free(s, &new->v[k]) || !is_free(s, &old->v[i]) ||
			    !may_fit(&old->v[i], &new->v[k], least))
				continue;
			read_chunks(s, &old->v[i], SIDE_HOST, key);
			read_chunks(s, &new->v[k], SIDE_POD, key);
			v[n] = (struct pair){i, k, likeness(&old->v[i], &new->v[k], &steps)};
			n += v[n].percent >= least;
		}
	qsort(v, n, sizeof(v[0]), by_percent);
	for (size_t i = 0; i < n; i++)
		if (is_free(s, &old->v[v[i].from]) && is_free(s, &new->v[v[i].to]))
			pair(s, &old->v[v[i].from], &new->v[v[i].to], v[i].percent);
	return steps < STEPS_MAX;
}

bool similar_find(struct survey *s, unsigned least)
{
	struct files old = {0}, new = {0};
	bool all;

	gather(s, &old, &new);
	if (old.n && new.n)
		pair_equal(s, &old, &new);
	all = old.n == 0 || new.n <= PAIRS_MAX / old.n;
	if (all && least < 100)
		all = pair_alike(s, &old, &new, least);
	finish(&old);
	finish(&new);
	return all;
}
