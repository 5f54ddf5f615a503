/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/session.h"

static void add_member(struct buf *b, const struct member *m)
{
	jw_open(b, '{');
	jw_kstr(b, "name", m->need->name);
	jw_kstr(b, "state", member_state(m));
	jw_knum(b, "pid", m->pid);
	jw_knum(b, "restarts", m->restarts);
	jw_kstr(b, "since", m->stamp);
	jw_close(b, '}');
}

void told_save(struct session *s)
{
	OWN_BUF struct buf b = BUF_INIT;
	bool ready = s->init_pid > 0;

	jw_open(&b, '{');
	jw_knum(&b, "v", 1);
	jw_key(&b, "services");
	jw_open(&b, '[');
	for (int i = 0; i < s->n; i++) {
		add_member(&b, &s->v[i]);
		ready = ready && s->v[i].state == MEMBER_UP;
	}
	jw_close(&b, ']');
	jw_kbool(&b, "ready", ready);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	if (s->told.len == b.len && memcmp(s->told.data, b.data, b.len) == 0)
		return;
	/* for pod-web's account, too, which alone gets as far as here */
	if (write_file_at(s->set.run, "session.json", b.data, b.len, 0644, false) < 0)
		say_error("write %s/session.json", s->set.runpath);
	buf_clear(&s->told);
	buf_add(&s->told, b.data, b.len);
}

static void record(const struct session *s, struct event *ev)
{
	struct err e = {0};

	if (s->events < 0) {
		if (record_event(ev, false, &e) < 0)
			say_err(&e);
		return;
	}
	buf_str(&ev->json, "}\n");
	write_full(s->events, ev->json.data, ev->json.len); /* where nobody takes it, it is lost */
}

void told_up(const struct session *s, const struct member *m)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, s->pod.name, "session", "service_up");
	event_str(&ev, "service", m->need->name);
	event_num(&ev, "restarts", m->restarts);
	record(s, &ev);
}

/* pod-exec ends with its command's status: of a signal, that is another one. */
static int signal_of(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WEXITSTATUS(status) > POD_EXIT_SIGNAL ? WEXITSTATUS(status) - POD_EXIT_SIGNAL : 0;
}

void told_down(const struct session *s, const struct member *m)
{
	OWN_EVENT struct event ev = {0};
	int signal = signal_of(m->status);

	event_init(&ev, s->pod.name, "session", "service_down");
	event_str(&ev, "service", m->need->name);
	if (signal)
		event_num(&ev, "signal", signal);
	else
		event_num(&ev, "status", WEXITSTATUS(m->status));
	event_num(&ev, "restarts", m->restarts);
	event_str(&ev, "reason", m->why ? m->why : "ended");
	record(s, &ev);
}
