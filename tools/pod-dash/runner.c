/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-dash/body.h"
#include "tools/pod-dash/judge.h"

static void start_next(struct runner *r);

/* --- answers --- */

static void answer(const struct runner *r, uint32_t id, unsigned http, enum answer kind,
		   const struct buf *body)
{
	const struct reply head = {id, (uint16_t)http, (uint16_t)kind};
	OWN_FD int fd = memfd_create("answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write_full(fd, body->data ? body->data : "", body->len) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		say_error("an answer is lost: %s", strerror(errno));
	packet_send(r->socket.fd, &head, sizeof(head), fd);
}

static void refuse(const struct runner *r, uint32_t id, unsigned http, const char *why)
{
	OWN_BUF struct buf body = BUF_INIT;

	body_error(&body, why, POD_EXIT_FAILED);
	answer(r, id, http, ANSWER_OBJECT, &body);
}

void runner_tell(const struct runner *r, const char *json, size_t len)
{
	OWN_BUF struct buf b = BUF_INIT;
	const struct reply head = {0, 0, 0};

	buf_add(&b, &head, sizeof(head));
	buf_add(&b, json, len);
	packet_send(r->socket.fd, b.data, b.len, -1);
}

/* --- a job's end --- */

static void drop_watch(struct runner *r, struct watch *w)
{
	if (w->fd >= 0)
		loop_remove(r->loop, w);
	w->fd = -1;
}

static void finish_job(struct job *j)
{
	drop_watch(j->runner, &j->out);
	drop_watch(j->runner, &j->err);
	drop_watch(j->runner, &j->end);
	values_finish(&j->ask.values);
	buf_finish(&j->output);
	buf_finish(&j->error);
	*j = (struct job){.runner = j->runner, .out.fd = -1, .err.fd = -1, .end.fd = -1};
}

static void conclude(struct job *j)
{
	const struct route *route = &routes[j->ask.route];
	int status = spawn_reap(j->pid);
	OWN_BUF struct buf body = BUF_INIT;
	unsigned http = 504;

	if (j->too_long)
		body_error(&body, "the command took too long, or had too much to say",
			   POD_EXIT_FAILED);
	else
		http = body_make(&body, route, &j->ask, status, &j->output, &j->error);
	answer(j->runner, j->ask.id, http, http < 400 ? route->answer : ANSWER_OBJECT, &body);
	finish_job(j);
	start_next(j->runner);
}

/* Its end is the last of three: the process's, and those of what it says. */
static void ended(void *arg, uint32_t events)
{
	struct job *j = arg;

	(void)events;
	drop_watch(j->runner, &j->end);
	if (j->out.fd < 0 && j->err.fd < 0)
		conclude(j);
}

static void end_early(struct job *j)
{
	if (!j->too_long)
		kill(j->pid, SIGKILL);
	j->too_long = true;
}

static void take(struct job *j, struct watch *w, struct buf *to, size_t max)
{
	char data[65536];
	ssize_t n = read(w->fd, data, sizeof(data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && to->len < max)
		buf_add(to, data, (size_t)n < max - to->len ? (size_t)n : max - to->len);
	if (n > 0 && to == &j->output && to->len == max)
		end_early(j);
	if (n > 0)
		return;
	drop_watch(j->runner, w);
	if (j->out.fd < 0 && j->err.fd < 0 && j->end.fd < 0)
		conclude(j);
}

static void said(void *arg, uint32_t events)
{
	struct job *j = arg;

	(void)events;
	take(j, &j->out, &j->output, OUTPUT_MAX);
}

static void complained(void *arg, uint32_t events)
{
	struct job *j = arg;

	(void)events;
	take(j, &j->err, &j->error, ERROR_MAX);
}

/* --- a job's start --- */

static int input_of(const struct ask *a)
{
	OWN_FD int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0 ||
	    write_full(fd, a->values.input.data ? a->values.input.data : "", a->values.input.len) <
		    0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return take_fd(&fd);
}

static int watch_pipe(struct job *j, struct watch *w, int fd, void (*fn)(void *, uint32_t))
{
	*w = (struct watch){.fd = fd, .fn = fn, .arg = j};
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return loop_add(j->runner->loop, w, EPOLLIN);
}

static int launch(struct job *j, struct err *e)
{
	const struct route *route = &routes[j->ask.route];
	OWN_STRV struct strv argv = {0};
	OWN_FD int in = input_of(&j->ask);
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	int pid = -1, pidfd = -1;

	route_words(route, &j->ask.values, &argv);
	if (in >= 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0)
		pid = spawn_start(argv.v, &(struct spawn_io){in, out[1], err[1]}, e);
	own_close(&out[1]);
	own_close(&err[1]);
	if (pid > 0)
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		own_close(&out[0]);
		own_close(&err[0]);
		return pid < 0 && e->code ? -e->code : err_set(e, errno, "start %s", argv.v[0]);
	}
	j->pid = pid;
	j->deadline = loop_clock() + 1000 * (route->role == ROLE_VIEW ? VIEW_S : CHANGE_S);
	watch_pipe(j, &j->out, out[0], said);
	watch_pipe(j, &j->err, err[0], complained);
	watch_pipe(j, &j->end, pidfd, ended);
	return 0;
}

/* Who asked for what, before it is done: in the log of the pod concerned. */
static int put_on_record(const struct ask *a, struct err *e)
{
	const struct route *route = &routes[a->route];
	const char *pod = values_get(&a->values, "pod");
	OWN_EVENT struct event ev = {0};

	if (route->quiet || !pod)
		return 0;
	event_init(&ev, pod, "dash", "dashboard");
	event_str(&ev, "method", route->method);
	event_str(&ev, "route", route->path);
	event_num(&ev, "session", a->session);
	event_str(&ev, "role", role_names[a->role]);
	return record_event(&ev, true, e);
}

static void begin(struct job *j, struct ask *a)
{
	struct err e = {0};
	int r;

	j->ask = *a;
	*a = (struct ask){0};
	r = judge(&routes[j->ask.route], &j->ask, &e);
	if (r == 0)
		r = put_on_record(&j->ask, &e);
	if (r == 0)
		r = launch(j, &e);
	if (r < 0) {
		refuse(j->runner, j->ask.id,
		       r == -EPERM    ? 403
		       : r == -ENOENT ? 404
		       : r == -EINVAL ? 400
				      : 500,
		       e.msg);
		finish_job(j);
	}
}

static void start_next(struct runner *r)
{
	for (int i = 0; i < JOBS && r->n_waiting; i++) {
		if (r->jobs[i].pid)
			continue;
		begin(&r->jobs[i], &r->waiting[r->first]);
		r->first = (r->first + 1) % WAITING;
		r->n_waiting--;
	}
}

static void queue(struct runner *r, struct ask *a)
{
	struct err e = {0};

	if (route_check(&routes[a->route], &a->values, &e) < 0 || a->role < routes[a->route].role) {
		refuse(r, a->id, e.code ? 400 : 403, e.code ? e.msg : "your login may not do that");
		values_finish(&a->values);
	} else if (r->n_waiting == WAITING) {
		refuse(r, a->id, 503, "too much is being asked at once");
		values_finish(&a->values);
	} else {
		r->waiting[(r->first + r->n_waiting++) % WAITING] = *a;
		start_next(r);
	}
}

static void asked(void *arg, uint32_t events)
{
	struct runner *r = arg;
	OWN_FREE char *data = xcalloc(1, ASK_MAX);
	struct ask a;
	int passed;
	ssize_t n = packet_take(r->socket.fd, data, ASK_MAX, &passed);

	(void)events;
	own_close(&passed);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n == 2 * sizeof(uint32_t)) {
		memcpy(&r->listeners, data + sizeof(uint32_t), sizeof(uint32_t));
	} else if (n <= 0) {
		r->closed = true;
	} else if (ask_unpack(&a, data, (size_t)n) == 0) {
		queue(r, &a);
	} else {
		values_finish(&a.values);
		say_error("the front asked for what is nothing");
	}
}

int runner_begin(struct runner *r, struct loop *l, int socket, struct err *e)
{
	*r = (struct runner){.loop = l, .socket = {.fd = socket, .fn = asked, .arg = r}};
	for (int i = 0; i < JOBS; i++)
		r->jobs[i] = (struct job){.runner = r, .out.fd = -1, .err.fd = -1, .end.fd = -1};
	return loop_add(l, &r->socket, EPOLLIN) < 0 ? err_set(e, errno, "watch the front") : 0;
}

void runner_tick(struct runner *r)
{
	for (int i = 0; i < JOBS; i++)
		if (r->jobs[i].pid && loop_clock() > r->jobs[i].deadline)
			end_early(&r->jobs[i]);
}

void runner_finish(struct runner *r)
{
	for (int i = 0; i < JOBS; i++) {
		if (r->jobs[i].pid) {
			kill(r->jobs[i].pid, SIGTERM);
			spawn_reap(r->jobs[i].pid);
		}
		finish_job(&r->jobs[i]);
	}
	for (size_t i = 0; i < r->n_waiting; i++)
		values_finish(&r->waiting[(r->first + i) % WAITING].values);
	drop_watch(r, &r->socket);
}
