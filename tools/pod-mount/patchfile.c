/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/patchfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

/* A text by lines; `s` is the current one, without its newline. */
struct reader {
	const char *next, *end;
	const char *s;
	size_t len, no;
	struct patch_files *to;
	struct patch_file *file; /* the last part */
	bool behind_hunk;        /* the line before ended one */
	struct err *e;
};

static bool next_line(struct reader *r)
{
	const char *eol;

	if (r->next >= r->end)
		return false;
	eol = memchr(r->next, '\n', (size_t)(r->end - r->next));
	r->s = r->next;
	r->len = (size_t)((eol ? eol : r->end) - r->s);
	r->next = eol ? eol + 1 : r->end;
	r->no++;
	return true;
}

static int bad(const struct reader *r, const char *what)
{
	return err_set(r->e, ERR_PLAIN, "patch: line %zu: %s", r->no, what);
}

static const char *behind(const struct reader *r, const char *word)
{
	size_t n = strlen(word);

	return r->len >= n && memcmp(r->s, word, n) == 0 ? r->s + n : NULL;
}

static const char *line_end(const struct reader *r)
{
	return r->s + r->len;
}

/* --- names --- */

static int digit(char c)
{
	return c >= '0' && c <= '7' ? c - '0' : -1;
}

/* One byte behind a backslash; 0: none that git writes. */
static char unquote_byte(const char **p, const char *end)
{
	static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";
	const char *s = *p, *at = s < end && *s ? strchr(letters, *s) : NULL;

	if (at) {
		*p += 1;
		return bytes[at - letters];
	}
	if (end - s < 3 || digit(s[0]) < 0 || digit(s[0]) > 3 || digit(s[1]) < 0 || digit(s[2]) < 0)
		return 0;
	*p += 3;
	return (char)(digit(s[0]) * 64 + digit(s[1]) * 8 + digit(s[2]));
}

/* "..." at p; *p moves behind it.  NULL when it is none. */
static char *quoted(const char **p, const char *end)
{
	OWN_BUF struct buf out = BUF_INIT;
	const char *s = *p;

	if (s >= end || *s++ != '"')
		return NULL;
	while (s < end && *s != '"') {
		char c = *s++;

		if (c == '\\')
			c = unquote_byte(&s, end);
		if (!c)
			return NULL;
		buf_char(&out, c);
	}
	if (s >= end)
		return NULL;
	*p = s + 1;
	return buf_take(&out);
}

/* Takes the name; without "a/" or "b/". */
static char *stripped(char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	if (name && strncmp(name, prefix, n) == 0)
		memmove(name, name + n, strlen(name + n) + 1);
	return name;
}

/* The name of a "---" or "+++" line: up to a tab, behind which there may be a time. */
static char *name_at(const char *s, const char *end)
{
	const char *tab = memchr(s, '\t', (size_t)(end - s));

	if (s < end && *s == '"')
		return quoted(&s, end);
	end = tab ? tab : end;
	return end > s && !memchr(s, '\0', (size_t)(end - s)) ? xfmt("%.*s", (int)(end - s), s)
							      : NULL;
}

/* "a/NAME b/NAME": where the two are not the same, lines below say the names. */
static void read_git_names(struct reader *r, const char *s)
{
	const char *end = line_end(r);
	size_t len = (size_t)(end - s), half = len / 2;

	if (*s == '"') {
		r->file->from = stripped(quoted(&s, end), "a/");
		s += s < end;
		r->file->to = stripped(s < end ? quoted(&s, end) : NULL, "b/");
	} else if (len % 2 == 1 && half > 2 && s[half] == ' ' &&
		   memcmp(s + 1, s + half + 2, half - 1) == 0 && !memchr(s, '\0', len)) {
		r->file->from = stripped(xfmt("%.*s", (int)half, s), "a/");
		r->file->to = stripped(xfmt("%.*s", (int)half, s + half + 1), "b/");
	}
}

/* --- parts --- */

static void begin_file(struct reader *r)
{
	struct patch_files *p = r->to;

	if ((p->n & (p->n - 1)) == 0)
		p->v = xrealloc(p->v, (p->n ? 2 * p->n : 1) * sizeof(p->v[0]));
	p->v[p->n] = (struct patch_file){.line = r->no};
	r->file = &p->v[p->n++];
}

static int read_git(struct reader *r, const char *s)
{
	begin_file(r);
	if (s < line_end(r))
		read_git_names(r, s);
	return 0;
}

static unsigned octal(const char *s, const char *end)
{
	unsigned n = 0;

	for (; s < end && digit(*s) >= 0 && n <= 0177777; s++)
		n = n * 8 + (unsigned)digit(*s);
	return s == end ? n : 0;
}

static int read_old_mode(struct reader *r, const char *s)
{
	r->file->old_mode = octal(s, line_end(r));
	return 0;
}

static int read_new_mode(struct reader *r, const char *s)
{
	r->file->new_mode = octal(s, line_end(r));
	return 0;
}

static int read_created(struct reader *r, const char *s)
{
	r->file->created = true;
	return read_new_mode(r, s);
}

static int read_deleted(struct reader *r, const char *s)
{
	r->file->deleted = true;
	return read_old_mode(r, s);
}

static int read_rename(struct reader *r, const char *s)
{
	(void)s;
	r->file->renamed = true;
	return 0;
}

static bool read_hex(char out[SHA1_HEX], const char **s, const char *end)
{
	size_t n = 0;

	while (*s + n < end && n < SHA1_HEX - 1 && strchr("0123456789abcdef", (*s)[n]) && (*s)[n])
		n++;
	snprintf(out, SHA1_HEX, "%.*s", (int)n, *s);
	*s += n;
	return n > 0;
}

/* A line that looks otherwise is no index. */
static int read_index(struct reader *r, const char *s)
{
	const char *end = line_end(r);
	char a[SHA1_HEX], b[SHA1_HEX];

	if (!read_hex(a, &s, end) || end - s < 2 || s[0] != '.' || s[1] != '.')
		return 0;
	s += 2;
	if (!read_hex(b, &s, end))
		return 0;
	memcpy(r->file->old_name, a, SHA1_HEX);
	memcpy(r->file->new_name, b, SHA1_HEX);
	return 0;
}

static int read_binary(struct reader *r, const char *s)
{
	(void)s;
	r->file->binary = true;
	return 0;
}

/* The content itself is not read: its name tells whether it is the one. */
static int read_literal(struct reader *r, const char *s)
{
	(void)s;
	r->file->binary = true;
	for (int blocks = 0; blocks < 2; blocks++) {
		const char *next = r->next;
		size_t no = r->no;

		if (!next_line(r))
			return 0;
		if (!behind(r, "literal ") && !behind(r, "delta ")) {
			r->next = next;
			r->no = no;
			return 0;
		}
		while (next_line(r) && r->len > 0)
			;
	}
	return 0;
}

static bool is_null(const char *s, const char *end)
{
	return end - s >= 9 && memcmp(s, "/dev/null", 9) == 0 && (end - s == 9 || s[9] == '\t');
}

static void set_name(char **to, char *name)
{
	if (!name)
		return;
	free(*to);
	*to = name;
}

/* "--- NAME" and "+++ NAME" stand together; without "diff --git" they begin a part. */
static int read_names(struct reader *r, const char *s)
{
	const char *old = s, *old_end = line_end(r);
	const char *new;

	bool behind_hunk = r->behind_hunk;

	r->behind_hunk = false;
	if (r->next >= r->end || *r->next != '+')
		return behind_hunk ? bad(r, "the hunk is longer than it says") : 0;
	if (!r->file || r->file->n > 0 || r->file->binary)
		begin_file(r);
	next_line(r);
	new = behind(r, "+++ ");
	if (!new)
		return bad(r, "want \"+++ NAME\"");
	r->file->created |= is_null(old, old_end);
	r->file->deleted |= is_null(new, line_end(r));
	if (!is_null(old, old_end))
		set_name(&r->file->from, stripped(name_at(old, old_end), "a/"));
	if (!is_null(new, line_end(r)))
		set_name(&r->file->to, stripped(name_at(new, line_end(r)), "b/"));
	return 0;
}

/* --- hunks --- */

static bool number(const char **s, const char *end, size_t *n)
{
	const char *start = *s;

	for (*n = 0; *s < end && **s >= '0' && **s <= '9' && *n <= PATCHFILE_MAX; ++*s)
		*n = *n * 10 + (size_t)(**s - '0');
	return *s > start;
}

/* "12" or "12,3" */
static bool range(const char **s, const char *end, size_t *from, size_t *n)
{
	*n = 1;
	if (!number(s, end, from))
		return false;
	if (*s < end && **s == ',') {
		++*s;
		return number(s, end, n);
	}
	return true;
}

static bool hunk_head(const char *s, const char *end, struct patch_hunk *h)
{
	size_t to;

	if (!range(&s, end, &h->from, &h->n_old) || end - s < 2 || s[0] != ' ' || s[1] != '+')
		return false;
	s += 2;
	return range(&s, end, &to, &h->n_new) && end - s >= 3 && memcmp(s, " @@", 3) == 0;
}

static void add_hunk(struct patch_file *f, const struct patch_hunk *h)
{
	if ((f->n & (f->n - 1)) == 0)
		f->hunks = xrealloc(f->hunks, (f->n ? 2 * f->n : 1) * sizeof(f->hunks[0]));
	f->hunks[f->n++] = *h;
}

static int read_hunk(struct reader *r, const char *s)
{
	struct patch_hunk h = {.line = r->no};
	size_t old = 0, new = 0;
	bool ended = true; /* "\\ No newline" speaks of the line before, once */

	if (!hunk_head(s, line_end(r), &h))
		return bad(r, "want \"@@ -FROM,LINES +FROM,LINES @@\"");
	if (!r->file->from && !r->file->to)
		return bad(r, "the hunk belongs to no file");
	h.body = r->next;
	while (old < h.n_old || new < h.n_new) {
		if (!next_line(r))
			return bad(r, "the hunk is shorter than it says");
		if (r->len > 0 && (r->s[0] == '\\' ? ended : !strchr(" -+", r->s[0])))
			return bad(r, "the hunk is shorter than it says");
		ended = r->len > 0 && r->s[0] == '\\';
		if (ended)
			continue;
		old += r->len == 0 || r->s[0] != '+';
		new += r->len == 0 || r->s[0] != '-';
	}
	if (old > h.n_old || new > h.n_new)
		return bad(r, "the hunk is not what its head says");
	if (!ended && r->next < r->end && *r->next == '\\')
		next_line(r);
	h.len = (size_t)(r->next - h.body);
	add_hunk(r->file, &h);
	r->behind_hunk = true;
	return 0;
}

bool hunk_next(const struct patch_hunk *h, size_t *at, struct hunk_line *l)
{
	const char *s = h->body + *at, *end = h->body + h->len, *eol;

	if (s >= end)
		return false;
	eol = memchr(s, '\n', (size_t)(end - s));
	*at += (size_t)((eol ? eol + 1 : end) - s);
	if (*s == '\n') /* an empty common line that lost its blank */
		*l = (struct hunk_line){' ', s, 1};
	else
		*l = (struct hunk_line){*s, s + 1, (size_t)((eol ? eol + 1 : end) - s) - 1};
	s = h->body + *at;
	if (s < end && *s == '\\') {
		eol = memchr(s, '\n', (size_t)(end - s));
		*at += (size_t)((eol ? eol + 1 : end) - s);
		l->len -= l->len > 0 && l->s[l->len - 1] == '\n';
	}
	return true;
}

/* --- the whole --- */

static const struct kind {
	const char *word;
	int (*read)(struct reader *r, const char *rest);
	bool in_head; /* only between "diff --git" and the first hunk */
} kinds[] = {
	{"diff --git ", read_git, false},
	{"--- ", read_names, false},
	{"@@ -", read_hunk, false},
	{"old mode ", read_old_mode, true},
	{"new mode ", read_new_mode, true},
	{"new file mode ", read_created, true},
	{"deleted file mode ", read_deleted, true},
	{"rename from ", read_rename, true},
	{"copy from ", read_rename, true},
	{"index ", read_index, true},
	{"Binary files ", read_binary, true},
	{"GIT binary patch", read_literal, true},
};

static int read_line(struct reader *r)
{
	bool behind_hunk = r->behind_hunk;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *k = &kinds[i];
		const char *rest = behind(r, k->word);

		if (!rest || (k->in_head && (!r->file || r->file->n > 0)))
			continue;
		if (k->read == read_hunk && !r->file)
			return bad(r, "the hunk belongs to no file");
		if (k->read != read_names)
			r->behind_hunk = false;
		return k->read(r, rest);
	}
	r->behind_hunk = false;
	/* "-- " is how mail ends. */
	if (behind_hunk && r->len > 0 && strchr(" +-", r->s[0]) && !behind(r, "-- "))
		return bad(r, "the hunk is longer than it says");
	return 0;
}

int patch_files_parse(struct patch_files *p, const char *data, size_t len, struct err *e)
{
	static const char from_root[] = "# paths are seen from /\n";
	struct reader r = {.next = data, .end = data + len, .to = p, .e = e};
	int x = 0;

	p->from_root =
		len >= sizeof(from_root) - 1 && memcmp(data, from_root, sizeof(from_root) - 1) == 0;
	while (x == 0 && next_line(&r))
		x = read_line(&r);
	for (size_t i = 0; i < p->n && x == 0; i++)
		if (!p->v[i].from && !p->v[i].to)
			x = err_set(e, ERR_PLAIN, "patch: line %zu: no name of a file",
				    p->v[i].line);
	return x;
}

void patch_files_finish(struct patch_files *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].from);
		free(p->v[i].to);
		free(p->v[i].hunks);
	}
	free(p->v);
	*p = (struct patch_files){0};
}
