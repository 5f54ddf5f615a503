/* SPDX-License-Identifier: Apache-2.0 */
/* pod-upload unpack: where the archive goes to, and giving up everything else before it is read. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-upload/caller.h"
#include "tools/pod-upload/cmds.h"
#include "tools/pod-upload/unpack.h"

static ssize_t from_stdin(void *from, void *data, size_t n, struct err *e)
{
	ssize_t got = read_full(STDIN_FILENO, data, n);

	(void)from;
	return got < 0 ? err_set(e, (int)-got, "read the archive") : got;
}

/* DEST itself where it is a directory, or is to be one; else what holds it. */
static int open_to(struct unpacker *u, char *path, struct err *e)
{
	const struct unpack_ask *ask = u->ask;
	OWN_FREE char *copy = xstrdup(path);
	size_t n = strlen(path);
	struct stat st;
	bool there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	const char *dir = path;

	if (ask->contents && !there)
		there = mkdir(path, 0777) == 0;
	u->name = ask->contents || ask->foreign ? NULL : ask->as;
	if (!there && (ask->contents || ask->foreign || ask->into || (n && path[n - 1] == '/')))
		return err_set(e, ENOTDIR, "copy to %s", esc(path));
	if (!there) {
		dir = dirname(path);
		u->name = basename(copy);
	}
	u->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u->dir < 0)
		return err_set(e, errno, "open %s", esc(dir));
	u->name = u->name ? xstrdup(u->name) : NULL; /* until we end */
	return 0;
}

/* As the kernel calls it: what is sensitive is so by its real path. */
static int show_dir(struct unpacker *u, struct err *e)
{
	static char real[PATH_MAX];
	OWN_FREE char *self = xfmt("/proc/self/fd/%d", u->dir);
	ssize_t n = readlink(self, real, sizeof(real) - 1);

	if (n <= 0)
		return err_set(e, errno, "find the destination's path");
	real[n] = '\0';
	u->shown = real;
	return 0;
}

static int lock_down(const struct unpacker *u, struct err *e)
{
	struct lockdown l = {.promises = PROMISE_STDIO, .death = 0};

	if (u->dir >= 0) {
		l.promises |= PROMISE_MAKE_FILES;
		l.write_beneath = &u->dir;
		l.n_write_beneath = 1;
	}
	return lockdown(&l, e);
}

static int prepare(struct unpacker *u, struct err *e)
{
	const struct unpack_ask *ask = u->ask;
	OWN_FREE char *path = xstrdup(ask->to);
	int r = 0;

	if (ask->guard && !ask->force)
		u->marks = marks_load(ask->home, e); /* root's file may be root's alone */
	if (ask->guard && !ask->force && !u->marks)
		return -e->code;
	r = caller_become(ask->owner, e);
	u->mask = umask(0);
	umask(u->mask);
	if (r == 0 && strcmp(ask->to, "-") != 0)
		r = open_to(u, path, e);
	else
		u->name = ask->as;
	if (r == 0 && u->dir >= 0)
		r = show_dir(u, e);
	if (u->dir < 0) { /* an archive is no place where anything is obeyed */
		marks_free(u->marks);
		u->marks = NULL;
	}
	return r < 0 ? r : lock_down(u, e);
}

static int unpack(const struct unpack_ask *ask)
{
	struct tar_reader reader = {.read = from_stdin, .foreign = ask->foreign};
	OWN(unpack_finish)
	struct unpacker u = {.ask = ask, .r = &reader, .dir = -1};
	struct err e = {0};

	if (prepare(&u, &e) < 0 || unpack_all(&u, &e) < 0)
		return say_err(&e);
	return u.left_out ? POD_EXIT_REFUSED : POD_EXIT_OK;
}

int cmd_unpack(int argc, char **argv)
{
	struct unpack_ask ask = {.as = "x"};
	const struct opt opts[] = {
		{OPT_STR, 0, "as", &ask.as, "NAME", "what is in it is called, in a directory DEST"},
		{OPT_STR, 0, "owner", &ask.owner, "UID:GID", "write as this user"},
		{OPT_STR, 0, "home", &ask.home, "DIR", "that user's home"},
		{OPT_FLAG, 0, "contents", &ask.contents, NULL,
		 "what is in the directory, into DEST"},
		{OPT_FLAG, 0, "into", &ask.into, NULL, "DEST must be a directory"},
		{OPT_FLAG, 0, "tar", &ask.foreign, NULL, "any tar: names of its own, below DEST"},
		{OPT_FLAG, 0, "guard", &ask.guard, NULL, "it comes out of a pod: believe nothing"},
		{OPT_FLAG, 'a', "archive", &ask.archive, NULL, "keep modes and times"},
		{OPT_FLAG, 0, "force", &ask.force, NULL,
		 "with --guard: also what this host would run or obey, and links that lead out"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-upload unpack [OPTION]... DEST",
		"Take an archive from standard input and put what is in it to DEST (-: check and "
		"pass it on).",
		1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	ask.to = argv[0];
	if (!*ask.as || strchr(ask.as, '/') || strcmp(ask.as, "..") == 0)
		die(POD_EXIT_USAGE, "--as %s: want a name", esc(ask.as));
	return unpack(&ask);
}
