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
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"

#define TEXT_MAX (NEED_MAX * NEED_LINE_MAX)

static void service_finish(struct need_service *s)
{
	free(s->name);
	free(s->group);
	free(s->ready);
	free(s->with);
	free(s->listen);
	strv_finish(&s->after);
	strv_finish(&s->argv);
}

void needs_finish(struct needs *n)
{
	for (size_t i = 0; i < n->n_devices; i++)
		free(n->devices[i].path);
	free(n->devices);
	strv_finish(&n->env);
	for (size_t i = 0; i < n->n_packages; i++) {
		free(n->packages[i].name);
		free(n->packages[i].file);
	}
	free(n->packages);
	for (size_t i = 0; i < n->n_sockets; i++) {
		free(n->sockets[i].path);
		free(n->sockets[i].as);
	}
	free(n->sockets);
	for (size_t i = 0; i < n->n_services; i++)
		service_finish(&n->services[i]);
	free(n->services);
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

void needs_add_package(struct needs *n, const char *name, const char *file)
{
	for (size_t i = 0; i < n->n_packages; i++)
		if (strcmp(n->packages[i].name, name) == 0 &&
		    strcmp(n->packages[i].file, file) == 0)
			return;
	n->packages = xrealloc(n->packages, (n->n_packages + 1) * sizeof(*n->packages));
	n->packages[n->n_packages++] = (struct need_package){xstrdup(name), xstrdup(file)};
}

void needs_add_socket(struct needs *n, const char *path, const char *as)
{
	for (size_t i = 0; i < n->n_sockets; i++)
		if (strcmp(n->sockets[i].path, path) == 0 && strcmp(n->sockets[i].as, as) == 0)
			return;
	n->sockets = xrealloc(n->sockets, (n->n_sockets + 1) * sizeof(*n->sockets));
	n->sockets[n->n_sockets++] = (struct need_socket){xstrdup(path), xstrdup(as)};
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

static bool is_plain_path(const char *s)
{
	OWN_FREE char *clean = path_clean("/", s);

	return s[0] == '/' && s[1] && strcmp(clean, s) == 0;
}

static int take_package(struct needs *n, const struct strv *w)
{
	if (w->n != 3 || !is_plain_path(w->v[2]))
		return -EBADMSG;
	needs_add_package(n, w->v[1], w->v[2]);
	return 0;
}

static int take_socket(struct needs *n, const struct strv *w)
{
	if (w->n != 3 || !is_plain_path(w->v[1]) || !is_plain_path(w->v[2]))
		return -EBADMSG;
	needs_add_socket(n, w->v[1], w->v[2]);
	return 0;
}

static char *none_is_empty(char *word)
{
	return strcmp(word, "-") == 0 ? word + 1 : word;
}

static int take_service(struct needs *n, const struct strv *w)
{
	OWN_STRV struct strv after = {0};
	struct need_service s = {0};
	struct err ignored = {0};

	if (w->n < 8)
		return -EBADMSG;
	s = (struct need_service){.name = w->v[1],
				  .group = w->v[2],
				  .ready = none_is_empty(w->v[3]),
				  .with = none_is_empty(w->v[5]),
				  .listen = none_is_empty(w->v[6]),
				  .argv = {.v = w->v + 7, .n = w->n - 7}};
	if (strcmp(w->v[4], "-") != 0 && words_split(&after, w->v[4]) < 0)
		return -EBADMSG;
	s.after = after;
	return needs_add_service(n, &s, &ignored) < 0 ? -EBADMSG : 0;
}

static int take_line(struct needs *n, const char *line)
{
	static const struct {
		const char *word;
		int (*take)(struct needs *n, const struct strv *w);
	} lines[] = {
		{"device", take_device}, {"env", take_env},         {"package", take_package},
		{"socket", take_socket}, {"service", take_service},
	};
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

static void save_devices(const struct needs *n, struct buf *b)
{
	for (size_t i = 0; i < n->n_devices; i++) {
		add_words(b, "device", n->devices[i].path);
		buf_fmt(b, " %c %u %u\n", n->devices[i].type, n->devices[i].major,
			n->devices[i].minor);
	}
}

static void save_env(const struct needs *n, struct buf *b)
{
	for (size_t i = 0; i < n->env.n; i++) {
		const char *value = strchr(n->env.v[i], '=') + 1;
		OWN_FREE char *name = strndup(n->env.v[i], (size_t)(value - 1 - n->env.v[i]));

		add_words(b, "env", name);
		if (*value)
			words_add(b, value);
		buf_char(b, '\n');
	}
}

static void save_pairs(const struct needs *n, struct buf *b)
{
	for (size_t i = 0; i < n->n_packages; i++) {
		add_words(b, "package", n->packages[i].name);
		words_add(b, n->packages[i].file);
		buf_char(b, '\n');
	}
	for (size_t i = 0; i < n->n_sockets; i++) {
		add_words(b, "socket", n->sockets[i].path);
		words_add(b, n->sockets[i].as);
		buf_char(b, '\n');
	}
}

static void save_services(const struct needs *n, struct buf *b)
{
	for (size_t i = 0; i < n->n_services; i++) {
		const struct need_service *s = &n->services[i];
		OWN_BUF struct buf after = BUF_INIT;

		for (size_t j = 0; j < s->after.n; j++)
			buf_fmt(&after, "%s%s", j ? " " : "", s->after.v[j]);
		add_words(b, "service", s->name);
		words_add(b, s->group);
		words_add(b, *s->ready ? s->ready : "-");
		words_add(b, after.len ? after.data : "-");
		words_add(b, *s->with ? s->with : "-");
		words_add(b, *s->listen ? s->listen : "-");
		for (size_t j = 0; j < s->argv.n; j++)
			words_add(b, s->argv.v[j]);
		buf_char(b, '\n');
	}
}

int needs_save(const struct needs *n, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	save_devices(n, &b);
	save_env(n, &b);
	save_pairs(n, &b);
	save_services(n, &b);
	if (b.len == 0)
		return unlinkat(p->run, "needs", 0) < 0 && errno != ENOENT
			       ? err_set(e, errno, "remove %s/needs", p->runpath)
			       : 0;
	r = write_file_at(p->run, "needs", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/needs", p->runpath) : 0;
}
