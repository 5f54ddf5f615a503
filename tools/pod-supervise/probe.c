/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-supervise/answer.h"

#define NOBODY   65534
#define REPORT   2    /* where a client says what it found */
#define SAID_MAX 4096 /* what pod-exec says of a run */

/* --- over HTTP, in the child --- */

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to;
	socklen_t len;
	int fd;
};

static void make_places(struct place p[2], unsigned port)
{
	p[0] = (struct place){.to.v4 = {.sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
			      .len = sizeof(p->to.v4)};
	p[1] = (struct place){.to.v6 = {.sin6_family = AF_INET6,
					.sin6_port = htons((uint16_t)port),
					.sin6_addr = IN6ADDR_LOOPBACK_INIT},
			      .len = sizeof(p->to.v6)};
	for (int i = 0; i < 2; i++)
		p[i].fd = socket(p[i].to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* The first of them that takes us; else -errno, the first one's. */
static int reach(const struct place p[2])
{
	int why = 0;

	for (int i = 0; i < 2; i++) {
		if (p[i].fd >= 0 && connect(p[i].fd, &p[i].to.any, p[i].len) == 0)
			return p[i].fd;
		why = why ? why : -errno;
	}
	return why;
}

static int read_status(int fd)
{
	char data[ANSWER_MAX];
	size_t len = 0;
	int status;

	do {
		ssize_t n = read(fd, data + len, sizeof(data) - len);

		if (n <= 0)
			return -EBADMSG;
		len += (size_t)n;
		status = answer_status(data, len);
	} while (status == -EAGAIN);
	return status;
}

static struct verdict ask(const struct place p[2], const struct buf *request)
{
	int fd = reach(p), status;

	if (fd < 0)
		return (struct verdict){VERDICT_CLOSED, -fd};
	status = write_full(fd, request->data, request->len);
	status = status < 0 ? -EBADMSG : read_status(fd);
	if (status < 0)
		return (struct verdict){VERDICT_NONSENSE, 0};
	return (struct verdict){status >= 200 && status < 400 ? VERDICT_PASSED : VERDICT_STATUS,
				status};
}

/* Where the pod is: a program that is taken over by an answer has nothing but the pod's network. */
static int go_there(const struct pod *p, bool host, struct err *e)
{
	OWN_FD int ns = host ? -1 : netns_open(p);

	if (host)
		return 0;
	if (ns < 0)
		return err_set(e, -ns, "open the network of pod %s", p->name);
	return setns(ns, CLONE_NEWNET) < 0
		       ? err_set(e, errno, "enter the network of pod %s", p->name)
		       : 0;
}

/*
 * From here on it has two sockets and a pipe, in the place of 0, 1 and 2, and nothing else: whoever
 * takes it over finds no log, no directory and no terminal.
 */
static int keep_few(struct place p[2], int out, struct err *e)
{
	for (int i = 0; i < 2; i++) {
		if (p[i].fd < 0)
			close(i);
		else if (dup2(p[i].fd, i) < 0)
			return err_set(e, errno, "keep a socket");
		p[i].fd = p[i].fd < 0 ? -1 : i;
	}
	if (dup2(out, REPORT) < 0 || syscall(SYS_close_range, REPORT + 1, ~0u, 0) < 0)
		return err_set(e, errno, "close inherited descriptors");
	return REPORT;
}

static int ask_http(const struct pod *p, const struct check *c, bool host, int out, struct err *e)
{
	const struct lockdown l = {.promises = PROMISE_INET, .uid = NOBODY, .gid = NOBODY};
	OWN_BUF struct buf request = BUF_INIT;
	struct place places[2];
	struct verdict v;
	int r = go_there(p, host, e);

	if (r < 0)
		return r;
	buf_fmt(&request,
		"GET %s HTTP/1.0\r\nHost: localhost:%u\r\nUser-Agent: envpod-health\r\n"
		"Accept: */*\r\nConnection: close\r\n\r\n",
		c->endpoint, c->port);
	make_places(places, c->port);
	out = keep_few(places, out, e);
	if (out < 0)
		return out;
	alarm(c->timeout + 1); /* also where nobody is left to end us */
	r = lockdown(&l, e);
	if (r < 0)
		return r;
	v = ask(places, &request);
	return write_full(out, &v, sizeof(v));
}

static void become_client(const struct pod *p, const struct check *c, bool host, int out)
{
	struct err e = {0};

	signal(SIGPIPE, SIG_IGN);
	if (ask_http(p, c, host, out, &e) < 0 && e.code)
		say_error("health: %s", e.msg);
	_exit(0);
}

/* --- by a command --- */

static void become_command(const struct pod *p, const struct check *c, int out)
{
	char number[16];
	char *argv[] = {"pod-exec",      "--probe", "--tty",   "never", "--status-fd", number,
			(char *)p->name, "--",      "/bin/sh", "-c",    c->command,    NULL};
	OWN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct err e = {0};

	snprintf(number, sizeof(number), "%d", out);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	if (fcntl(out, F_SETFD, 0) == 0)
		spawn_exec(argv, &e);
	_exit(POD_EXIT_BEFORE_RUN);
}

/* pod-exec says whether the command was run, and why not. */
static struct verdict judge_command(const char *said, int wstatus)
{
	if (!strstr(said, "\"event\":\"started\""))
		return (struct verdict){
			strstr(said, "\"reason_status\":75") ? VERDICT_UNASKED : VERDICT_UNRUN, 0};
	if (WIFSIGNALED(wstatus))
		return (struct verdict){VERDICT_SIGNAL, WTERMSIG(wstatus)};
	return WEXITSTATUS(wstatus) ? (struct verdict){VERDICT_EXIT, WEXITSTATUS(wstatus)}
				    : (struct verdict){VERDICT_PASSED, 0};
}

/* --- both --- */

int probe_start(struct probe *pr, const struct pod *p, const struct check *c, bool host,
		struct err *e)
{
	OWN_FD int in = -1, out = -1;
	pid_t parent = getpid();
	sigset_t none;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	in = ends[0];
	out = ends[1];
	pr->pid = fork();
	if (pr->pid < 0) {
		pr->pid = 0;
		return err_set(e, errno, "look at the health of pod %s", p->name);
	}
	if (pr->pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		if (c->endpoint)
			become_client(p, c, host, out);
		else
			become_command(p, c, out);
	}
	pr->late = false;
	pr->fd = take_fd(&in);
	return 0;
}

void probe_end(struct probe *pr)
{
	pr->late = true;
	kill(pr->pid, SIGKILL);
}

/* The client has read what a pod wrote: what it says is taken for a few numbers, no more. */
static struct verdict judge_client(const char *said, size_t len)
{
	struct verdict v;

	if (len != sizeof(v))
		return (struct verdict){VERDICT_UNASKED, 0};
	memcpy(&v, said, sizeof(v));
	if (v.kind < VERDICT_PASSED || v.kind > VERDICT_STATUS)
		v.kind = VERDICT_NONSENSE;
	return v;
}

struct verdict probe_judge(struct probe *pr, const struct check *c, int wstatus)
{
	char said[SAID_MAX] = "";
	ssize_t n;

	/* What the command left running may hold its own end open for ever. */
	fcntl(pr->fd, F_SETFL, O_NONBLOCK);
	n = read(pr->fd, said, sizeof(said) - 1);
	own_close(&pr->fd);
	pr->fd = -1;
	pr->pid = 0;
	if (pr->late)
		return (struct verdict){VERDICT_SILENT, 0};
	return c->endpoint ? judge_client(said, n > 0 ? (size_t)n : 0)
			   : judge_command(said, wstatus);
}

static const struct wording {
	const char *before, *after;
	enum { SAY_NONE, SAY_NUMBER, SAY_PORT, SAY_TIMEOUT } say;
} wordings[VERDICT_KINDS] = {
	[VERDICT_UNASKED] = {"was not asked", "", SAY_NONE},
	[VERDICT_PASSED] = {"is well", "", SAY_NONE},
	[VERDICT_CLOSED] = {"port ", " cannot be reached", SAY_PORT},
	[VERDICT_NONSENSE] = {"port ", " answers no HTTP", SAY_PORT},
	[VERDICT_STATUS] = {"answered ", "", SAY_NUMBER},
	[VERDICT_SILENT] = {"no answer within ", " s", SAY_TIMEOUT},
	[VERDICT_EXIT] = {"ended with status ", "", SAY_NUMBER},
	[VERDICT_SIGNAL] = {"was ended by signal ", "", SAY_NUMBER},
	[VERDICT_UNRUN] = {"the command cannot be run", "", SAY_NONE},
};

void verdict_text(const struct verdict *v, const struct check *c, char *out, size_t size)
{
	const struct wording *w = &wordings[v->kind];
	int number = w->say == SAY_PORT      ? (int)c->port
		     : w->say == SAY_TIMEOUT ? (int)c->timeout
					     : v->number;

	if (w->say == SAY_NONE)
		snprintf(out, size, "%s", w->before);
	else
		snprintf(out, size, "%s%d%s", w->before, number, w->after);
}
