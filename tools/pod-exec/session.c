/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/session.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/title.h"
#include "tools/pod-exec/note.h"

/* As the pod's user, who then owns it.  What lies there instead of our devpts is not trusted. */
static int open_master(struct err *e)
{
	OWN_FD int fd = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs fs;
	int unlock = 0;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return err_set(e, errno, "open a terminal of the pod");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(e, ERR_PLAIN, "the pod's /dev/pts is not its devpts");
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_set(e, errno, "unlock a terminal of the pod");
	return take_fd(&fd);
}

/* The terminal becomes the controlling one of a new session; its master goes out. */
static int open_terminal(const struct streams *s, int notes, struct err *e)
{
	OWN_FD int master = open_master(e);
	OWN_FD int slave =
		master < 0 ? -1 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	int r;

	if (master < 0)
		return master;
	if (slave < 0 || tcsetattr(slave, TCSANOW, &s->mode) < 0 ||
	    ioctl(slave, TIOCSWINSZ, &s->size) < 0)
		return err_set(e, errno, "set up a terminal of the pod");
	if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_set(e, errno, "make the pod's terminal the controlling one");
	r = note_send(notes, NOTE_PTY, 0, master);
	return r < 0 ? err_set(e, -r, "hand out the pod's terminal") : take_fd(&slave);
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static void unblock_all(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In a group of its own, in the foreground, before it may read or write. */
static int become_foreground(const struct streams *s, int tty, int alive, int notes, struct err *e)
{
	int r;

	setpgid(0, 0);
	if (tcsetpgrp(tty, getpid()) < 0)
		return err_set(e, errno, "come to the foreground of the pod's terminal");
	for (int i = 0; i < 3; i++)
		if (s->fd[i] == STREAM_PTY && dup2(tty, i) < 0)
			return err_set(e, errno, "use the pod's terminal");
	r = command_bind(alive, e);
	unblock_all();
	if (r == 0)
		note_send(notes, NOTE_PID, 0, -1);
	return r;
}

static bool tell_change(int notes, pid_t command)
{
	int status;

	while (waitpid(command, &status, WNOHANG | WUNTRACED) == command) {
		if (WIFSTOPPED(status))
			note_send(notes, NOTE_STOPPED, WSTOPSIG(status), -1);
		else
			note_send(notes, NOTE_ENDED, status, -1);
		if (!WIFSTOPPED(status))
			return false;
	}
	return true;
}

static bool obey(int notes, pid_t command)
{
	struct note n;

	if (note_receive(notes, &n, 1) != 1)
		return false;
	if (n.kind == NOTE_SIGNAL || n.kind == NOTE_SIGNAL_GROUP)
		kill(n.kind == NOTE_SIGNAL ? command : -command, n.value);
	return true;
}

/* Until the command ends, or the outer process is gone, which our own death signal makes sure of.
 */
static void lead(int notes, pid_t command, int children)
{
	struct pollfd p[2] = {{.fd = children, .events = POLLIN}, {.fd = notes, .events = POLLIN}};
	struct signalfd_siginfo drop;

	for (;;) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents && read(children, &drop, sizeof(drop)) > 0 &&
		    !tell_change(notes, command))
			return;
		if (p[1].revents && !obey(notes, command))
			return;
	}
}

/* The leader keeps its socket (3), the command's lifeline (4) and the terminal, not the caller's.
 */
static int keep_only(int notes, int tty, int alive)
{
	int high_notes = fcntl(notes, F_DUPFD_CLOEXEC, 10);
	int high_alive = fcntl(alive, F_DUPFD_CLOEXEC, 10);

	for (int fd = 0; fd < 3; fd++)
		if (dup2(tty, fd) < 0)
			return -errno;
	if (dup2(high_notes, 3) < 0 || dup2(high_alive, 4) < 0)
		return -errno;
	return syscall(SYS_close_range, 5, ~0U, 0) < 0 ? -errno : 0;
}

static void __attribute__((noreturn)) be_leader(int notes, int tty, int alive, pid_t command)
{
	sigset_t child;

	title_set("envpod-session");
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (keep_only(notes, tty, alive) == 0)
		lead(3, command, signalfd(-1, &child, SFD_CLOEXEC));
	_exit(POD_EXIT_BEFORE_RUN); /* the command dies with us */
}

int session_start(const struct streams *s, int notes, struct err *e)
{
	OWN_FD int tty = open_terminal(s, notes, e);
	int alive[2];
	pid_t command;

	if (tty < 0)
		return tty;
	if (pipe2(alive, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	block_all();
	command = fork();
	if (command < 0)
		return err_set(e, errno, "start the command on the pod's terminal");
	if (command == 0) {
		close(alive[1]);
		return become_foreground(s, tty, alive[0], notes, e);
	}
	be_leader(notes, tty, alive[1], command);
}
