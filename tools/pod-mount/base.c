/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/base.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/view.h"

/* FNV-1a, which lets the hashes of all ancestors fall out of one pass over a path. */
#define HASH_START 14695981039346656037ull
static uint64_t hash_step(uint64_t h, char c)
{
	return (h ^ (unsigned char)c) * 1099511628211ull;
}

static size_t slot_of(const struct bases *b, const char *path, size_t len, uint64_t hash)
{
	size_t i = hash & (b->nslots - 1);

	while (b->slots[i] &&
	       (strncmp(b->slots[i]->path, path, len) != 0 || b->slots[i]->path[len]))
		i = (i + 1) & (b->nslots - 1);
	return i;
}

static uint64_t hash_of(const char *path)
{
	uint64_t h = HASH_START;

	while (*path)
		h = hash_step(h, *path++);
	return h;
}

static void grow(struct bases *b)
{
	struct bases old = *b;

	b->nslots = old.nslots ? 4 * old.nslots : 1024;
	b->slots = xcalloc(b->nslots, sizeof(*b->slots));
	for (size_t i = 0; i < old.nslots; i++) {
		struct base_entry *en = old.slots[i];

		if (en)
			b->slots[slot_of(b, en->path, strlen(en->path), hash_of(en->path))] = en;
	}
	free(old.slots);
}

/* Layers are loaded oldest first, so a new one goes to the end of its path's list. */
static void insert(struct bases *b, struct base_entry *en)
{
	struct base_entry **at;

	if (2 * b->n >= b->nslots)
		grow(b);
	at = &b->slots[slot_of(b, en->path, strlen(en->path), hash_of(en->path))];
	if (!*at)
		b->n++;
	while (*at)
		at = &(*at)->next;
	*at = en;
}

void bases_finish(struct bases *b)
{
	for (size_t i = 0; i < b->nslots; i++) {
		struct base_entry *en = b->slots[i];

		while (en) {
			struct base_entry *next = en->next;

			free(en->path);
			free(en);
			en = next;
		}
	}
	free(b->slots);
	free(b->starts);
	*b = (struct bases){0};
}

static void insert_new(struct bases *b, uint32_t layer, const struct base_entry *from,
		       const char *path)
{
	struct base_entry *en = xcalloc(1, sizeof(*en));

	*en = *from;
	en->layer = layer;
	en->path = xstrdup(path);
	insert(b, en);
}

/* An open-ended doubt: nothing this layer says can be trusted. */
static void insert_doubt(struct bases *b, uint32_t layer)
{
	struct base_entry any = {.kind = BASE_UNKNOWN};

	insert_new(b, layer, &any, "/");
}

static int bad(struct err *e, size_t line)
{
	return err_set(e, ERR_PLAIN, "base: line %zu is not understood", line);
}

/* "\\\\" and "\\n", in place. */
static bool unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] != '\\' && s[1] != 'n')
			return false;
		if (*s == '\\')
			*to++ = *++s == 'n' ? '\n' : '\\';
		else
			*to++ = *s;
	}
	*to = '\0';
	return true;
}

static bool parse_number(const char **p, uint64_t *n)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	*n = strtoull(*p, &end, 10);
	if (*end != ' ')
		return false;
	*p = end + 1;
	return true;
}

static bool parse_entry(struct bases *b, uint32_t layer, const char *line)
{
	struct base_entry en = {.kind = (enum base_kind)line[0]};
	const char *p = line + 2;
	uint64_t mode;
	OWN_FREE char *path = NULL;

	if (!line[0] || !strchr("hn?-", line[0]) || line[1] != ' ')
		return false;
	if (!parse_number(&p, &en.ino) || !parse_number(&p, &en.size) ||
	    !parse_number(&p, &en.mtime_ns) || !parse_number(&p, &en.ctime_ns) ||
	    !parse_number(&p, &mode) || *p != '/')
		return false;
	en.mode = (uint32_t)mode;
	path = xstrdup(p);
	if (!unescape(path))
		return false;
	insert_new(b, layer, &en, path);
	return true;
}

static bool parse_head(struct bases *b, uint32_t layer, const char *line)
{
	uint64_t start;
	char extra;

	if (sscanf(line, "envpod-base 1 %" SCNu64 "%c", &start, &extra) != 1)
		return false;
	while (b->nlayers <= layer) {
		b->starts = xrealloc(b->starts, (b->nlayers + 1) * sizeof(*b->starts));
		b->starts[b->nlayers++] = 0;
	}
	b->starts[layer] = start;
	return true;
}

int base_parse(struct bases *b, uint32_t layer, const char *data, size_t len, struct err *e)
{
	const char *end = data + len;
	OWN_BUF struct buf line = BUF_INIT;

	for (size_t no = 1; data < end; no++) {
		const char *eol = memchr(data, '\n', (size_t)(end - data));

		if (!eol || memchr(data, '\0', (size_t)(eol - data)))
			return bad(e, no);
		buf_clear(&line);
		buf_add(&line, data, (size_t)(eol - data));
		data = eol + 1;
		if (no > 1 && strcmp(line.data, "end") == 0)
			return data == end ? 0 : bad(e, no + 1);
		if (!(no == 1 ? parse_head(b, layer, line.data) : parse_entry(b, layer, line.data)))
			return bad(e, no);
	}
	return err_set(e, ERR_PLAIN, "base: it is cut off");
}

/* A base that a crash has torn says nothing for sure; the layer itself is whole. */
static int load_layer(struct bases *b, uint32_t layer, const char *id, struct err *e)
{
	OWN_FD int dir = layer_open(id, "");
	OWN_BUF struct buf text = BUF_INIT;
	struct err ignore = {0};
	int r = dir < 0 ? dir : read_file_at(dir, "base", &text, BASE_FILE_MAX);

	if (r < 0 && r != -ENOENT && r != -EFBIG)
		return err_set(e, -r, "read the base of layer %s", id);
	if (r < 0 || base_parse(b, layer, text.data ? text.data : "", text.len, &ignore) < 0)
		insert_doubt(b, layer);
	return 0;
}

int bases_load(struct bases *b, const struct pod *p, const struct stack *s, struct err *e)
{
	OWN_MARKER struct marker m = {0};
	int r = 0;

	b->starts = xcalloc(s->n + 1, sizeof(*b->starts));
	b->nlayers = s->n;
	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = load_layer(b, (uint32_t)i, s->v[i].id, e);
	if (r < 0)
		return r;
	r = marker_sure(&m, p, e);
	b->upper_start = m.start_ns;
	b->upper_unsure = r == 0;
	return r < 0 ? r : 0;
}

/* The oldest layer that has a word on any of the prefixes; its longest prefix there. */
static void consider(const struct base_entry **best, const struct base_entry *en)
{
	if (en && (!*best || en->layer <= (*best)->layer))
		*best = en;
}

/* An entry that was forgotten ends the word of its own layer about the path, not of newer ones. */
static const struct base_entry *pick(const struct base_entry *const *hits, size_t n, uint32_t from)
{
	const struct base_entry *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct base_entry *en = hits[i];

		while (en && en->layer < from)
			en = en->next;
		consider(&best, en);
	}
	return best;
}

#define PREFIXES_MAX 256

static size_t collect(const struct bases *b, const char *path, const struct base_entry **hits)
{
	uint64_t h = HASH_START;
	size_t n = 0;

	for (size_t i = 0; path[i] && n < PREFIXES_MAX; i++) {
		const struct base_entry *en;

		h = hash_step(h, path[i]);
		if (path[i + 1] != '/' && path[i + 1] != '\0' && i > 0)
			continue;
		en = b->slots[slot_of(b, path, i + 1, h)];
		if (en)
			hits[n++] = en;
	}
	return n;
}

const struct base_entry *base_lookup(const struct bases *b, const char *path, bool *exact,
				     uint64_t *start)
{
	const struct base_entry *hits[PREFIXES_MAX], *en = NULL;
	uint32_t from = 0;
	size_t n;

	if (b->nslots == 0)
		return NULL;
	n = collect(b, path, hits);
	while ((en = pick(hits, n, from)) && en->kind == BASE_FORGOTTEN)
		from = en->layer + 1;
	if (!en)
		return NULL;
	*exact = strcmp(en->path, path) == 0;
	*start = en->layer < b->nlayers ? b->starts[en->layer] : 0;
	return en;
}

bool base_appeared(const struct bases *b, const char *path, int host, const char *name)
{
	struct statx sx;
	bool exact;
	uint64_t start = b->upper_start;

	base_lookup(b, path, &exact, &start);
	return statx(host, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &sx) == 0 &&
	       sx.stx_mask & STATX_BTIME &&
	       (uint64_t)sx.stx_btime.tv_sec * 1000000000u + sx.stx_btime.tv_nsec >= start;
}

static uint64_t stamp(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

/* Filesystems with whole-second times (tv_nsec 0) cannot tell the two halves of a second apart. */
static bool changed_since(const struct stat *st, uint64_t start)
{
	if (st->st_ctim.tv_nsec == 0)
		start -= start % 1000000000u;
	return stamp(&st->st_ctim) >= start;
}

static enum base_verdict check_exact(const struct base_entry *en, const struct stat *now)
{
	if (en->kind == BASE_NOTHING)
		return now ? BASE_APPEARED : BASE_SAME;
	if (!now)
		return BASE_VANISHED;
	/* The type and permissions of a directory are its own; its size and times follow its
	 * entries. */
	if (S_ISDIR(now->st_mode) && S_ISDIR(en->mode))
		return now->st_ino == en->ino ? BASE_SAME : BASE_CHANGED;
	return now->st_ino == en->ino && (uint64_t)now->st_size == en->size &&
			       stamp(&now->st_mtim) == en->mtime_ns &&
			       stamp(&now->st_ctim) == en->ctime_ns && now->st_mode == en->mode
		       ? BASE_SAME
		       : BASE_CHANGED;
}

/* Below a whiteout or an opaque directory: nothing but the time tells what the view had there. */
static enum base_verdict check_inherited(const struct base_entry *en, uint64_t start,
					 const struct stat *now)
{
	if (!now)
		return BASE_SAME;
	if (en->kind == BASE_NOTHING)
		return BASE_APPEARED;
	return changed_since(now, start) && !S_ISDIR(now->st_mode) ? BASE_CHANGED : BASE_SAME;
}

static enum base_verdict check_upper(const struct bases *b, const struct stat *now, bool copied_up)
{
	if (!now)
		return copied_up ? BASE_VANISHED : BASE_SAME;
	if (b->upper_unsure)
		return BASE_UNSURE;
	return changed_since(now, b->upper_start) && !S_ISDIR(now->st_mode) ? BASE_UNSURE
									    : BASE_SAME;
}

enum base_verdict base_check(const struct bases *b, const char *path, const struct stat *now,
			     bool copied_up)
{
	bool exact = false;
	uint64_t start = 0;
	const struct base_entry *en = base_lookup(b, path, &exact, &start);

	if (!en)
		return check_upper(b, now, copied_up);
	if (en->kind == BASE_UNKNOWN)
		return BASE_UNSURE;
	return exact ? check_exact(en, now) : check_inherited(en, start, now);
}
