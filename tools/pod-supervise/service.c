/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define TEXT_MAX 16384
#define END_MS   2000
#define LISTEN   "listen="

void services_finish(struct services *s)
{
	for (int i = 0; i < s->n; i++) {
		strv_finish(&s->v[i].argv);
		sockets_finish(&s->v[i].sockets);
		own_close(&s->v[i].pidfd);
		own_close(&s->v[i].ready);
		own_close(&s->v[i].events);
	}
	s->n = 0;
}

/* Names become names of files. */
static bool is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < SERVICE_NAME && name[n] == '\0';
}

static int add_line(struct services *s, char *line, struct err *e)
{
	struct service *one = &s->v[s->n];
	char *save = NULL, *word = strtok_r(line, " ", &save);
	size_t n = word ? strlen(word) : 0;
	bool may_rest = n && word[n - 1] == '?';

	if (!word)
		return 0;
	if (may_rest)
		word[n - 1] = '\0';
	if (!is_name(word) || s->n == SERVICES_MAX)
		return err_set(e, ERR_PLAIN, "services: %s: %s", esc(word),
			       is_name(word) ? "there are too many" : "this is no name");
	*one = (struct service){.pidfd = -1, .ready = -1, .events = -1, .may_rest = may_rest};
	snprintf(one->name, sizeof(one->name), "%s", word);
	s->n++;
	word = strtok_r(NULL, " ", &save);
	if (word && strncmp(word, LISTEN, strlen(LISTEN)) == 0) {
		if (sockets_parse(&one->sockets, word + strlen(LISTEN)) < 0)
			return err_set(e, ERR_PLAIN, "services: %s: what is %s?", one->name,
				       esc(word));
		word = strtok_r(NULL, " ", &save);
	}
	for (; word; word = strtok_r(NULL, " ", &save))
		strv_add(&one->argv, word);
	return one->argv.n ? 0 : err_set(e, ERR_PLAIN, "services: %s has no command", one->name);
}

int services_parse(struct services *s, const char *text, size_t len, struct err *e)
{
	OWN_FREE char *copy = strndup(text, len);
	char *save = NULL;
	int r = 0;

	for (char *line = strtok_r(copy, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = add_line(s, line, e);
	return r;
}

int services_read(struct services *s, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->run, "services", &b, TEXT_MAX);

	if (r == -ENOENT)
		return err_set(e, ERR_PLAIN,
			       "pod %s has no helpers to start (pod-net up %s lists them)", p->name,
			       p->name);
	if (r < 0)
		return err_set(e, -r, "read %s/services", p->runpath);
	return b.len ? services_parse(s, b.data, b.len, e) : 0;
}

static const char *const states[] = {"waiting", "starting", "up", "resting"};

const char *service_state(const struct service *s)
{
	return states[s->state];
}

static void add_json(struct buf *b, const struct service *s)
{
	jw_open(b, '{');
	jw_kstr(b, "name", s->name);
	jw_kstr(b, "state", service_state(s));
	jw_knum(b, "pid", s->pid);
	jw_knum(b, "restarts", s->restarts);
	jw_close(b, '}');
}

void services_save(const struct services *s, const struct pod *p)
{
	OWN_BUF struct buf json = BUF_INIT, state = BUF_INIT;

	jw_open(&json, '{');
	jw_knum(&json, "v", 1);
	jw_key(&json, "services");
	jw_open(&json, '[');
	for (int i = 0; i < s->n; i++) {
		add_json(&json, &s->v[i]);
		buf_fmt(&state, "%s %d %llu %s\n", s->v[i].name, (int)s->v[i].pid,
			s->v[i].pid ? s->v[i].start : 0, service_state(&s->v[i]));
	}
	buf_fmt(&state, "wakes %u\n", s->wakes);
	jw_close(&json, ']');
	jw_close(&json, '}');
	buf_char(&json, '\n');
	write_file_at(p->run, "services.json", json.data, json.len, 0600, false);
	write_file_at(p->run, "services.state", state.len ? state.data : "", state.len, 0600,
		      false);
}

struct orphan {
	char name[SERVICE_NAME], state[12];
	int pid;
	unsigned long long start;
};

/* A pidfd of the very process, -1 when it is gone. */
static int open_orphan(const struct orphan *o)
{
	OWN_FD int fd = (int)syscall(SYS_pidfd_open, o->pid, 0);
	struct pollfd gone = {.fd = fd, .events = POLLIN};

	if (fd < 0 || pod_start_time(o->pid) != o->start || poll(&gone, 1, 0) > 0)
		return -1;
	return take_fd(&fd);
}

static void end_orphan(int pidfd)
{
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};

	syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
	if (poll(&gone, 1, END_MS) > 0)
		return;
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	poll(&gone, 1, END_MS);
}

static struct service *find(struct services *s, const char *name)
{
	for (int i = 0; s && i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0 && !s->v[i].pid)
			return &s->v[i];
	return NULL;
}

static void adopt_one(struct services *s, const struct orphan *o, bool end_others)
{
	OWN_FD int pidfd = open_orphan(o);
	struct service *one = pidfd < 0 ? NULL : find(s, o->name);

	if (!one && pidfd >= 0 && end_others)
		end_orphan(pidfd);
	if (!one)
		return;
	one->pid = o->pid;
	one->start = o->start;
	if (end_others)
		sockets_fetch(&one->sockets, pidfd, o->pid);
	one->pidfd = take_fd(&pidfd);
	one->state = end_others ? SERVICE_UP : one->state;
}

/* Of one that does not live: why not. */
static void look_at_state(struct services *s, const struct orphan *o)
{
	struct service *one = find(s, o->name);

	for (int i = SERVICE_WAITING; one && i <= SERVICE_RESTING; i++)
		if (strcmp(o->state, states[i]) == 0)
			one->state = (enum service_state)i;
}

static void each_orphan(struct services *s, const struct pod *p, bool end_others)
{
	OWN_BUF struct buf b = BUF_INIT;
	char *save = NULL;

	if (read_file_at(p->run, "services.state", &b, TEXT_MAX) < 0 || !b.len)
		return;
	for (char *line = strtok_r(b.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct orphan o = {.pid = 0};
		int n = sscanf(line, "%23s %d %llu %11s", o.name, &o.pid, &o.start, o.state);

		if (s && n == 2 && strcmp(o.name, "wakes") == 0)
			s->wakes = (unsigned)o.pid;
		if (s && n == 4 && !end_others)
			look_at_state(s, &o);
		if (n >= 3 && o.pid > 1)
			adopt_one(s, &o, end_others);
	}
}

void services_adopt(struct services *s, const struct pod *p)
{
	each_orphan(s, p, true);
}

void services_look(struct services *s, const struct pod *p)
{
	each_orphan(s, p, false);
}

void services_end_orphans(const struct pod *p)
{
	each_orphan(NULL, p, true);
}
