/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define SAID_MAX 4096 /* of its last words those that are kept */

/* All of the input at once: it may end before it has read it. */
static int open_input(const struct buf *in, struct err *e)
{
	OWN_FD int fd =
		in ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	if (r == 0 && in && in->len)
		r = write_full(fd, in->data, in->len);
	if (r == 0 && in && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "make an input for a program") : take_fd(&fd);
}

static void __attribute__((noreturn))
be_child(const int fds[3], char *const argv[], char *const env[])
{
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execvpe(argv[0], argv, env);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Its last words: those of the end. */
static void keep_said(struct buf *said)
{
	if (said->len <= SAID_MAX)
		return;
	memmove(said->data, said->data + said->len - SAID_MAX, SAID_MAX + 1);
	said->len = SAID_MAX;
}

static int take(struct pollfd *p, struct buf *to)
{
	char block[16384];
	ssize_t n;

	if (!p->revents)
		return 0;
	n = read(p->fd, block, sizeof(block));
	if (n > 0)
		buf_add(to, block, (size_t)n);
	else
		p->fd = -1; /* poll passes it over; the descriptor is the caller's */
	return n < 0 ? -errno : 0;
}

static int listen_to(int out, int err, struct buf *said_out, struct buf *said, struct err *e)
{
	struct pollfd p[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	size_t before = said_out->len;

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "wait for a program");
		take(&p[0], said_out);
		take(&p[1], said);
		keep_said(said);
		if (said_out->len - before > CHILD_OUT_MAX)
			return err_set(e, EFBIG, "read what a program says");
	}
	return 0;
}

/* In one line.  Some complain where others answer: "nothing to commit". */
static int tell(const char *name, const struct buf *err, const struct buf *out, int status,
		struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	const struct buf *said = err->len > 0 ? err : out;

	for (size_t i = 0; i < said->len; i++)
		buf_char(&text, said->data[i] == '\n' ? ' ' : said->data[i]);
	while (text.len > 0 && text.data[text.len - 1] == ' ')
		text.data[--text.len] = '\0';
	if (text.len > 0)
		err_set(e, ERR_PLAIN, "%s: %s", name, esc(text.data));
	else
		err_set(e, ERR_PLAIN, "%s ended with status %d", name,
			WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	return 1;
}

int child_run(const struct child *c, char *const argv[], char *const env[], struct err *e)
{
	OWN_BUF struct buf said = BUF_INIT;
	OWN_FD int in = open_input(c->in, e), out = -1, err = -1;
	int o[2], x[2], status = 0, r;
	pid_t pid;

	if (in < 0)
		return in;
	if (pipe2(o, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	out = o[0];
	if (pipe2(x, O_CLOEXEC) < 0) {
		r = err_set(e, errno, "make a pipe");
		close(o[1]);
		return r;
	}
	err = x[0];
	pid = fork();
	if (pid == 0)
		be_child((int[]){in, o[1], x[1]}, argv, env);
	close(o[1]);
	close(x[1]);
	if (pid < 0)
		return err_set(e, errno, "start %s", argv[0]);
	r = listen_to(out, err, c->out, &said, e);
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	return status == 0 ? 0 : tell(argv[0], &said, c->out, status, e);
}
