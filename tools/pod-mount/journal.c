/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

static const char *const verbs[STEP_VERBS] = {"put", "remove", "meta", "drop", "reset"};

/* --- in memory --- */

uint32_t journal_site(struct journal *j, const char *cover)
{
	for (size_t i = 0; i < j->sites.n; i++)
		if (strcmp(j->sites.v[i], cover) == 0)
			return (uint32_t)i;
	strv_add(&j->sites, cover);
	return (uint32_t)j->sites.n - 1;
}

struct step *journal_step(struct journal *j, enum step_verb verb, uint32_t site, const char *path)
{
	struct step *st;

	if (j->n == j->cap) {
		j->cap = j->cap ? 2 * j->cap : 64;
		j->steps = xrealloc(j->steps, j->cap * sizeof(j->steps[0]));
	}
	st = &j->steps[j->n++];
	*st = (struct step){.verb = verb, .site = site, .path = xstrdup(path)};
	return st;
}

void step_from(struct step *st, const char *layer, const char *raw)
{
	st->from_layer = true;
	st->layer = layer ? xstrdup(layer) : NULL;
	st->raw = xstrdup(raw);
}

void journal_prune(struct journal *j, uint32_t site, const char *layer, const char *raw)
{
	if (j->nprunes == j->capprunes) {
		j->capprunes = j->capprunes ? 2 * j->capprunes : 64;
		j->prunes = xrealloc(j->prunes, j->capprunes * sizeof(j->prunes[0]));
	}
	j->prunes[j->nprunes++] = (struct prune){site, layer ? xstrdup(layer) : NULL, xstrdup(raw)};
}

void journal_finish(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++) {
		free(j->steps[i].path);
		free(j->steps[i].layer);
		free(j->steps[i].raw);
	}
	for (size_t i = 0; i < j->nprunes; i++) {
		free(j->prunes[i].layer);
		free(j->prunes[i].raw);
	}
	free(j->steps);
	free(j->prunes);
	strv_finish(&j->sites);
	own_close(&j->dir);
	own_close(&j->fd);
	*j = (struct journal)JOURNAL_INIT;
}

/* --- writing --- */

static void put_path(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (*path == '\\' || *path == '\n')
			buf_str(b, *path == '\n' ? "\\n" : "\\\\");
		else
			buf_char(b, *path);
	}
	buf_char(b, '\n');
}

static void put_step(struct buf *b, const struct step *st)
{
	buf_fmt(b, "step %s %u %o %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ",
		verbs[st->verb], st->site, st->mode, st->uid, st->gid, st->old.ino,
		st->old.ctime_ns, st->old.mtime_ns, st->old.size);
	put_path(b, st->path);
	if (!st->from_layer)
		return;
	buf_fmt(b, "from %o %u %u %s ", st->was_mode, st->was_uid, st->was_gid,
		st->layer ? st->layer : "-");
	put_path(b, st->raw);
}

static void put_plan(struct buf *b, const struct journal *j)
{
	buf_fmt(b, "envpod-journal 1 %s\n", j->verb);
	for (size_t i = 0; i < j->sites.n; i++) {
		buf_str(b, "site ");
		put_path(b, j->sites.v[i]);
	}
	for (size_t i = 0; i < j->n; i++)
		put_step(b, &j->steps[i]);
	for (size_t i = 0; i < j->nprunes; i++) {
		const struct prune *p = &j->prunes[i];

		buf_fmt(b, "prune %u %s ", p->site, p->layer ? p->layer : "-");
		put_path(b, p->raw);
	}
	buf_str(b, "planned\n");
}

static int append(struct journal *j, const struct buf *b, struct err *e)
{
	int r = write_full(j->fd, b->data, b->len);

	if (r == 0 && fsync(j->fd) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "write undo/%s/journal", j->id) : 0;
}

static int open_dir(int at, const char *path)
{
	return open_beneath(at, path, O_RDONLY | O_DIRECTORY, 0);
}

/* A name that sorts by time; a second one within the same second is told apart by its number. */
static int make_dir(struct journal *j, const struct pod *p, struct err *e)
{
	OWN_FD int undo = -1;
	time_t now = time(NULL);
	struct tm tm;
	char day[24];

	if (mkdirat(p->dir, "undo", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/undo", p->path);
	undo = open_dir(p->dir, "undo");
	if (undo < 0)
		return err_set(e, -undo, "open %s/undo", p->path);
	gmtime_r(&now, &tm);
	strftime(day, sizeof(day), "%Y%m%dT%H%M%SZ", &tm);
	for (unsigned i = 1;; i++) {
		snprintf(j->id, sizeof(j->id), "%s-%u", day, i);
		if (mkdirat(undo, j->id, 0700) == 0)
			break;
		if (errno != EEXIST)
			return err_set(e, errno, "make %s/undo/%s", p->path, j->id);
	}
	/* From here on the next command looks after it. */
	if (write_file_at(undo, "open", j->id, strlen(j->id), 0600, false) < 0)
		return err_set(e, errno, "write %s/undo/open", p->path);
	j->dir = open_dir(undo, j->id);
	if (j->dir < 0 || mkdirat(j->dir, "new", 0700) < 0 || fsync(undo) < 0)
		return err_set(e, errno, "make %s/undo/%s/new", p->path, j->id);
	return 0;
}

int journal_begin(struct journal *j, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = make_dir(j, p, e);

	if (r < 0)
		return r;
	j->fd = openat(j->dir, "journal", O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return err_set(e, errno, "make undo/%s/journal", j->id);
	put_plan(&b, j);
	r = append(j, &b, e);
	if (r == 0 && fsync(j->dir) < 0)
		r = err_set(e, errno, "sync undo/%s", j->id);
	j->state = JOURNAL_PLANNED;
	return r;
}

int journal_prepared(struct journal *j, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < j->n; i++)
		if (j->steps[i].staged)
			buf_fmt(&b, "staged %zu %" PRIu64 "\n", i, j->steps[i].staged);
	buf_str(&b, "prepared\n");
	r = append(j, &b, e);
	if (r == 0)
		j->state = JOURNAL_PREPARED;
	return r;
}

int journal_applied(struct journal *j, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	buf_str(&b, "applied\n");
	j->state = JOURNAL_APPLIED;
	return append(j, &b, e);
}

int journal_end(struct journal *j, enum journal_state state, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	buf_str(&b, state == JOURNAL_DONE ? "done\n" : "undone\n");
	j->state = state;
	r = append(j, &b, e);
	if (r == 0 && unlinkat(j->dir, "../open", 0) < 0 && errno != ENOENT)
		r = err_set(e, errno, "remove undo/open");
	return r;
}

/* --- reading --- */

/* The next field of a line, up to a blank; *p moves behind the blank. */
static bool field_number(char **p, int base, uint64_t max, uint64_t *n)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*n = strtoull(*p, &end, base);
	if (errno || *n > max || (*end != ' ' && *end != '\0'))
		return false;
	*p = end + (*end == ' ');
	return true;
}

static bool field_u32(char **p, int base, uint32_t *n)
{
	uint64_t wide;

	if (!field_number(p, base, UINT32_MAX, &wide))
		return false;
	*n = (uint32_t)wide;
	return true;
}

static char *field_word(char **p)
{
	char *word = *p, *end = strchr(word, ' ');

	if (!end || end == word)
		return NULL;
	*end = '\0';
	*p = end + 1;
	return word;
}

/* A path to the end of the line, unescaped in place: relative, and no component leads elsewhere. */
static bool field_path(char *p)
{
	char *to = p;

	for (char *s = p; *s; s++) {
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

static bool is_beneath(const char *path)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))))
			return false;
		p += n + (p[n] == '/' && p[n + 1] != '\0');
		if (*p == '/')
			return false;
	}
	return true;
}

static bool is_layer(const char *word)
{
	return strcmp(word, "-") == 0 ||
	       (strlen(word) <= 32 && word[0] != '.' && !strchr(word, '/'));
}

static bool read_site(struct journal *j, char *p)
{
	if (*p != '/' || !field_path(p))
		return false;
	strv_add(&j->sites, p);
	return true;
}

static bool read_step(struct journal *j, char *p)
{
	struct step st = {0}, *to;
	char *verb = field_word(&p);
	unsigned v = 0;

	while (verb && v < STEP_VERBS && strcmp(verbs[v], verb) != 0)
		v++;
	if (!verb || v == STEP_VERBS || !field_u32(&p, 10, &st.site) || st.site >= j->sites.n ||
	    !field_u32(&p, 8, &st.mode) || !field_u32(&p, 10, &st.uid) ||
	    !field_u32(&p, 10, &st.gid) || !field_number(&p, 10, UINT64_MAX, &st.old.ino) ||
	    !field_number(&p, 10, UINT64_MAX, &st.old.ctime_ns) ||
	    !field_number(&p, 10, UINT64_MAX, &st.old.mtime_ns) ||
	    !field_number(&p, 10, UINT64_MAX, &st.old.size) || !field_path(p) || !is_beneath(p))
		return false;
	to = journal_step(j, (enum step_verb)v, st.site, p);
	to->mode = st.mode;
	to->uid = st.uid;
	to->gid = st.gid;
	to->old = st.old;
	return true;
}

static bool read_from(struct journal *j, char *p)
{
	struct step *st = j->n ? &j->steps[j->n - 1] : NULL;
	char *layer;

	if (!st || st->from_layer || !field_u32(&p, 8, &st->was_mode) ||
	    !field_u32(&p, 10, &st->was_uid) || !field_u32(&p, 10, &st->was_gid))
		return false;
	layer = field_word(&p);
	if (!layer || !is_layer(layer) || !field_path(p) || !is_beneath(p))
		return false;
	step_from(st, strcmp(layer, "-") == 0 ? NULL : layer, p);
	return true;
}

static bool read_prune(struct journal *j, char *p)
{
	uint32_t site;
	char *layer;

	if (!field_u32(&p, 10, &site) || site >= j->sites.n)
		return false;
	layer = field_word(&p);
	if (!layer || !is_layer(layer) || !field_path(p) || !is_beneath(p))
		return false;
	journal_prune(j, site, strcmp(layer, "-") == 0 ? NULL : layer, p);
	return true;
}

static bool read_staged(struct journal *j, char *p)
{
	uint64_t i, ino;

	if (!field_number(&p, 10, UINT64_MAX, &i) || i >= j->n ||
	    !field_number(&p, 10, UINT64_MAX, &ino))
		return false;
	j->steps[i].staged = ino;
	return true;
}

static bool read_state(struct journal *j, const char *line)
{
	static const struct {
		const char *word;
		enum journal_state state;
	} states[] = {
		{"planned", JOURNAL_PLANNED}, {"prepared", JOURNAL_PREPARED},
		{"applied", JOURNAL_APPLIED}, {"done", JOURNAL_DONE},
		{"undone", JOURNAL_UNDONE},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].word, line) == 0) {
			j->state = states[i].state;
			return true;
		}
	return false;
}

static bool read_line(struct journal *j, char *line)
{
	static const struct {
		const char *word;
		bool (*read)(struct journal *j, char *rest);
	} kinds[] = {
		{"site ", read_site},   {"step ", read_step},     {"from ", read_from},
		{"prune ", read_prune}, {"staged ", read_staged},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(line, kinds[i].word, strlen(kinds[i].word)) == 0)
			return kinds[i].read(j, line + strlen(kinds[i].word));
	return read_state(j, line);
}

static bool read_head(struct journal *j, const char *line)
{
	char extra;

	return sscanf(line, "envpod-journal 1 %15[a-z]%c", j->verb, &extra) == 1;
}

int journal_parse(struct journal *j, const char *data, size_t len, struct err *e)
{
	OWN_BUF struct buf line = BUF_INIT;
	const char *end = data + len, *eol;

	for (size_t no = 1; data < end && (eol = memchr(data, '\n', (size_t)(end - data))); no++) {
		size_t n = (size_t)(eol - data);

		buf_clear(&line);
		buf_add(&line, data, n);
		data = eol + 1;
		if (memchr(line.data, '\0', n) ||
		    !(no == 1 ? read_head(j, line.data) : read_line(j, line.data)))
			return err_set(e, ERR_PLAIN, "journal: line %zu is not understood", no);
	}
	return 0;
}

/* What is appended next must begin a line. */
static int cut_torn_line(const struct journal *j, const struct buf *text)
{
	size_t n = text->len;

	while (n > 0 && text->data[n - 1] != '\n')
		n--;
	return n < text->len && ftruncate(j->fd, (off_t)n) < 0 ? -errno : 0;
}

int journal_open(struct journal *j, const struct pod *p, const char *id, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", id);
	OWN_BUF struct buf text = BUF_INIT;
	int r;

	snprintf(j->id, sizeof(j->id), "%s", id);
	j->dir = open_dir(p->dir, path);
	if (j->dir < 0)
		return err_set(e, -j->dir, "open %s/%s", p->path, path);
	j->fd = openat(j->dir, "journal", O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (j->fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s/%s/journal", p->path, path);
	r = read_fd(j->fd, &text, JOURNAL_MAX);
	if (r == 0)
		r = cut_torn_line(j, &text);
	if (r < 0)
		return err_set(e, -r, "read %s/%s/journal", p->path, path);
	r = journal_parse(j, text.data ? text.data : "", text.len, e);
	return r < 0 ? err_wrap(e, "pod %s: undo/%s", p->name, id) : 0;
}
