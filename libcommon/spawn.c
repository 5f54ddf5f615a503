/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"

/* The directory our own binary lies in, without a '/' at the end; "" when unknown. */
static const char *own_dir(void)
{
	static char dir[4096];
	ssize_t n;

	if (dir[0])
		return dir;
	n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (n <= 0)
		return "";
	dir[n] = '\0';
	*strrchr(dir, '/') = '\0';
	return dir;
}

static char *in_list(const char *dirs, const char *name)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		OWN_FREE char *path = xfmt("%.*s/%s", (int)n, dirs, name);

		if (n > 0 && access(path, X_OK) == 0)
			return take_ptr(path);
		dirs += n + (dirs[n] == ':');
	}
	return NULL;
}

char *tool_path(const char *name, struct err *e)
{
	char *path =
		strchr(name, '/') ? xstrdup(name) : in_list(secure_getenv("ENVPOD_TOOLS"), name);

	if (!path)
		path = in_list(own_dir(), name);
	if (!path)
		path = in_list(ENVPOD_LIBDIR, name);
	if (!path)
		err_status(e, POD_EXIT_NOT_FOUND, ENOENT,
			   "find %s in ENVPOD_TOOLS, %s or %s (is the installation whole?)", name,
			   own_dir(), ENVPOD_LIBDIR);
	return path;
}

int tool_is_foreign(const char *name)
{
	OWN_FREE char *front = in_list(secure_getenv("ENVPOD_TOOLS"), name);
	OWN_FREE char *ours = NULL;
	struct stat a, b;

	if (!front || stat(front, &a) < 0)
		return 0;
	ours = in_list(own_dir(), name);
	return !ours || stat(ours, &b) < 0 || a.st_ino != b.st_ino || a.st_dev != b.st_dev;
}

static const struct inside *inside;

void spawn_inside(const struct inside *tools)
{
	inside = tools;
}

int (*tool_inside(const char *name))(int argc, char **argv)
{
	const struct inside *t = inside;
	OWN_FREE char *other = t ? in_list(secure_getenv("ENVPOD_TOOLS"), name) : NULL;

	for (; t && t->name && !other; t++)
		if (strcmp(t->name, name) == 0)
			return t->main;
	return NULL;
}

/*
 * What an exec closes.  Descriptors are given out from the lowest on, so behind a gap like this
 * there are only such as were passed to us from outside, which an exec passes on.
 */
static void close_as_exec(void)
{
	for (int fd = STDERR_FILENO + 1, gap = 0; gap < 32; fd++) {
		int flags = fcntl(fd, F_GETFD);

		gap = flags < 0 ? gap + 1 : 0;
		if (flags >= 0 && (flags & FD_CLOEXEC))
			close(fd);
	}
}

void tool_call(int (*tool)(int argc, char **argv), char *const argv[])
{
	int argc = 0;

	while (argv[argc])
		argc++;
	close_as_exec();
	prctl(PR_SET_NAME, argv[0]);
	exit(tool(argc, (char **)argv));
}

/* The checkout that holds DIR/build/FLAVOUR/bin, our own directory; NULL when it is none.  An
 * installed program must not look for data in whatever lies three directories up. */
static char *in_checkout(const char *file)
{
	const char *dir = own_dir(), *build = NULL;

	for (const char *p = dir; (p = strstr(p, "/build/")); p++)
		build = p;
	return build ? xfmt("%.*s/share/%s", (int)(build - dir), dir, file) : NULL;
}

char *data_path(const char *file)
{
	const char *dir = secure_getenv("ENVPOD_DATA_DIR");
	OWN_FREE char *beside = xfmt("%s/../share/envpod/%s", own_dir(), file);
	OWN_FREE char *checkout = in_checkout(file);

	if (dir && *dir)
		return xfmt("%s/%s", dir, file);
	if (access(beside, R_OK) == 0)
		return take_ptr(beside);
	if (checkout && access(checkout, R_OK) == 0)
		return take_ptr(checkout);
	return xfmt("%s/%s", ENVPOD_DATADIR, file);
}

char *agent_dir(void)
{
	OWN_FREE char *built = strstr(own_dir(), "/build/") ? xfmt("%s/../agent", own_dir()) : NULL;

	if (built && access(built, X_OK) == 0)
		return take_ptr(built);
	return xstrdup(ENVPOD_LIBDIR "/agent");
}

static void redirect(int from, int to)
{
	if (from >= 0 && from != to)
		dup2(from, to);
}

int spawn_start(char *const argv[], const struct spawn_io *io, struct err *e)
{
	int (*tool)(int, char **) = tool_inside(argv[0]);
	OWN_FREE char *path = tool ? NULL : tool_path(argv[0], e);
	pid_t pid;

	if (!tool && !path)
		return -e->code;
	if (tool)
		fflush(stdout); /* or both would write what waits there */
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "start %s", argv[0]);
	if (pid > 0)
		return pid;
	if (io) {
		redirect(io->in, 0);
		redirect(io->out, 1);
		redirect(io->err, 2);
	}
	if (tool)
		tool_call(tool, argv);
	execv(path, argv);
	_exit(errno == ENOENT ? POD_EXIT_NOT_FOUND : POD_EXIT_CANNOT_RUN);
}

int spawn_reap(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return POD_EXIT_FAILED;
	return WIFSIGNALED(status) ? POD_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

int spawn_wait(char *const argv[], const struct spawn_io *io, struct err *e)
{
	int pid = spawn_start(argv, io, e);

	return pid < 0 ? pid : spawn_reap(pid);
}

int spawn_capture(char *const argv[], struct buf *out, size_t max, struct err *e)
{
	int ends[2], pid, r, status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	pid = spawn_start(argv, &(struct spawn_io){.in = -1, .out = ends[1], .err = -1}, e);
	close(ends[1]);
	r = pid < 0 ? pid : read_fd(ends[0], out, max);
	close(ends[0]);
	if (pid < 0)
		return pid;
	status = spawn_reap(pid);
	return status == 0 && r < 0 ? err_set(e, -r, "read what %s prints", argv[0]) : status;
}

int spawn_exec(char *const argv[], struct err *e)
{
	int (*tool)(int, char **) = tool_inside(argv[0]);
	OWN_FREE char *path = tool ? NULL : tool_path(argv[0], e);

	if (tool)
		tool_call(tool, argv);
	if (!path)
		return -e->code;
	execv(path, argv);
	return err_status(e, errno == ENOENT ? POD_EXIT_NOT_FOUND : POD_EXIT_CANNOT_RUN, errno,
			  "run %s", path);
}
