/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod file's setup commands, as root of the pod, each through the same chain as a run; their
 * output goes to log/setup.log, and to the terminal with -v or when one fails.  Before them,
 * packages that its plugins need and its view lacks.  What they changed is sealed in a layer of its
 * own, which diff, commit and rollback leave alone.
 */
#include "tools/envpod/setup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/wall.h"
#include "tools/envpod/front.h"
#include "tools/envpod/init.h"
#include "tools/envpod/network.h"
#include "tools/envpod/packages.h"
#include "tools/envpod/run.h"

#define PROGRESS_MAX 200  /* bytes of a line */
#define SHOWN_TAIL   4096 /* bytes of a failed command's output that are repeated */

static int open_log(const struct pod *p, struct err *e)
{
	int fd;

	if (mkdirat(p->dir, "log", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/log", p->path);
	fd = openat(p->dir, "log/setup.log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	return fd < 0 ? err_set(e, errno, "open %s/log/setup.log", p->path) : fd;
}

/* Of a line "progress: TEXT", which a pod wrote, the text. */
static void show_progress(struct buf *line, const char *data, size_t len)
{
	static const char mark[] = "progress: ";

	for (; len > 0; data++, len--) {
		if (*data != '\n') {
			if (line->len < PROGRESS_MAX)
				buf_char(line, *data);
			continue;
		}
		if (line->len > 0 && strncmp(line->data, mark, sizeof(mark) - 1) == 0)
			fprintf(stderr, "      %s\n", esc(line->data + sizeof(mark) - 1));
		buf_clear(line);
	}
}

/* Everything the command says, to the log and, when asked, on. */
static void relay(int from, int log, bool verbose)
{
	OWN_BUF struct buf line = BUF_INIT;
	char chunk[4096];
	ssize_t n;

	while ((n = read(from, chunk, sizeof(chunk))) > 0) {
		if (write_full(log, chunk, (size_t)n) < 0)
			say_warn("the setup log is cut short: %s", strerror(errno));
		if (verbose)
			write_full(STDERR_FILENO, chunk, (size_t)n);
		else
			show_progress(&line, chunk, (size_t)n);
	}
}

static int run_logged(const struct strv *line, int log, bool verbose, struct err *e)
{
	OWN_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int ends[2], pid;
	struct spawn_io io;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	io = (struct spawn_io){.in = null, .out = ends[1], .err = ends[1]};
	pid = spawn_start(line->v, &io, e);
	close(ends[1]);
	if (pid > 0)
		relay(ends[0], log, verbose);
	close(ends[0]);
	return pid < 0 ? pid : spawn_reap(pid);
}

static void show_tail(int log, off_t from)
{
	OWN_BUF struct buf b = BUF_INIT;
	off_t end = lseek(log, 0, SEEK_END);

	if (end - from > SHOWN_TAIL)
		from = end - SHOWN_TAIL;
	lseek(log, from, SEEK_SET);
	if (read_fd(log, &b, SHOWN_TAIL * 2) >= 0)
		write_full(STDERR_FILENO, b.data, b.len);
}

static int one(const struct pod *p, char *const *command, const char *shown, int log, bool verbose)
{
	struct run r = {.pod = p->name, .user = "root", .setup = true, .command = (char **)command};
	OWN_STRV struct strv line = {0};
	off_t from = lseek(log, 0, SEEK_END);
	struct err e = {0};
	int status;

	if (run_compose(&line, &r, &e) < 0)
		return say_err(&e);
	if (front_print)
		return front_run(&line);
	status = run_logged(&line, log, verbose, &e);
	if (status < 0)
		return say_err(&e);
	if (status == 0)
		return POD_EXIT_OK;
	if (!verbose)
		show_tail(log, from);
	say_error("setup of pod %s failed with status %d at: %s", p->name, status, esc(shown));
	return POD_EXIT_FAILED;
}

struct count {
	unsigned no, of;
};

static int step(const struct pod *p, const char *const *command, const char *shown, struct count *c,
		int log, bool verbose)
{
	time_t start = time(NULL);
	int status;

	fprintf(stderr, "[%u/%u] %s\n", ++c->no, c->of, esc(shown));
	status = one(p, (char *const *)command, shown, log, verbose);
	if (status == 0 && time(NULL) - start >= 2)
		fprintf(stderr, "      done in %lds\n", (long)(time(NULL) - start));
	return status;
}

static int install_packages(const struct pod *p, const struct buf *names, struct count *c, int log,
			    bool verbose)
{
	OWN_STRV struct strv command = {0};
	OWN_BUF struct buf left = BUF_INIT;
	OWN_FREE char *list = packages_shown(names), *shown = xfmt("install %s", list);
	struct err e = {0};
	int status;

	if (packages_command(&command, names, &e) < 0)
		return say_err(&e);
	fprintf(stderr,
		"Pod %s lacks what its plugins need. It gets a copy of its own; pods of a "
		"base have it already (--create-base).\n",
		p->name);
	status = step(p, (const char *const *)command.v, shown, c, log, verbose);
	if (status == 0 && packages_lacking(p->name, &left, &e) < 0)
		return say_err(&e);
	if (left.len == 0)
		return status;
	free(take_ptr(list));
	list = packages_shown(&left);
	say_error("pod %s lacks %s all the same", p->name, list);
	return POD_EXIT_FAILED;
}

static int run_commands(const struct pod *p, const struct plan *pl, struct count *c, int log,
			bool verbose)
{
	const char *text;
	int status;

	for (size_t i = 0; (text = plan_next(pl, "setup", &i));) {
		const char *const command[] = {"/bin/sh", "-c", text, NULL};

		status = step(p, command, text, c, log, verbose);
		if (status)
			return status;
	}
	text = plan_str(pl, "setup_script", NULL);
	if (text) {
		const char *const command[] = {"/bin/bash", text, NULL};

		return step(p, command, text, c, log, verbose);
	}
	return POD_EXIT_OK;
}

static int all_steps(const struct pod *p, const struct plan *pl, const struct buf *names, int log,
		     bool verbose)
{
	struct count c = {.of = names->len > 0};
	int status = POD_EXIT_OK;

	for (size_t i = 0; plan_next(pl, "setup", &i);)
		c.of++;
	for (size_t i = 0; plan_next(pl, "setup_script", &i);)
		c.of++;
	if (names->len > 0)
		status = install_packages(p, names, &c, log, verbose);
	return status ? status : run_commands(p, pl, &c, log, verbose);
}

static bool has_commands(const struct plan *pl)
{
	return plan_str(pl, "setup", NULL) || plan_str(pl, "setup_script", NULL);
}

bool setup_wanted(const struct plan *pl)
{
	return has_commands(pl) || packages_wanted(pl);
}

/* With the network the commands need, which goes again unless it was there before. */
static int with_network(const struct pod *p, const struct plan *pl, const struct buf *names,
			int log, bool verbose)
{
	bool stood = wall_stands(p);
	int status = network_up(p, pl, NULL);

	if (status == 0)
		status = all_steps(p, pl, names, log, verbose);
	if (!stood && network_down(p) && status == 0)
		status = POD_EXIT_FAILED;
	return status;
}

int setup_run(const struct pod *p, const struct plan *pl, bool verbose)
{
	OWN_STRV struct strv seal = {0};
	OWN_BUF struct buf names = BUF_INIT;
	OWN_FD int log = -1;
	struct err e = {0};
	int status;

	if (!setup_wanted(pl))
		return POD_EXIT_OK;
	if (packages_wanted(pl) && !front_print && packages_lacking(p->name, &names, &e) < 0)
		return say_err(&e);
	if (!has_commands(pl) && names.len == 0)
		return POD_EXIT_OK;
	log = open_log(p, &e);
	if (log < 0)
		return say_err(&e);
	status = with_network(p, pl, &names, log, verbose);
	if (status) {
		say_note("the whole log is %s/log/setup.log", p->path);
		return status;
	}
	front_words(&seal, "pod-mount", "seal", p->name, "setup", NULL);
	return front_run(&seal);
}

int cmd_setup(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	bool verbose = false, create_base = false;
	const char *base = NULL;
	int status;
	const struct opt opts[] = {
		{OPT_FLAG, 'v', "verbose", &verbose, NULL, "show the commands' output"},
		{OPT_FLAG, 0, "create-base", &create_base, NULL, "make a base of the pod, too"},
		{OPT_STR, 0, "base-name", &base, "NAME", "the same, with a name of its own"},
		{0},
	};
	const struct opt_usage usage = {"envpod setup [OPTION]... POD",
					"Run the pod file's setup commands again.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	if (pod_lock(&p, 0, &e) < 0 || pod_lock_pass(&p, &e) < 0)
		return say_err(&e);
	if (!setup_wanted(&pl))
		say_note("pod %s has no setup commands", p.name);
	status = setup_run(&p, &pl, verbose);
	return status ? status : init_base(p.name, create_base, base);
}
