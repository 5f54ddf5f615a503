/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-dash serve: opens the ports, begins the front, and is the runner.  The two are one program in
 * two processes with a socketpair between them; a front that dies is begun anew, with the same
 * sockets and logins.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "tools/pod-dash/cmds.h"
#include "tools/pod-dash/front.h"
#include "tools/pod-dash/runner.h"
#include "tools/pod-dash/sample.h"
#include "tools/pod-dash/watch.h"

#define AGAIN_MS 500
#define PACKETS  (1 << 20) /* bytes the socketpair may hold */

static int listen_at(const struct sockaddr *at, socklen_t len)
{
	OWN_FD int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, at, len) < 0 || listen(fd, 128) < 0)
		return -errno;
	return take_fd(&fd);
}

/* 127.0.0.1, and ::1 where there is one: a browser takes whichever it likes. */
static int open_ports(struct front_begin *b, struct err *e)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons(b->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = sizeof(v4);
	int fd = listen_at((const struct sockaddr *)&v4, sizeof(v4));

	if (fd < 0)
		return err_set(e, -fd, "listen on 127.0.0.1:%u (--port takes another)", b->port);
	b->listen[b->n_listen++] = fd;
	getsockname(fd, (struct sockaddr *)&v4, &len);
	b->port = ntohs(v4.sin_port);
	v6.sin6_port = v4.sin_port;
	fd = listen_at((const struct sockaddr *)&v6, sizeof(v6));
	if (fd == -EADDRINUSE)
		return err_set(e, EADDRINUSE, "listen on [::1]:%u (--port takes another)", b->port);
	if (fd >= 0)
		b->listen[b->n_listen++] = fd;
	return 0;
}

/* Those of a service manager (sd_listen_fds(3)): 3 and following. */
static bool take_given(struct front_begin *b)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	long count = pid && n && strtol(pid, NULL, 10) == getpid() ? strtol(n, NULL, 10) : 0;
	struct sockaddr_in at = {0};
	socklen_t len = sizeof(at);

	for (long i = 0; i < count && i < 8; i++) {
		fcntl(3 + (int)i, F_SETFD, FD_CLOEXEC);
		fcntl(3 + (int)i, F_SETFL, O_NONBLOCK);
		b->listen[b->n_listen++] = 3 + (int)i;
	}
	if (b->n_listen && getsockname(3, (struct sockaddr *)&at, &len) == 0)
		b->port = ntohs(at.sin_port);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	return b->n_listen;
}

static int open_door(int dir, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd;

	unlinkat(dir, "door", 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/door", dir);
	fd = listen_at((const struct sockaddr *)&at, sizeof(at));
	if (fd < 0)
		return err_set(e, -fd, "listen on %s/dash/door", pod_run_dir());
	return fchmodat(dir, "door", 0600, 0) < 0 ? err_set(e, errno, "close the door") : fd;
}

/* Who serves holds this, until his end. */
static int take_place(int dir, struct err *e)
{
	OWN_FD int fd = openat(dir, "pid", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(e, errno, "open %s/dash/pid", pod_run_dir());
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_status(
			e, POD_EXIT_BUSY, ERR_PLAIN,
			"a dashboard is served already (envpod dashboard --print-url says where)");
	return take_fd(&fd);
}

static int write_pid(int place, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(place, 0) < 0 || write_full(place, text, strlen(text)) < 0)
		return err_set(e, errno, "write %s/dash/pid", pod_run_dir());
	return 0;
}

static int open_sessions(int dir, struct err *e)
{
	int fd = openat(dir, "state", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? err_set(e, errno, "open %s/dash/state", pod_run_dir()) : fd;
}

/* The front, in a child; the runner's end of the socketpair, or -errno. */
static int begin_front(struct front_begin *b, int dir, pid_t *pid, struct err *e)
{
	const int room = PACKETS;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, errno, "make a socketpair");
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	b->runner = ends[1];
	b->sessions = open_sessions(dir, e);
	*pid = b->sessions < 0 ? -1 : fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		_exit(front_main(b));
	}
	close(ends[1]);
	own_close(&b->sessions);
	return *pid < 0 ? err_set(e, errno, "begin the front") : ends[0];
}

struct serving {
	struct loop loop;
	struct watch signals;
	struct runner runner;
	struct files files;
	uint64_t sampled;
};

/* How long the loop may sleep: until news are due, or the next sample is. */
static int patience(struct serving *s)
{
	int news = files_tell(&s->files), sample = s->runner.listeners ? 500 : 5000;

	return news >= 0 && news < sample ? news : sample;
}

static int run_until_end(struct serving *s, struct err *e)
{
	int r = 0;

	while (!s->loop.stop && !s->runner.closed && r == 0) {
		r = loop_turn(&s->loop, patience(s), e);
		runner_tick(&s->runner);
		if (s->runner.listeners && loop_clock() - s->sampled >= SAMPLE_MS) {
			s->sampled = loop_clock();
			sample_tell(&s->runner);
		}
	}
	return r;
}

static int serve_once(struct front_begin *b, int dir, struct serving *s, struct err *e)
{
	pid_t front = -1;
	int status = 0;
	int socket = begin_front(b, dir, &front, e), r = socket < 0 ? socket : 0;

	if (r == 0)
		r = runner_begin(&s->runner, &s->loop, socket, e);
	if (r == 0)
		r = files_begin(&s->files, &s->loop, &s->runner, e);
	if (r == 0)
		r = run_until_end(s, e);
	if (socket >= 0) {
		runner_finish(&s->runner);
		files_finish(&s->files);
		kill(front, SIGTERM);
		waitpid(front, &status, 0);
		if (WIFSIGNALED(status) && !s->loop.stop)
			say_warn("the front died of signal %d", WTERMSIG(status));
	}
	return r;
}

static int serve(struct front_begin *b, int dir, struct err *e)
{
	struct serving s = {.files.w.fd = -1};
	int r = loop_init(&s.loop, e);

	if (r == 0)
		r = loop_until_signal(&s.loop, &s.signals, e);
	while (r == 0 && !s.loop.stop) {
		r = serve_once(b, dir, &s, e);
		if (!s.loop.stop && r == 0) {
			say_warn("the front ended: it is begun anew");
			usleep(AGAIN_MS * 1000);
		}
	}
	unlinkat(dir, "door", 0);
	unlinkat(dir, "state", 0);
	return r;
}

/* Who prints the link: the door is open by now, and the front answers once it is up. */
static pid_t say_link(const char *role)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	execl("/proc/self/exe", "pod-dash", "link", "--role", role, (char *)NULL);
	_exit(POD_EXIT_FAILED);
}

/* Behind the scenes: nobody's session, what is said goes to the log.  Who called waits for the link
 * alone. */
static void detach(int dir, pid_t link)
{
	OWN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	OWN_FD int log =
		openat(dir, "log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		die(POD_EXIT_FAILED, "fork: %s", strerror(errno));
	if (pid > 0) {
		waitpid(link, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : POD_EXIT_FAILED);
	}
	setsid();
	dup2(null, 0);
	dup2(null, 1);
	dup2(log >= 0 ? log : null, 2);
	if (chdir("/") < 0)
		say_warn("chdir /: %s", strerror(errno));
}

int cmd_serve(int argc, char **argv)
{
	struct front_begin b = {.runner = -1, .sessions = -1, .door = -1};
	uint64_t port = DASH_PORT;
	bool daemon = false;
	const char *role = "operate";
	const struct opt opts[] = {
		{OPT_U64, 0, "port", &port, "PORT",
		 "on this port of 127.0.0.1 and ::1 (9090); 0: any"},
		{OPT_FLAG, 0, "daemon", &daemon, NULL, "behind the scenes, until pod-dash stop"},
		{OPT_STR, 0, "role", &role, "ROLE",
		 "of the link that is printed: view, operate, admin"},
		{0},
	};
	const struct opt_usage usage = {"pod-dash serve [OPTION]...",
					"Serve the dashboard, and print a link that logs in once.",
					0, 0, 0};
	struct err e = {0};
	OWN_FD int dir = -1, place = -1;
	pid_t link;

	opt_parse(opts, &usage, argc, argv);
	if (port > 65535 || !session_role(role))
		die(POD_EXIT_USAGE, "--port wants 0 to 65535, --role view, operate or admin");
	b.port = (uint16_t)port;
	signal(SIGPIPE, SIG_IGN);
	dir = pod_check_caller(&e) < 0 ? -1 : dash_dir(&e);
	if (dir < 0)
		return say_err(&e);
	place = take_place(dir, &e);
	if (place < 0 || (!take_given(&b) && open_ports(&b, &e) < 0))
		return say_err(&e);
	b.door = open_door(dir, &e);
	if (b.door < 0)
		return say_err(&e);
	link = say_link(role);
	if (daemon)
		detach(dir, link);
	if (write_pid(place, &e) < 0 || serve(&b, dir, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
