/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/front.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"

bool front_print;

void front_words(struct strv *argv, ...)
{
	va_list ap;
	const char *word;

	va_start(ap, argv);
	while ((word = va_arg(ap, const char *)))
		strv_add(argv, word);
	va_end(ap);
}

/* In quotes where a shell would split or expand it. */
static void print_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:=,+@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	}
	putchar('\'');
}

static int print_line(const struct strv *argv)
{
	for (size_t i = 0; i < argv->n; i++) {
		if (i)
			putchar(' ');
		print_word(argv->v[i]);
	}
	putchar('\n');
	return POD_EXIT_OK;
}

int front_exec(const struct strv *argv)
{
	struct err e = {0};

	if (front_print)
		return print_line(argv);
	spawn_exec(argv->v, &e);
	return say_err(&e);
}

int front_run(const struct strv *argv)
{
	struct err e = {0};
	int r;

	if (front_print)
		return print_line(argv);
	r = spawn_wait(argv->v, NULL, &e);
	return r < 0 ? say_err(&e) : r;
}

int front_capture(const struct strv *argv, struct buf *out)
{
	struct err e = {0};
	int r = spawn_capture(argv->v, out, 16u << 20, &e);

	return r < 0 ? say_err(&e) : r;
}

int front_pass(const char *tool, const char *word, bool cwd, int argc, char **argv)
{
	OWN_STRV struct strv line = {0};
	OWN_FREE char *dir = cwd ? getcwd(NULL, 0) : NULL;

	strv_add(&line, tool);
	if (word)
		strv_add(&line, word);
	if (dir)
		front_words(&line, "--cwd", dir, NULL);
	for (int i = 1; i < argc; i++)
		strv_add(&line, argv[i]);
	return front_exec(&line);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int front_names(struct strv *names, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = NULL;
	struct dirent *ent;
	int r = pod_state_open(e);

	if (r < 0)
		return r;
	d = opendir(path);
	if (!d)
		return err_set(e, errno, "list %s", path);
	while ((ent = readdir(d)))
		if (ent->d_name[0] != '.')
			strv_add(names, ent->d_name);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	return 0;
}

int front_each(int n, char **names, bool all, int (*fn)(const char *name))
{
	OWN_STRV struct strv found = {0};
	struct err e = {0};
	int worst = POD_EXIT_OK;

	if (all == (n > 0)) {
		say_error(all ? "give names or --all, not both" : "name a pod, or give --all");
		return POD_EXIT_USAGE;
	}
	if (all && front_names(&found, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < (all ? found.n : (size_t)n); i++) {
		int status = fn(all ? found.v[i] : names[i]);

		if (status > worst)
			worst = status;
	}
	return worst;
}

/* Looked up here and not asked of pod-limit: each run into a pod that lives wants to know. */
static bool is_frozen(const char *name)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err ignored = {0};

	return cgtree_open(&t, name, &ignored) == 0 && t.pod2 >= 0 &&
	       cgroup_stat(t.pod2, "app/cgroup.events", "frozen", 0) == 1;
}

int front_check_thawed(const struct pod *p)
{
	if (front_print || !pod_may_live(p) || !is_frozen(p->name))
		return POD_EXIT_OK;
	say_error("pod %s is frozen, and nothing new runs in it; let it go on with: envpod unlock "
		  "%s",
		  p->name, p->name);
	return POD_EXIT_BUSY;
}

const char *front_state(const struct pod *p)
{
	struct stat st;

	if (fstatat(p->dir, "created", &st, 0) < 0)
		return "broken";
	if (pod_may_live(p))
		return is_frozen(p->name) ? "frozen" : "running";
	return fstatat(p->dir, "view", &st, 0) < 0 ? "created" : "stopped";
}

int front_record(const char *pod, const char *event)
{
	OWN_EVENT struct event ev;
	struct err e = {0};

	event_init(&ev, pod, "envpod", event);
	return record_event(&ev, true, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
