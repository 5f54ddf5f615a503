/* SPDX-License-Identifier: Apache-2.0 */
/* RUN/NAME/needs: what was judged, for the tools that act. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/need.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"

#define TEXT_MAX (NEED_MAX * NEED_LINE_MAX)

void needs_finish(struct needs *n)
{
	for (size_t i = 0; i < n->n_devices; i++)
		free(n->devices[i].path);
	free(n->devices);
	strv_finish(&n->env);
	*n = (struct needs){0};
}

void needs_add_device(struct needs *n, const char *path, char type, unsigned major, unsigned minor)
{
	for (size_t i = 0; i < n->n_devices; i++)
		if (strcmp(n->devices[i].path, path) == 0)
			return;
	n->devices = xrealloc(n->devices, (n->n_devices + 1) * sizeof(*n->devices));
	n->devices[n->n_devices++] = (struct device){xstrdup(path), type, major, minor};
}

static int take_device(struct needs *n, const struct strv *w)
{
	uint64_t major, minor;

	if (w->n != 5 || strlen(w->v[2]) != 1 || !strchr("cb", w->v[2][0]) ||
	    strncmp(w->v[1], "/dev/", 5) != 0 || unit_u64(w->v[3], 0xfff, &major) < 0 ||
	    unit_u64(w->v[4], 0xfffff, &minor) < 0)
		return -EBADMSG;
	needs_add_device(n, w->v[1], w->v[2][0], (unsigned)major, (unsigned)minor);
	return 0;
}

static int take_env(struct needs *n, const struct strv *w)
{
	if (w->n != 2 && w->n != 3)
		return -EBADMSG;
	strv_fmt(&n->env, "%s=%s", w->v[1], w->n == 3 ? w->v[2] : "");
	return 0;
}

static int take_line(struct needs *n, const char *line)
{
	static const struct {
		const char *word;
		int (*take)(struct needs *n, const struct strv *w);
	} lines[] = {{"device", take_device}, {"env", take_env}};
	OWN_STRV struct strv w = {0};

	if (words_split(&w, line) < 0 || w.n == 0)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(w.v[0], lines[i].word) == 0)
			return lines[i].take(n, &w);
	return -EBADMSG;
}

int needs_parse(struct needs *n, const char *text, size_t len)
{
	const char *end = text + len;
	int r = 0;

	while (text < end && r == 0) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		OWN_FREE char *line = NULL;

		if (!eol || eol - text >= NEED_LINE_MAX || memchr(text, '\0', (size_t)(eol - text)))
			return -EBADMSG;
		line = xcalloc(1, (size_t)(eol - text) + 1);
		memcpy(line, text, (size_t)(eol - text));
		r = take_line(n, line);
		text = eol + 1;
	}
	return r;
}

int needs_load(struct needs *n, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->run, "needs", &b, TEXT_MAX);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = needs_parse(n, b.data ? b.data : "", b.len);
	return r < 0 ? err_set(e, -r, "read %s/needs", p->runpath) : 0;
}

static void add_words(struct buf *b, const char *first, const char *second)
{
	buf_str(b, first);
	words_add(b, second);
}

int needs_save(const struct needs *n, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < n->n_devices; i++) {
		add_words(&b, "device", n->devices[i].path);
		buf_fmt(&b, " %c %u %u\n", n->devices[i].type, n->devices[i].major,
			n->devices[i].minor);
	}
	for (size_t i = 0; i < n->env.n; i++) {
		const char *value = strchr(n->env.v[i], '=') + 1;
		OWN_FREE char *name = strndup(n->env.v[i], (size_t)(value - 1 - n->env.v[i]));

		add_words(&b, "env", name);
		if (*value)
			words_add(&b, value);
		buf_char(&b, '\n');
	}
	if (b.len == 0)
		return unlinkat(p->run, "needs", 0) < 0 && errno != ENOENT
			       ? err_set(e, errno, "remove %s/needs", p->runpath)
			       : 0;
	r = write_file_at(p->run, "needs", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/needs", p->runpath) : 0;
}
