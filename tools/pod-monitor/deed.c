/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/deed.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-monitor/hook.h"

/* What people want to see of the sample; a hook gets all of it. */
static const struct {
	const char *key;
	enum sample_field field;
	uint64_t one;
} shown[] = {
	{"cpu_percent", CPU_PERCENT, 100},
	{"memory", MEMORY_BYTES, 1},
	{"memory_percent", MEMORY_PERCENT, 100},
	{"pids", PIDS_COUNT, 1},
	{"disk", DISK_BYTES, 1},
	{"dns_denied", DNS_DENIED, 1},
	{"requests", REQUESTS_COUNT, 1},
};

static void begin(const struct deed *d, struct event *ev, const char *name)
{
	event_init(ev, d->pod->name, "monitor", name);
	event_str(ev, "rule", d->rule->name);
	for (size_t i = 0; d->sample && i < sizeof(shown) / sizeof(shown[0]); i++) {
		uint64_t v = d->sample->v[shown[i].field];

		if (v != SAMPLE_UNKNOWN && v != SAMPLE_NO_MAX)
			event_num(ev, shown[i].key, (int64_t)(v / shown[i].one));
	}
}

static void record(struct event *ev)
{
	struct err e = {0};

	if (record_event(ev, true, &e) < 0)
		say_error("%s", e.msg);
}

static void add_status(struct event *ev, int r, const struct err *e)
{
	event_num(ev, "status", r < 0 ? err_exit(e) : r);
	if (r < 0)
		event_str(ev, "reason", e->msg);
}

/* --- one by one --- */

static bool do_alert(const struct deed *d, const struct response *r)
{
	OWN_EVENT struct event ev = {0};

	(void)r;
	begin(d, &ev, "monitor_alert");
	record(&ev);
	return true;
}

/* "TOOL WORD POD MORE..."; that it fails is said once. */
static bool run_tool(const struct deed *d, const char *event, const char *const *words,
		     const struct strv *more)
{
	OWN_EVENT struct event ev = {0};
	OWN_STRV struct strv argv = {0};
	struct err e = {0};
	int r;

	for (; *words; words++)
		strv_add(&argv, *words);
	strv_add(&argv, d->pod->name);
	for (size_t i = 0; more && i < more->n; i++)
		strv_add(&argv, more->v[i]);
	begin(d, &ev, event);
	if (more)
		event_strv(&ev, "words", more->v);
	r = spawn_wait(argv.v, NULL, &e);
	add_status(&ev, r, &e);
	if (r == 0 || !d->again)
		record(&ev);
	return r == 0;
}

static bool do_freeze(const struct deed *d, const struct response *r)
{
	(void)r;
	return run_tool(d, "monitor_freeze",
			(const char *const[]){"pod-limit", "freeze", "--part", "all", NULL}, NULL);
}

static bool do_kill(const struct deed *d, const struct response *r)
{
	(void)r;
	return run_tool(d, "monitor_kill", (const char *const[]){"pod-limit", "kill", NULL}, NULL);
}

static bool do_restrict(const struct deed *d, const struct response *r)
{
	return run_tool(d, "monitor_restrict", (const char *const[]){"pod-limit", "set", NULL},
			&r->argv);
}

static bool do_snapshot(const struct deed *d, const struct response *r)
{
	const struct strv create = {.v = (char *[]){"create", NULL}, .n = 1};

	(void)r;
	return run_tool(d, "monitor_snapshot", (const char *const[]){"pod-mount", "snapshot", NULL},
			&create);
}

static void hook_input(const struct deed *d, struct buf *in)
{
	jw_open(in, '{');
	jw_knum(in, "v", 1);
	jw_kstr(in, "pod", d->pod->name);
	jw_kstr(in, "rule", d->rule->name);
	jw_key(in, "sample");
	if (d->sample)
		sample_text(in, d->sample, d->pod->name);
	else
		buf_str(in, "null");
	jw_close(in, '}');
	buf_char(in, '\n');
}

static bool do_hook(const struct deed *d, const struct response *r)
{
	OWN_EVENT struct event ev = {0};
	OWN_BUF struct buf in = BUF_INIT;
	struct err e = {0};
	int status;

	begin(d, &ev, "monitor_hook");
	event_strv(&ev, "argv", r->argv.v);
	hook_input(d, &in);
	status = hook_run(r, d->plan, &in, &e);
	add_status(&ev, status, &e);
	record(&ev);
	return status == 0;
}

static bool (*const deeds[RESPONSES])(const struct deed *d, const struct response *r) = {
	[RESPOND_ALERT] = do_alert,       [RESPOND_FREEZE] = do_freeze,
	[RESPOND_RESTRICT] = do_restrict, [RESPOND_KILL] = do_kill,
	[RESPOND_SNAPSHOT] = do_snapshot, [RESPOND_HOOK] = do_hook,
};

static const bool binds[RESPONSES] = {
	[RESPOND_FREEZE] = true, [RESPOND_RESTRICT] = true, [RESPOND_KILL] = true};

static int do_all(const struct deed *d)
{
	size_t failed = 0;

	for (size_t i = d->again ? d->again - 1 : 0; i < d->rule->n; i++) {
		const struct response *r = &d->rule->responses[i];

		if ((binds[r->type] || !d->again) && !deeds[r->type](d, r) && binds[r->type] &&
		    !failed)
			failed = i + 1;
	}
	return failed < UINT8_MAX ? (int)failed : UINT8_MAX;
}

pid_t deed_start(const struct deed *d, struct err *e)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		return err_set(e, errno, "respond to rule %s", d->rule->name);
	if (pid)
		return pid;
	prctl(PR_SET_NAME, "pod-respond");
	sigemptyset(&none); /* what we start shall hear of signals again */
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	_exit(do_all(d));
}

void deed_tell(const struct pod *pod, const char *event, const char *rule, const char *reason)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, pod->name, "monitor", event);
	if (rule)
		event_str(&ev, "rule", rule);
	event_str(&ev, "reason", reason);
	record(&ev);
}
