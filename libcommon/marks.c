/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hundred thousand changes meet some two hundred patterns.  So a pattern is looked at only when
 * the first byte of its last component fits, those that end in double star are asked once a
 * directory, and "*.x" is a comparison of ends.
 */
#include "libcommon/marks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/glob.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"

#define TABLE_MAX (1u << 20)

struct marks {
	struct strv by_first[256]; /* patterns by the first byte of their last component */
	struct strv open_first;    /* that byte is a wildcard */
	struct strv dirs;          /* "…/" "**": everything below */
	struct strv not ;
	char *home;
	const char *dir; /* the directory asked for last, and the answer of `dirs` for it */
	bool dir_is;
	struct buf path;
};

static struct strv *list_for(struct marks *m, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	const char *last = slash ? slash + 1 : pattern;

	if (slash && strcmp(last, "**") == 0)
		return &m->dirs;
	if (strchr("*?[\\", *last))
		return &m->open_first;
	return &m->by_first[(unsigned char)*last];
}

static void add(struct marks *m, const char *pattern)
{
	bool anywhere = pattern[0] != '/' && strchr(pattern, '/');
	OWN_FREE char *full = xfmt("%s%s", anywhere ? "**/" : "", pattern);

	strv_add(list_for(m, full), full);
}

/* "~/x": in the user's home, wherever that is, in root's, and in everybody's below /home. */
static void add_home(struct marks *m, const char *rest)
{
	const char *const homes[] = {"/home/*", "/root", m->home};

	for (size_t i = 0; i < 3; i++) {
		OWN_FREE char *full = NULL;

		if (!homes[i] || (i == 2 && path_below(homes[i], "/home")))
			continue;
		full = xfmt("%s%s", homes[i], rest);
		add(m, full);
	}
}

static void add_line(struct marks *m, char *line)
{
	size_t n = strlen(line);

	while (n > 0 && strchr(" \t\r", line[n - 1]))
		line[--n] = '\0';
	if (n == 0 || line[0] == '#')
		return;
	if (line[0] == '!')
		strv_add(&m->not, line + 1);
	else if (line[0] == '~' && line[1] == '/')
		add_home(m, line + 1);
	else
		add(m, line);
}

struct marks *marks_parse(const char *text, size_t len, const char *home)
{
	struct marks *m = xcalloc(1, sizeof(*m));
	OWN_FREE char *copy = xcalloc(1, len + 1);
	char *rest = copy, *line;

	memcpy(copy, text, len);
	m->home = home && home[0] == '/' && home[1] ? xstrdup(home) : NULL;
	while ((line = strsep(&rest, "\n")))
		add_line(m, line);
	return m;
}

struct marks *marks_load(const char *home, struct err *e)
{
	OWN_FREE char *path = data_path("marks");
	OWN_BUF struct buf text = BUF_INIT;
	int r = path ? read_file_at(AT_FDCWD, path, &text, TABLE_MAX) : -ENOENT;

	if (r < 0) {
		err_set(e, -r, "read the table of sensitive paths %s", path ? path : "marks");
		return NULL;
	}
	return marks_parse(text.data, text.len, home);
}

void marks_free(struct marks *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < 256; i++)
		strv_finish(&m->by_first[i]);
	strv_finish(&m->open_first);
	strv_finish(&m->dirs);
	strv_finish(&m->not );
	buf_finish(&m->path);
	free(m->home);
	free(m);
}

static const char *joined(struct marks *m, const char *dir, const char *name)
{
	buf_clear(&m->path);
	buf_str(&m->path, dir);
	buf_char(&m->path, '/');
	buf_str(&m->path, name);
	return m->path.data;
}

static bool fits(struct marks *m, const char *pattern, const char *dir, const char *name)
{
	size_t n = strlen(pattern), len = strlen(name);

	if (strchr(pattern, '/'))
		return glob_match(pattern, joined(m, dir, name));
	if (pattern[0] == '*' && !glob_is(pattern + 1))
		return len >= n - 1 && memcmp(name + len - (n - 1), pattern + 1, n - 1) == 0;
	return glob_match(pattern, name);
}

static bool any_fits(struct marks *m, const struct strv *list, const char *dir, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (fits(m, list->v[i], dir, name))
			return true;
	return false;
}

static bool dir_is_sensitive(struct marks *m, const char *dir)
{
	if (!m->dir || m->dir != dir) {
		m->dir = dir;
		m->dir_is = any_fits(m, &m->dirs, dir, "x");
	}
	return m->dir_is;
}

void marks_forget_dir(struct marks *m)
{
	m->dir = NULL;
}

bool marks_sensitive(struct marks *m, const char *dir, const char *name)
{
	if (!dir_is_sensitive(m, dir) &&
	    !any_fits(m, &m->by_first[(unsigned char)*name], dir, name) &&
	    !any_fits(m, &m->open_first, dir, name))
		return false;
	return !any_fits(m, &m->not, dir, name);
}
