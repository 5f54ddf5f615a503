/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/select.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/glob.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

static void add(struct strv *list, const char *cwd, const char *word)
{
	OWN_FREE char *path = path_clean(cwd, word);

	strv_add(list, path);
}

void selection_add(struct selection *s, const char *cwd, char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(&s->paths, cwd, words[i]);
}

void selection_exclude(struct selection *s, const char *cwd, char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (glob_is(words[i]) && !strchr(words[i], '/'))
			strv_add(&s->exclude, words[i]);
		else
			add(&s->exclude, cwd, words[i]);
	}
}

int selection_parse(struct selection *s, const char *cwd, bool null, const char *data, size_t len,
		    struct err *e)
{
	const char *end = data + len;

	for (size_t no = 1; data < end; no++) {
		const char *stop = memchr(data, null ? '\0' : '\n', (size_t)(end - data));
		size_t n = (size_t)((stop ? stop : end) - data);
		OWN_FREE char *word = NULL;

		if (n == 0 || n >= PATH_MAX || memchr(data, '\0', n))
			return err_set(e, ERR_PLAIN, "stdin: path %zu is %s", no,
				       n == 0          ? "empty"
				       : n >= PATH_MAX ? "too long"
						       : "cut by a NUL byte (-z reads such lists)");
		word = xcalloc(1, n + 1);
		memcpy(word, data, n);
		add(&s->exact, cwd, word);
		data += n + (stop != NULL);
	}
	return 0;
}

int selection_stdin(struct selection *s, const char *cwd, bool null, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r = read_fd(STDIN_FILENO, &text, SELECT_STDIN_MAX);

	if (r < 0)
		return err_set(e, -r, "read paths from stdin");
	s->from_stdin = true;
	return selection_parse(s, cwd, null, text.data, text.len, e);
}

void selection_finish(struct selection *s)
{
	strv_finish(&s->paths);
	strv_finish(&s->exact);
	strv_finish(&s->below);
	strv_finish(&s->exclude);
}

/* The change of this very path and all below it; how many. */
static size_t choose_below(struct changes *list, const char *path, bool chosen)
{
	size_t first = changes_find(list, path), i = first;

	for (; i < list->n && change_below(&list->v[i], path); i++)
		list->v[i].chosen = chosen;
	return i - first;
}

static struct change *change_at(struct changes *list, const char *path)
{
	OWN_BUF struct buf text = BUF_INIT;
	size_t i = changes_find(list, path);

	return i < list->n && strcmp(change_path(&list->v[i], &text), path) == 0 ? &list->v[i]
										 : NULL;
}

static size_t choose_path(struct changes *list, const char *path)
{
	struct change *c = change_at(list, path);

	if (c)
		c->by_name = true;
	return choose_below(list, path, true);
}

/* What diff -z printed comes back: a filter between the two may have taken entries out. */
static size_t choose_exact(struct changes *list, const char *path)
{
	struct change *c = change_at(list, path);

	if (!c)
		return choose_below(list, path, true);
	c->chosen = c->by_name = true;
	return 1;
}

/* A pattern that fits a directory takes what is in it, as a plain path would. */
static size_t choose_pattern(struct changes *list, const char *pattern, bool chosen)
{
	OWN_BUF struct buf path = BUF_INIT;
	bool by_name = !strchr(pattern, '/');
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct change *c = &list->v[i];

		if (!glob_match(pattern, by_name ? c->name : change_path(c, &path)))
			continue;
		n++;
		if (change_is_dir(c))
			choose_below(list, change_path(c, &path), chosen);
		c->chosen = chosen;
	}
	return n;
}

/* "src" and "*" beside it: directories that did not change themselves fit a pattern too. */
static size_t choose_pattern_dirs(struct changes *list, const char *pattern, bool chosen)
{
	const char *seen = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		OWN_FREE char *dir = NULL;
		char *slash;

		if (list->v[i].dir == seen)
			continue;
		seen = list->v[i].dir;
		dir = xstrdup(seen);
		while (*dir &&
		       !glob_match(pattern, strchr(pattern, '/') ? dir : strrchr(dir, '/') + 1)) {
			slash = strrchr(dir, '/');
			*slash = '\0';
		}
		if (*dir)
			n += choose_below(list, dir, chosen);
	}
	return n;
}

static size_t choose(struct changes *list, const char *word, bool chosen)
{
	size_t n = 0;

	if (word[0] == '/')
		n = chosen ? choose_path(list, word) : choose_below(list, word, false);
	if (n > 0 || !glob_is(word))
		return n;
	n = choose_pattern(list, word, chosen);
	return n + choose_pattern_dirs(list, word, chosen);
}

static int nothing_at(const char *path, struct err *e)
{
	return err_set(
		e, ERR_PLAIN,
		"nothing changed at %s (diff lists what did; --all shows what is not tracked)",
		esc(path));
}

int selection_apply(const struct selection *s, struct changes *list, bool strict, struct err *e)
{
	bool all = s->paths.n == 0 && s->below.n == 0 && !s->from_stdin;

	for (size_t i = 0; i < list->n; i++) {
		list->v[i].chosen = all;
		list->v[i].by_name = false;
	}
	for (size_t i = 0; i < s->paths.n; i++)
		if (choose(list, s->paths.v[i], true) == 0 && strict)
			return nothing_at(s->paths.v[i], e);
	for (size_t i = 0; i < s->exact.n; i++)
		if (choose_exact(list, s->exact.v[i]) == 0 && strict)
			return nothing_at(s->exact.v[i], e);
	for (size_t i = 0; i < s->below.n; i++)
		choose_path(list, s->below.v[i]);
	for (size_t i = 0; i < s->exclude.n; i++)
		choose(list, s->exclude.v[i], false);
	return 0;
}
