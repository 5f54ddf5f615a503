/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/mask.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/words.h"

void mask_finish(struct mask *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].path);
	for (size_t i = 0; i < m->nwatches; i++)
		free(m->watches[i].path);
	free(m->v);
	free(m->watches);
	free(m->unseen);
	strv_finish(&m->known);
	*m = (struct mask){0};
}

struct mask_entry *mask_add(struct mask *m, const char *path, enum mask_kind kind)
{
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 128;
		m->v = xrealloc(m->v, m->cap * sizeof(*m->v));
	}
	m->v[m->n] = (struct mask_entry){.path = xstrdup(path), .kind = kind};
	return &m->v[m->n++];
}

/* Components in order, so that everything below a path stands right behind it. */
static int path_cmp(const char *a, const char *b)
{
	for (;; a++, b++) {
		int x = *a == '/' ? 1 : (unsigned char)*a + (*a != 0);
		int y = *b == '/' ? 1 : (unsigned char)*b + (*b != 0);

		if (x != y || x == 0)
			return x - y;
	}
}

/* Of two entries for one path: what is ours or mounted on beats hidden, hard beats soft. */
static int rank(const struct mask_entry *en)
{
	switch (en->kind) {
	case MASK_POINT:
		return 0;
	case MASK_MADE:
		return 1;
	case MASK_HIDDEN:
	case MASK_EMPTIED:
		return en->soft ? 3 : 2;
	case MASK_NONE:
		break;
	}
	return 4;
}

static int by_path(const void *a, const void *b)
{
	const struct mask_entry *x = a, *y = b;
	int d = path_cmp(x->path, y->path);

	return d ? d : rank(x) - rank(y);
}

static bool is_closed(const struct mask_entry *en)
{
	return en->kind == MASK_HIDDEN || en->kind == MASK_EMPTIED;
}

void mask_sort(struct mask *m)
{
	const char *closed = NULL;
	bool closed_soft = false;
	size_t n = 0;

	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), by_path);
	for (size_t i = 0; i < m->n; i++) {
		struct mask_entry *en = &m->v[i];
		bool again = n > 0 && strcmp(m->v[n - 1].path, en->path) == 0;
		bool inside = closed && is_closed(en) && path_below(en->path, closed) &&
			      (en->soft || !closed_soft);

		if (again || inside) {
			free(en->path);
			continue;
		}
		if (is_closed(en) && !(closed && path_below(en->path, closed))) {
			closed = en->path;
			closed_soft = en->soft;
		}
		m->v[n++] = *en;
	}
	m->n = n;
}

static const struct mask_entry *exact(const struct mask *m, const char *path)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = path_cmp(m->v[mid].path, path);

		if (d == 0)
			return &m->v[mid];
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct mask_entry *mask_find(const struct mask *m, const char *path)
{
	OWN_FREE char *at = m->n ? xstrdup(path) : NULL;

	while (at && *at) {
		const struct mask_entry *en = exact(m, at);
		char *slash;

		if (en)
			return en;
		slash = strrchr(at, '/');
		*slash = '\0';
	}
	return NULL;
}

bool mask_covers(const struct mask *m, const char *path)
{
	const struct mask_entry *en = mask_find(m, path);

	return en && en->kind != MASK_POINT;
}

bool mask_derived(const struct mask *m, const char *path)
{
	const struct mask_entry *en = exact(m, path);

	return en && en->derived;
}

bool mask_below(const struct mask *m, const char *dir)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (path_cmp(m->v[mid].path, dir) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < m->n && path_below(m->v[lo].path, dir); lo++)
		if (m->v[lo].kind != MASK_POINT)
			return true;
	return false;
}

static void look(const char *path, struct mask_watch *w)
{
	struct stat st = {0};

	if (lstat(path, &st) < 0)
		st = (struct stat){0};
	w->ino = st.st_ino;
	w->mode = st.st_mode;
	w->uid = st.st_uid;
	w->gid = st.st_gid;
	w->ctime_ns = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
}

static void push_watch(struct mask *m, const struct mask_watch *w)
{
	if ((m->nwatches & (m->nwatches - 1)) == 0)
		m->watches = xrealloc(m->watches,
				      (m->nwatches ? 2 * m->nwatches : 1) * sizeof(*m->watches));
	m->watches[m->nwatches++] = *w;
}

/* A directory that its filesystem keeps even from root (FUSE) is kept from the pod, too. */
void mask_fault(struct mask *m, int code, const char *path)
{
	static const int holes[] = {EIO, EUCLEAN, ESTALE, ENOMEM, EMFILE, ENFILE};

	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]) && !m->fault; i++)
		if (code == holes[i]) {
			m->fault = -code;
			m->unseen = xstrdup(path);
		}
}

void mask_watch(struct mask *m, const char *path, bool scanned)
{
	struct mask_watch w = {0};

	for (size_t i = 0; i < m->nwatches; i++) {
		if (strcmp(m->watches[i].path, path) == 0) {
			m->watches[i].scanned |= scanned;
			return;
		}
	}
	look(path, &w);
	w.path = xstrdup(path);
	w.scanned = scanned;
	push_watch(m, &w);
}

bool watch_same(const struct mask_watch *w)
{
	struct mask_watch now;

	look(w->path, &now);
	return now.ino == w->ino && now.ctime_ns == w->ctime_ns && now.mode == w->mode &&
	       now.uid == w->uid && now.gid == w->gid;
}

/*
 * "mask KIND FLAGS PATH" (flags: s soft, g generic class, f file, d derived, or -),
 * "watch FLAGS INO CTIME_NS MODE UID GID PATH", "known PATH".
 */
static void put_entry(struct buf *b, const struct mask_entry *en)
{
	buf_fmt(b, "mask %c %s%s%s%s%s ", en->kind, en->soft ? "s" : "", en->scanned ? "g" : "",
		en->file ? "f" : "", en->derived ? "d" : "",
		en->soft || en->scanned || en->file || en->derived ? "" : "-");
	word_escape(b, en->path);
	buf_char(b, '\n');
}

static void put_watch(struct buf *b, const struct mask_watch *w)
{
	buf_fmt(b, "watch %c %" PRIu64 " %" PRIu64 " %u %u %u ", w->scanned ? 'g' : '-', w->ino,
		w->ctime_ns, w->mode, w->uid, w->gid);
	word_escape(b, w->path);
	buf_char(b, '\n');
}

int mask_save(const struct mask *m, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	buf_fmt(&b, "envpod-mask 1 %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", m->input,
		m->covers, m->ground);
	for (size_t i = 0; i < m->n; i++)
		put_entry(&b, &m->v[i]);
	for (size_t i = 0; i < m->nwatches; i++)
		put_watch(&b, &m->watches[i]);
	for (size_t i = 0; i < m->known.n; i++) {
		buf_str(&b, "known ");
		word_escape(&b, m->known.v[i]);
		buf_char(&b, '\n');
	}
	buf_str(&b, "end\n");
	r = write_file_at(p->dir, "mask.list", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/mask.list", p->path) : 0;
}

static bool parse_mask(struct mask *m, const struct strv *w)
{
	struct mask_entry *en;

	if (w->n != 4 || strlen(w->v[1]) != 1 || !strchr("hegp", w->v[1][0]) || w->v[3][0] != '/' ||
	    m->n >= MASK_MAX)
		return false;
	en = mask_add(m, w->v[3], (enum mask_kind)w->v[1][0]);
	en->soft = strchr(w->v[2], 's');
	en->scanned = strchr(w->v[2], 'g');
	en->file = strchr(w->v[2], 'f');
	en->derived = strchr(w->v[2], 'd');
	return true;
}

static bool parse_watch(struct mask *m, const struct strv *w)
{
	struct mask_watch watch = {0};

	if (w->n != 8 || w->v[7][0] != '/' || m->nwatches >= MASK_MAX)
		return false;
	watch.scanned = w->v[1][0] == 'g';
	watch.ino = strtoull(w->v[2], NULL, 10);
	watch.ctime_ns = strtoull(w->v[3], NULL, 10);
	watch.mode = (uint32_t)strtoul(w->v[4], NULL, 10);
	watch.uid = (uint32_t)strtoul(w->v[5], NULL, 10);
	watch.gid = (uint32_t)strtoul(w->v[6], NULL, 10);
	watch.path = xstrdup(w->v[7]);
	push_watch(m, &watch);
	return true;
}

static bool parse_head(struct mask *m, const char *line, size_t len)
{
	char text[96], extra;
	int n;

	if (len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	n = sscanf(text, "envpod-mask 1 %16" SCNx64 " %16" SCNx64 " %16" SCNx64 "%c", &m->input,
		   &m->covers, &m->ground, &extra);
	return n == 2 || n == 3; /* older ones do not say the last */
}

static bool parse_line(struct mask *m, const char *line, size_t len)
{
	OWN_STRV struct strv w = {0};

	line_split(&w, line, len, 9);
	if (w.n == 0)
		return false;
	if (strcmp(w.v[0], "mask") == 0)
		return parse_mask(m, &w);
	if (strcmp(w.v[0], "watch") == 0)
		return parse_watch(m, &w);
	if (strcmp(w.v[0], "known") != 0 || w.n != 2 || m->known.n >= MASK_MAX)
		return false;
	strv_add(&m->known, w.v[1]);
	return true;
}

int mask_parse(struct mask *m, const char *data, size_t len, struct err *e)
{
	const char *end = data + len;

	for (size_t no = 1; data < end; no++) {
		const char *eol = memchr(data, '\n', (size_t)(end - data));
		size_t n = (size_t)((eol ? eol : end) - data);

		if (eol && no > 1 && n == 3 && memcmp(data, "end", 3) == 0 && eol + 1 == end) {
			mask_sort(m);
			return 0;
		}
		if (!eol || !(no == 1 ? parse_head(m, data, n) : parse_line(m, data, n)))
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
					  "mask.list: line %zu is not understood", no);
		data = eol + 1;
	}
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "mask.list: it is cut off");
}

int mask_load(struct mask *m, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->dir, "mask.list", &b, MASK_LIST_MAX);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "read %s/mask.list", p->path);
	r = mask_parse(m, b.data, b.len, e);
	return r < 0 ? err_wrap(e, "pod %s (pod-mount prepare %s makes it anew)", p->name, p->name)
		     : 0;
}
