/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/presets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"

#define SUFFIX   ".yaml"
#define HEAD_MAX 256
#define MOST     256

struct preset {
	char *name, *category, *text;
};

struct presets {
	char *dir;
	struct preset v[MOST];
	int n;
};

static void presets_finish(struct presets *all)
{
	for (int i = 0; i < all->n; i++) {
		free(all->v[i].name);
		free(all->v[i].category);
		free(all->v[i].text);
	}
	free(all->dir);
}
#define OWN_PRESETS OWN(presets_finish)

static int by_category(const void *a, const void *b)
{
	const struct preset *x = a, *y = b;
	int order = strcmp(x->category, y->category);

	return order ? order : strcmp(x->name, y->name);
}

/* NAME.yaml, of which the first line is "# CATEGORY: DESCRIPTION"; another file is none. */
static void take(struct presets *all, int dir, const char *file)
{
	size_t stem = strlen(file) - strlen(SUFFIX);
	char head[HEAD_MAX], *text;

	if (strlen(file) <= strlen(SUFFIX) || strcmp(file + stem, SUFFIX) != 0 || all->n == MOST ||
	    read_line_at(dir, file, head, sizeof(head)) < 0 || strncmp(head, "# ", 2) != 0)
		return;
	text = strstr(head, ": ");
	if (!text)
		return;
	*text = '\0';
	all->v[all->n++] =
		(struct preset){strndup(file, stem), xstrdup(head + 2), xstrdup(text + 2)};
}

static int presets_read(struct presets *all, struct err *e)
{
	OWN_DIR DIR *d = NULL;
	const char *file;

	all->dir = data_path("presets");
	d = opendir(all->dir);
	if (!d)
		return err_set(e, errno, "open %s", all->dir);
	while (dir_next(d, &file) > 0)
		take(all, dirfd(d), file);
	qsort(all->v, (size_t)all->n, sizeof(all->v[0]), by_category);
	return 0;
}

static const char *name_of(const void *from, int i)
{
	const struct presets *all = from;

	return i < all->n ? all->v[i].name : NULL;
}

char *preset_file(const char *name, struct err *e)
{
	OWN_PRESETS struct presets all = {0};
	const char *near;

	if (presets_read(&all, e) < 0)
		return NULL;
	for (int i = 0; i < all.n; i++)
		if (strcasecmp(all.v[i].name, name) == 0)
			return xfmt("%s/%s" SUFFIX, all.dir, all.v[i].name);
	near = nearest(name, name_of, &all);
	err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "there is no preset %s%s%s%s (envpod presets)",
		   esc(name), near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

static void print_text(const struct presets *all)
{
	const char *category = "";

	for (int i = 0; i < all->n; i++) {
		const struct preset *p = &all->v[i];

		if (strcmp(category, p->category) != 0)
			printf("%s%s\n", i ? "\n" : "", p->category);
		category = p->category;
		printf("%4d  %-12s  %s\n", i + 1, p->name, p->text);
	}
}

static void print_json(const struct presets *all)
{
	for (int i = 0; i < all->n; i++) {
		OWN_BUF struct buf b = BUF_INIT;
		OWN_FREE char *file = xfmt("%s/%s" SUFFIX, all->dir, all->v[i].name);

		jw_open(&b, '{');
		jw_knum(&b, "number", i + 1);
		jw_kstr(&b, "name", all->v[i].name);
		jw_kstr(&b, "category", all->v[i].category);
		jw_kstr(&b, "description", all->v[i].text);
		jw_kstr(&b, "file", file);
		jw_close(&b, '}');
		puts(b.data);
	}
}

/* The pod file itself, for who starts from it. */
static int show(const char *name)
{
	OWN_FREE char *file = NULL;
	OWN_BUF struct buf b = BUF_INIT;
	struct err e = {0};
	OWN_FD int fd = -1;

	file = preset_file(name, &e);
	if (!file)
		return say_err(&e);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read_fd(fd, &b, 1 << 20) < 0)
		return say_err((err_set(&e, errno, "read %s", file), &e));
	fwrite(b.data, 1, b.len, stdout);
	return POD_EXIT_OK;
}

int cmd_presets(int argc, char **argv)
{
	OWN_PRESETS struct presets all = {0};
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "json", &json, NULL, "a line of JSON each"},
		{0},
	};
	const struct opt_usage usage = {
		"envpod presets [--json] [NAME]",
		"List the pod files that come with envpod, or print one of them.", 0, 1, 0};
	struct err e = {0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (n)
		return show(argv[0]);
	if (presets_read(&all, &e) < 0)
		return say_err(&e);
	if (json)
		print_json(&all);
	else
		print_text(&all);
	return POD_EXIT_OK;
}
