/* SPDX-License-Identifier: Apache-2.0 */
/* Reading journals: the half of journal.h that parses. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/journal_words.h"

#define STARTS_MAX 1000 /* layers an operation can speak of */

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
	size_t n = strlen(word);

	return n > 0 && n <= 32 && word[strspn(word, "0123456789abcdef-")] == '\0';
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

	while (verb && v < STEP_VERBS && strcmp(step_verbs[v], verb) != 0)
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
	    !field_number(&p, 10, UINT64_MAX, &ino) ||
	    !field_number(&p, 10, UINT64_MAX, &j->steps[i].staged_mtime_ns) ||
	    !field_number(&p, 10, UINT64_MAX, &j->steps[i].staged_size))
		return false;
	j->steps[i].staged = ino;
	return true;
}

static bool read_left(struct journal *j, char *p)
{
	struct ident left;
	uint32_t mode;
	uint64_t i;

	if (!field_number(&p, 10, UINT64_MAX, &i) || i >= j->n ||
	    !field_number(&p, 10, UINT64_MAX, &left.ino) ||
	    !field_number(&p, 10, UINT64_MAX, &left.ctime_ns) ||
	    !field_number(&p, 10, UINT64_MAX, &left.mtime_ns) ||
	    !field_number(&p, 10, UINT64_MAX, &left.size) || !field_u32(&p, 8, &mode))
		return false;
	j->steps[i].has_left = true;
	j->steps[i].left = left;
	j->steps[i].left_mode = mode;
	return true;
}

static bool read_time_of(struct journal *j, struct dir_times *list, char *p)
{
	struct dir_time d = {0}, *to;

	if (!field_u32(&p, 10, &d.site) || d.site >= j->sites.n ||
	    !field_number(&p, 10, UINT64_MAX, &d.ino) || !field_number(&p, 10, UINT64_MAX, &d.ns) ||
	    !field_path(p) || !is_beneath(p))
		return false;
	to = dir_times_add(list, d.site, p);
	to->ino = d.ino;
	to->ns = d.ns;
	return true;
}

static bool read_dir(struct journal *j, char *p)
{
	return read_time_of(j, &j->dirs, p);
}

static bool read_time(struct journal *j, char *p)
{
	return read_time_of(j, &j->times, p);
}

static bool read_dirleft(struct journal *j, char *p)
{
	uint64_t i, ns;

	if (!field_number(&p, 10, UINT64_MAX, &i) || i >= j->dirs.n ||
	    !field_number(&p, 10, UINT64_MAX, &ns))
		return false;
	j->dirs.v[i].has_left = true;
	j->dirs.v[i].left_ns = ns;
	return true;
}

static bool read_take(struct journal *j, char *p)
{
	struct step *st = j->n ? &j->steps[j->n - 1] : NULL;

	if (!st || st->taken || !*j->undoes || !field_number(&p, 10, UINT32_MAX, &st->take))
		return false;
	return st->taken = true;
}

static bool read_undoes(struct journal *j, char *p)
{
	if (*j->undoes || !undo_is_id(p))
		return false;
	snprintf(j->undoes, sizeof(j->undoes), "%s", p);
	return true;
}

static bool read_files(struct journal *j, char *p)
{
	return field_number(&p, 10, UINT64_MAX, &j->files);
}

static bool read_start_of(struct layer_starts *list, char *p)
{
	char *layer = field_word(&p);
	uint64_t ns;

	if (!layer || !is_layer(layer) || list->n >= STARTS_MAX ||
	    !field_number(&p, 10, UINT64_MAX, &ns))
		return false;
	layer_starts_add(list, strcmp(layer, "-") == 0 ? NULL : layer, ns);
	return true;
}

static bool read_start(struct journal *j, char *p)
{
	return read_start_of(&j->starts, p);
}

static bool read_layer(struct journal *j, char *p)
{
	return *p != '-' && read_start_of(&j->layers, p);
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

static bool read_kept(struct journal *j, char *p)
{
	if (j->n == 0 || *p)
		return false;
	return j->steps[j->n - 1].kept = true;
}

static bool read_line(struct journal *j, char *line)
{
	static const struct {
		const char *word;
		bool (*read)(struct journal *j, char *rest);
	} kinds[] = {
		{"site ", read_site},   {"step ", read_step},     {"from ", read_from},
		{"prune ", read_prune}, {"staged ", read_staged}, {"left ", read_left},
		{"take ", read_take},   {"undoes ", read_undoes}, {"files ", read_files},
		{"start ", read_start}, {"layer ", read_layer},   {"kept ", read_kept},
		{"dir ", read_dir},     {"time ", read_time},     {"dirleft ", read_dirleft},
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

int journal_read(struct journal *j, const struct pod *p, const char *id, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", id);
	OWN_BUF struct buf text = BUF_INIT;
	int r;

	snprintf(j->id, sizeof(j->id), "%s", id);
	j->dir = open_beneath(p->dir, path, O_RDONLY | O_DIRECTORY, 0);
	r = j->dir < 0 ? j->dir : read_file_at(j->dir, "journal", &text, JOURNAL_MAX);
	if (r < 0)
		return err_set(e, -r, "read %s/%s/journal", p->path, path);
	return journal_parse(j, text.data ? text.data : "", text.len, e);
}

int journal_open(struct journal *j, const struct pod *p, const char *id, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", id);
	OWN_BUF struct buf text = BUF_INIT;
	int r;

	snprintf(j->id, sizeof(j->id), "%s", id);
	j->dir = open_beneath(p->dir, path, O_RDONLY | O_DIRECTORY, 0);
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
