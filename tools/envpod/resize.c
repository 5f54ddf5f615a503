/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod resize: what a pod may use, in its pod file and, while it runs, at once.  All or nothing:
 * saved first, because that judges every value; then /tmp, then the limits, which are all or
 * nothing themselves; where one of them fails, what was done before it is put back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "tools/envpod/front.h"

enum how { LIVE_LIMIT, LIVE_TMP, LIVE_DISK, STOPPED };

static const struct size {
	const char *option, *arg, *key, *plan, *help;
	enum how how;
} sizes[] = {
	{"cpus", "N", "processor.cores", "cpu.max", "processor time, in cores", LIVE_LIMIT},
	{"memory", "SIZE", "processor.memory", "memory.max", "memory", LIVE_LIMIT},
	{"max-pids", "N", "processor.max_pids", "pids.max", "processes and threads", LIVE_LIMIT},
	{"cpu-affinity", "LIST", "processor.cpu_affinity", "cpuset.cpus",
	 "which processors (0-2,4)", LIVE_LIMIT},
	{"tmp-size", "SIZE", "processor.tmp_size", "tmp_size", "what /tmp may hold", LIVE_TMP},
	{"disk-size", "SIZE", "processor.disk_size", "budget.storage",
	 "what all it writes may hold", LIVE_DISK},
	{"gpu", "yes|no", "devices.gpu", NULL, "graphics processors; of a stopped pod", STOPPED},
	{"display", "yes|no", "devices.display", NULL, "the host's display; of a stopped pod",
	 STOPPED},
	{"audio", "yes|no", "devices.audio", NULL, "sound; of a stopped pod", STOPPED},
	{"desktop", "NAME", "devices.desktop_env", NULL,
	 "none, xfce, openbox, sway; of a stopped pod", STOPPED},
	{"web-display", "NAME", "web_display.type", NULL, "none, novnc; of a stopped pod", STOPPED},
};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct resize {
	struct pod pod;
	struct plan before, after;
	const char *value[SIZES]; /* NULL: not asked for */
	struct strv was;          /* KEY=TEXT: what the pod file must say */
	struct strv old;          /* KEY=TEXT: what it said */
	bool live;
};

static void resize_finish(struct resize *r)
{
	plan_finish(&r->before);
	plan_finish(&r->after);
	strv_finish(&r->was);
	strv_finish(&r->old);
	pod_finish(&r->pod);
}

/* --- what was asked --- */

static bool asks(const struct resize *r, enum how how)
{
	for (size_t i = 0; i < SIZES; i++)
		if (r->value[i] && sizes[i].how == how)
			return true;
	return false;
}

static int check(const struct resize *r)
{
	if (!asks(r, LIVE_LIMIT) && !asks(r, LIVE_TMP) && !asks(r, LIVE_DISK) &&
	    !asks(r, STOPPED)) {
		say_error("resize: say what (see envpod resize --help)");
		return POD_EXIT_USAGE;
	}
	if (r->live && asks(r, STOPPED)) {
		say_error("pod %s runs, and devices are given when it starts: envpod stop %s first",
			  r->pod.name, r->pod.name);
		return POD_EXIT_BUSY;
	}
	return POD_EXIT_OK;
}

/* "default" is what the pod file has without the key. */
static const char *text_of(const char *value)
{
	return strcmp(value, "default") == 0 ? "" : value;
}

/* --- the pod file --- */

static void take_lines(struct strv *to, const struct buf *text)
{
	for (const char *at = text->data; at && *at; at += *at == '\n') {
		size_t n = strcspn(at, "\n");

		strv_fmt(to, "%.*s", (int)n, at);
		at += n;
	}
}

static int save(struct resize *r)
{
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf said = BUF_INIT;
	int status;

	front_words(&line, "pod-config", "set", "--print-old", NULL);
	for (size_t i = 0; i < r->was.n; i++)
		front_words(&line, "--was", r->was.v[i], NULL);
	strv_add(&line, r->pod.name);
	for (size_t i = 0; i < SIZES; i++)
		if (r->value[i])
			strv_fmt(&line, "%s=%s", sizes[i].key, text_of(r->value[i]));
	status = front_capture(&line, &said);
	take_lines(&r->old, &said);
	return status;
}

static void save_back(const struct resize *r)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-config", "set", r->pod.name, NULL);
	for (size_t i = 0; i < r->old.n; i++)
		strv_add(&line, r->old.v[i]);
	if (front_run(&line) != 0)
		say_error("pod %s: its pod file could not be put back; envpod check says what it "
			  "has",
			  r->pod.name);
}

/* --- what runs --- */

static int resize_tmp(const struct resize *r, const struct plan *to)
{
	OWN_STRV struct strv line = {0};

	if (!r->live || !asks(r, LIVE_TMP))
		return POD_EXIT_OK;
	front_words(&line, "pod-mount", "resize", "--tmp-size", NULL);
	strv_fmt(&line, "%llu", (unsigned long long)plan_u64(to, "tmp_size", 100u << 20));
	strv_add(&line, r->pod.name);
	return front_run(&line);
}

static int resize_disk(const struct resize *r, const struct plan *to)
{
	OWN_STRV struct strv line = {0};

	if (!r->live || !asks(r, LIVE_DISK))
		return POD_EXIT_OK;
	front_words(&line, "pod-mount", "quota", "--no-undo", r->pod.name,
		    plan_str(to, "budget.storage", "none"), NULL);
	return front_run(&line);
}

/* What the plan lacks is no limit; for a list of processors that is all there are. */
static void add_limit(struct strv *line, const char *key, const char *value)
{
	OWN_FD int sys = -1;
	char online[1024];

	if (!value && strcmp(key, "cpuset.cpus") == 0) {
		sys = open("/sys/devices/system/cpu", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (sys >= 0 && read_line_at(sys, "online", online, sizeof(online)) == 0)
			value = online;
	}
	strv_fmt(line, "%s=%s", key, value ? value : "max");
}

/* Taking something back, the limit must be what the pod file said, or somebody changed it. */
static int limit(const struct resize *r)
{
	OWN_STRV struct strv line = {0};

	if (!r->live || !asks(r, LIVE_LIMIT))
		return POD_EXIT_OK;
	front_words(&line, "pod-limit", "set", "--no-undo", NULL);
	for (size_t i = 0; i < SIZES && r->was.n; i++)
		if (r->value[i] && sizes[i].how == LIVE_LIMIT &&
		    plan_str(&r->before, sizes[i].plan, NULL)) {
			strv_add(&line, "--was");
			add_limit(&line, sizes[i].plan, plan_str(&r->before, sizes[i].plan, NULL));
		}
	strv_add(&line, r->pod.name);
	for (size_t i = 0; i < SIZES; i++)
		if (r->value[i] && sizes[i].how == LIVE_LIMIT)
			add_limit(&line, sizes[i].plan, plan_str(&r->after, sizes[i].plan, NULL));
	return front_run(&line);
}

/* --- on record --- */

static const char *old_of(const struct resize *r, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < r->old.n; i++)
		if (strncmp(r->old.v[i], key, n) == 0 && r->old.v[i][n] == '=')
			return r->old.v[i] + n + 1;
	return "";
}

/* The reverse is another resize, which looks whether the pod file says what this one wrote. */
static int register_undo(const struct resize *r, struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	char id[UNDO_ID];

	strv_add(&n.what, "resize");
	undo_words(&n.run, "envpod", "resize", NULL);
	for (size_t i = 0; i < SIZES; i++) {
		const char *old = old_of(r, sizes[i].key);

		if (!r->value[i] || strcmp(old, text_of(r->value[i])) == 0)
			continue;
		strv_fmt(&n.what, "%s=%s", sizes[i].option, r->value[i]);
		strv_add(&n.run, "--was");
		strv_fmt(&n.run, "%s=%s", sizes[i].key, text_of(r->value[i]));
		strv_fmt(&n.run, "--%s=%s", sizes[i].option, *old ? old : "default");
	}
	strv_add(&n.run, r->pod.name);
	return n.what.n > 1 ? undo_register(&r->pod, &n, id, e) : 0;
}

static int put_on_record(const struct resize *r, struct err *e)
{
	OWN_EVENT struct event ev;
	struct pod_caller c;
	struct err ignored = {0};

	event_init(&ev, r->pod.name, "envpod", "resize");
	if (pod_caller(&c, &ignored) == 0)
		event_str(&ev, "by", c.name);
	event_bool(&ev, "live", r->live);
	for (size_t i = 0; i < SIZES; i++)
		if (r->value[i])
			event_str(&ev, sizes[i].option, r->value[i]);
	return record_event(&ev, true, e);
}

/* What was done is put back where the next step fails. */
static int make_live(const struct resize *r)
{
	int status = resize_tmp(r, &r->after);

	if (status)
		return status;
	status = resize_disk(r, &r->after);
	if (status == POD_EXIT_OK) {
		status = limit(r);
		if (status)
			resize_disk(r, &r->before);
	}
	if (status)
		resize_tmp(r, &r->before);
	return status;
}

static int carry_out(struct resize *r)
{
	struct err e = {0};
	int status = save(r);

	if (status)
		return status;
	if (plan_open(&r->after, &r->pod, &e) < 0)
		status = say_err(&e);
	if (!status)
		status = make_live(r);
	if (status) {
		save_back(r);
		return status;
	}
	if (register_undo(r, &e) < 0 || put_on_record(r, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}

int cmd_resize(int argc, char **argv)
{
	OWN(resize_finish) struct resize r = {.pod = POD_INIT};
	struct opt opts[SIZES + 2] = {{0}};
	const struct opt_usage usage = {"envpod resize OPTION... POD",
					"Change what a pod may use, now and in its pod file.", 1, 1,
					0};
	struct err e = {0};
	int status;

	for (size_t i = 0; i < SIZES; i++)
		opts[i] = (struct opt){OPT_STR,         0,
				       sizes[i].option, (void *)&r.value[i],
				       sizes[i].arg,    sizes[i].help};
	opts[SIZES] = (struct opt){OPT_LIST, 0,           "was",
				   &r.was,   "KEY=VALUE", "only if the pod file says so; 3 if not"};
	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&r.pod, argv[0], &e) < 0 || plan_open(&r.before, &r.pod, &e) < 0)
		return say_err(&e);
	r.live = pod_may_live(&r.pod);
	status = check(&r);
	return status ? status : carry_out(&r);
}
