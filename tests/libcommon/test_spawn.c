/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tests/lib/tap.h"

static void script(const char *top, const char *name, const char *text, int mode)
{
	OWN_FD int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FREE char *full = xfmt("#!/bin/sh\n%s\n", text);

	write_file_at(dir, name, full, strlen(full), mode, false);
}

static int run(const char *tool, const char *arg, struct err *e)
{
	char *argv[] = {(char *)tool, (char *)arg, NULL};

	*e = (struct err){0};
	return spawn_wait(argv, NULL, e);
}

static void statuses(const char *top)
{
	struct err e;

	script(top, "pod-exit", "exit \"$1\"", 0755);
	script(top, "pod-die", "kill -\"$1\" $$", 0755);
	script(top, "pod-text", "exit 0", 0644);
	is_int(run("pod-exit", "0", &e), 0, "a tool of ENVPOD_TOOLS runs");
	is_int(run("pod-exit", "78", &e), 78, "its status is passed on");
	is_int(run("pod-die", "TERM", &e), POD_EXIT_SIGNAL + SIGTERM,
	       "a signal is 128 and its number");
	ok(run("pod-text", NULL, &e) < 0 && err_exit(&e) == POD_EXIT_NOT_FOUND,
	   "what is not executable is not found: %s", e.msg);
	ok(run("pod-none", NULL, &e) < 0 && err_exit(&e) == POD_EXIT_NOT_FOUND,
	   "nor what is not there");
}

static void found(const char *top)
{
	OWN_FREE char *dirs = xfmt(":/nonexistent::%s", top);
	OWN_FREE char *path = NULL;
	struct err e = {0};

	setenv("ENVPOD_TOOLS", dirs, 1);
	path = tool_path("pod-exit", &e);
	ok(path && path_below(path, top),
	   "empty and missing directories of the list are passed over");
	ok(tool_is_foreign("pod-exit"), "a tool put in front is somebody else's");
	unsetenv("ENVPOD_TOOLS");
	ok(!tool_is_foreign("pod-exit"), "without ENVPOD_TOOLS none is");
}

/* One tool's output into another's input, as the front end chains them. */
static void streams(const char *top)
{
	char *argv[] = {(char *)"pod-echo", NULL};
	OWN_BUF struct buf said = BUF_INIT;
	int in[2], out[2], pid;
	struct spawn_io io;
	struct err e = {0};

	setenv("ENVPOD_TOOLS", top, 1);
	script(top, "pod-echo", "cat; echo err >&2", 0755);
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return;
	io = (struct spawn_io){.in = in[0], .out = out[1], .err = out[1]};
	pid = spawn_start(argv, &io, &e);
	close(in[0]);
	close(out[1]);
	write_full(in[1], "hello\n", 6);
	close(in[1]);
	read_fd(out[0], &said, 100);
	close(out[0]);
	is_int(spawn_reap(pid), 0, "a tool with its own streams");
	is_str(said.data, "hello\nerr\n", "reads and writes them");
}

static void data(const char *top)
{
	OWN_FREE char *fallback = NULL, *chosen = NULL;

	fallback = data_path("no-such-file");
	is_str(fallback, ENVPOD_DATADIR "/no-such-file", "data of an installation");
	setenv("ENVPOD_DATA_DIR", top, 1);
	chosen = data_path("masks/secrets");
	ok(path_below(chosen, top), "ENVPOD_DATA_DIR comes first, there or not");
	unsetenv("ENVPOD_DATA_DIR");
}

int main(void)
{
	OWN_FREE char *top = xfmt("%s/spawn.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");

	if (!mkdtemp(top))
		return 2;
	setenv("ENVPOD_TOOLS", top, 1);
	statuses(top);
	found(top);
	streams(top);
	data(top);
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
