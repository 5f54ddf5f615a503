/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"

struct editing {
	const char *name;
	char *dir, *file;
	int fd; /* dir */
	struct pod_caller who;
};

static const char *editor_words(void)
{
	static const char *const variables[] = {"VISUAL", "EDITOR", NULL};

	for (const char *const *v = variables; *v; v++) {
		const char *words = getenv(*v);

		if (words && *words)
			return words;
	}
	return "vi";
}

static void editing_finish(struct editing *ed)
{
	if (ed->fd >= 0)
		remove_tree_at(AT_FDCWD, ed->dir);
	own_close(&ed->fd);
	free(ed->dir);
	free(ed->file);
}

/* The user's directory with the user's file in it, root's until both are there. */
static int begin(struct editing *ed, const struct buf *text, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	int r = pod_caller(&ed->who, e);

	if (r < 0)
		return r;
	ed->dir = xfmt("%s/envpod-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(ed->dir))
		return err_set(e, errno, "make a directory in %s", tmp && *tmp ? tmp : "/tmp");
	ed->fd = open(ed->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ed->fd < 0)
		return err_set(e, errno, "open %s", ed->dir);
	ed->file = xfmt("%s/%s", ed->dir, ed->name);
	r = write_file_at(ed->fd, ed->name, text->data ? text->data : "", text->len, 0600, false);
	if (r == 0 && (fchownat(ed->fd, ed->name, ed->who.uid, ed->who.gid, AT_SYMLINK_NOFOLLOW) ||
		       fchown(ed->fd, ed->who.uid, ed->who.gid)))
		r = -errno;
	return r < 0 ? err_set(e, -r, "write %s", ed->file) : 0;
}

/* As git starts it: the shell takes the words apart, the file is the last one. */
static void become_editor(const struct editing *ed)
{
	OWN_FREE char *line = xfmt("%s \"$@\"", editor_words());
	char *argv[] = {(char *)"sh", (char *)"-c", line, (char *)"sh", ed->file, NULL};

	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (geteuid() == 0 && ed->who.uid != 0) {
		if (setgroups(1, &ed->who.gid) < 0 ||
		    setresgid(ed->who.gid, ed->who.gid, ed->who.gid) < 0 ||
		    setresuid(ed->who.uid, ed->who.uid, ed->who.uid) < 0)
			_exit(126);
		setenv("HOME", ed->who.home, 1);
		setenv("USER", ed->who.name, 1);
	}
	execv("/bin/sh", argv);
	_exit(127);
}

/* Ctrl-C in the editor is the editor's. */
static int edit(const struct editing *ed, struct err *e)
{
	struct sigaction deaf = {.sa_handler = SIG_IGN}, old_int, old_quit;
	int status = -1;
	pid_t pid;

	sigaction(SIGINT, &deaf, &old_int);
	sigaction(SIGQUIT, &deaf, &old_quit);
	pid = fork();
	if (pid == 0)
		become_editor(ed);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	if (pid < 0)
		return err_set(e, errno, "fork");
	if (status != 0)
		return err_set(e, ERR_PLAIN, "the editor (%s) failed", esc(editor_words()));
	return 0;
}

static int read_back(const struct editing *ed, struct buf *text, struct err *e)
{
	OWN_BUF struct buf got = BUF_INIT;
	OWN_FD int fd = openat(ed->fd, ed->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (r == 0)
		r = read_fd(fd, &got, EDITOR_MAX);
	if (r < 0)
		return err_set(e, -r, "read %s", ed->file);
	buf_clear(text);
	buf_add(text, got.data ? got.data : "", got.len);
	return 0;
}

int editor_run(struct buf *text, const char *name, struct err *e)
{
	OWN(editing_finish) struct editing ed = {.name = name, .fd = -1};
	int r = begin(&ed, text, e);

	if (r == 0)
		r = edit(&ed, e);
	return r == 0 ? read_back(&ed, text, e) : r;
}
