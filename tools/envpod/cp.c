/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod cp: files into a pod and out of it.
 *
 *	pod-upload pack SRC | pod-mount enter POD -- pod-exec --apart POD -- pod-upload unpack DEST
 *
 * or the other way round.  What works in the pod is a process in its view, as its user, which the
 * pod's own processes neither see nor touch: masks hold, and changes are the pod's.  What works on
 * the host does so as the person who asked, and believes nothing that comes out of a pod.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"
#include "tools/envpod/network.h"

#define TOOL "pod-upload"

struct side {
	char pod[POD_NAME_MAX + 1]; /* "": the host */
	const char *path;
};

struct copying {
	bool archive, force, follow;
	const char *user;
	bool into; /* several sources: DEST is a directory */
	struct pod_caller who;
	int tool; /* our program, for the pod's side: the pod need not have it */
};

/* "POD:PATH"; a colon behind a slash is part of a path of the host's. */
static void split(const char *word, struct side *s)
{
	size_t n = strcspn(word, ":/");
	struct err ignored = {0};

	*s = (struct side){.path = word};
	if (word[n] != ':' || n == 0 || n > POD_NAME_MAX)
		return;
	memcpy(s->pod, word, n);
	if (pod_check_name(s->pod, &ignored) < 0)
		s->pod[0] = '\0';
	else
		s->path = word[n + 1] ? word + n + 1 : ".";
}

static bool is_stream(const struct side *s)
{
	return !s->pod[0] && strcmp(s->path, "-") == 0;
}

/* What the copy is called in a directory; "." where the contents are meant. */
static char *base_name(const char *path)
{
	size_t n = strlen(path), from;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (from = n; from > 0 && path[from - 1] != '/'; from--)
		;
	return n == 0 || (n == 1 && path[0] == '/') ? xstrdup(".")
						    : xfmt("%.*s", (int)(n - from), path + from);
}

static bool is_contents(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* --- the words --- */

static void add_pack(struct strv *line, const struct copying *c, const struct side *from,
		     const char *name)
{
	front_words(line, "pack", "--as", is_contents(name) ? "contents" : name, NULL);
	if (c->follow)
		strv_add(line, "-L");
	if (!from->pod[0])
		strv_fmt(line, "--owner=%u:%u", (unsigned)c->who.uid, (unsigned)c->who.gid);
	front_words(line, "--", from->path, NULL);
}

static void add_unpack(struct strv *line, const struct copying *c, const struct side *from,
		       const struct side *to, const char *name)
{
	front_words(line, "unpack", NULL);
	if (is_stream(from))
		strv_add(line, "--tar");
	else if (is_contents(name))
		strv_add(line, is_stream(to) ? "--as=contents" : "--contents");
	else
		front_words(line, "--as", name, NULL);
	if (c->into)
		strv_add(line, "--into");
	if (c->archive)
		strv_add(line, "-a");
	if (!to->pod[0]) {
		strv_fmt(line, "--owner=%u:%u", (unsigned)c->who.uid, (unsigned)c->who.gid);
		front_words(line, "--home", c->who.home, "--guard", c->force ? "--force" : NULL,
			    NULL);
	}
	front_words(line, "--", to->path, NULL);
}

/* The chain of a run, without any of what a run is told or given. */
static void add_chain(struct strv *line, const struct copying *c, const char *pod, bool unsafe)
{
	front_words(line, "pod-mount", "enter", "--no-cwd", NULL);
	if (unsafe)
		strv_add(line, "--unsafe");
	front_words(line, pod, "--", "pod-exec", "--apart", "--exec-fd", NULL);
	strv_fmt(line, "%d", c->tool);
	if (unsafe)
		strv_add(line, "--unsafe");
	if (c->user)
		front_words(line, "--user", c->user, NULL);
	front_words(line, pod, "--", TOOL, NULL);
}

/* --- running them --- */

/* It stands, is not frozen, and has its network, as before a run. */
static int ready_pod(const char *name, bool *unsafe)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	int status;

	if (pod_open(&p, name, &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	*unsafe = plan_is(&pl, "network", "unsafe");
	status = front_check_thawed(&p);
	return status ? status : network_up(&p, &pl, NULL);
}

/* Of two statuses the one that says more: a failure before what was left out, that before 0. */
static int worse(int a, int b)
{
	if (a == POD_EXIT_OK || b == POD_EXIT_OK)
		return a ? a : b;
	return a == POD_EXIT_REFUSED ? b : a;
}

static int print_pipe(const struct strv *from, const struct strv *to)
{
	front_run(from);
	printf("\t| ");
	return front_run(to);
}

static int run_pipe(const struct strv *from, const struct strv *to)
{
	int ends[2], first, second, a, b;
	struct err e = {0};

	if (front_print)
		return print_pipe(from, to);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return say_err((err_set(&e, errno, "make a pipe"), &e));
	first = spawn_start(from->v, &(struct spawn_io){.in = -1, .out = ends[1], .err = -1}, &e);
	close(ends[1]);
	second = first < 0
			 ? first
			 : spawn_start(to->v,
				       &(struct spawn_io){.in = ends[0], .out = -1, .err = -1}, &e);
	close(ends[0]);
	b = second < 0 ? say_err(&e) : spawn_reap(second);
	a = first < 0 ? POD_EXIT_OK : spawn_reap(first);
	/* Whoever writes to a reader that has given up dies of it, and says nothing new. */
	return b != POD_EXIT_OK && b != POD_EXIT_REFUSED ? b : worse(a, b);
}

static int copy_one(const struct copying *c, const struct side *from, const struct side *to)
{
	OWN_STRV struct strv source = {0}, sink = {0};
	OWN_FREE char *name = base_name(from->path);
	bool unsafe = false;
	int status;

	status = ready_pod(from->pod[0] ? from->pod : to->pod, &unsafe);
	if (status)
		return status;
	if (from->pod[0])
		add_chain(&source, c, from->pod, unsafe);
	else
		strv_add(&source, TOOL);
	add_pack(&source, c, from, name);
	if (to->pod[0])
		add_chain(&sink, c, to->pod, unsafe);
	else
		strv_add(&sink, TOOL);
	add_unpack(&sink, c, from, to, name);
	return is_stream(from) ? front_run(&sink) : run_pipe(&source, &sink);
}

static int open_tool(struct copying *c, struct err *e)
{
	OWN_FREE char *path = tool_path(TOOL, e);

	if (!path)
		return -e->code;
	c->tool = open(path, O_RDONLY); /* inherited: it is executed in the pod */
	return c->tool < 0 ? err_set(e, errno, "open %s", path) : 0;
}

static int check_sides(const struct side *from, const struct side *to)
{
	if (!from->pod[0] == !to->pod[0]) {
		say_error("%s", from->pod[0]
					? "one side is a pod's, the other the host's: copy out "
					  "first, then in"
					: "name a pod on one side, as POD:PATH");
		return POD_EXIT_USAGE;
	}
	return POD_EXIT_OK;
}

static int copy_all(struct copying *c, int n, char **words)
{
	struct side from, to;
	int status = POD_EXIT_OK;

	split(words[n - 1], &to);
	for (int i = 0; i < n - 1; i++) {
		split(words[i], &from);
		status = check_sides(&from, &to);
		if (status)
			return status;
		if (n > 2 && (is_stream(&from) || is_stream(&to)))
			die(POD_EXIT_USAGE, "\"-\" is a whole archive: copy one thing");
	}
	c->into = n > 2;
	for (int i = 0; i < n - 1; i++) {
		split(words[i], &from);
		status = worse(status, copy_one(c, &from, &to));
	}
	return status;
}

int cmd_cp(int argc, char **argv)
{
	struct copying c = {.tool = -1};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'a', "archive", &c.archive, NULL, "keep modes and times"},
		{OPT_FLAG, 'L', "follow-link", &c.follow, NULL,
		 "what SRC leads to, if it is a link"},
		{OPT_STR, 'u', "user", &c.user, "USER", "as this user of the pod's"},
		{OPT_FLAG, 0, "force", &c.force, NULL,
		 "out of a pod: also what this host would run or obey"},
		{0},
	};
	const struct opt_usage usage = {
		"envpod cp [OPTION]... SRC... POD:DEST | POD:SRC... DEST",
		"Copy files into a pod, or out of it; \"-\" is an archive (tar) on standard input or "
		"output.",
		2, 0, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (pod_check_caller(&e) < 0 || pod_caller(&c.who, &e) < 0 || open_tool(&c, &e) < 0)
		return say_err(&e);
	return copy_all(&c, n, argv);
}
