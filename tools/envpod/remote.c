/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod remote: a hold on a pod from any terminal, whatever else attends to it.  There is no
 * server to ask: control groups, files and the audit log are the same from everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"
#include "tools/envpod/payload.h"
#include "tools/envpod/restrict.h"

struct remote {
	struct pod pod;
	const char *cores, *memory, *pids, *cpus, *disk, *payload;
	bool json;
	struct strv words; /* of a restriction, as restrict_pod() takes them */
	struct strv was;   /* the same, as it must be now */
	struct buf data;   /* JSON of the answer; empty: none */
	const char *message;
};

static void remote_finish(struct remote *r)
{
	pod_finish(&r->pod);
	strv_finish(&r->words);
	strv_finish(&r->was);
	buf_finish(&r->data);
}

static int run_words(const char *tool, const char *word, const char *pod)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, tool, word, pod, NULL);
	return front_run(&line);
}

/* --- the words --- */

static int do_freeze(struct remote *r)
{
	r->message = "frozen";
	return run_words("pod-limit", "freeze", r->pod.name);
}

static int do_resume(struct remote *r)
{
	r->message = "running again";
	return run_words("pod-limit", "thaw", r->pod.name);
}

static int do_kill(struct remote *r)
{
	r->message = "every process has ended";
	return session_kill(r->pod.name);
}

static void add_option(struct strv *words, const char *key, const char *value)
{
	if (value)
		strv_fmt(words, "%s=%s", key, value);
}

static int gather_words(struct remote *r, struct err *e)
{
	add_option(&r->words, "cpu.max", r->cores);
	add_option(&r->words, "memory.max", r->memory);
	add_option(&r->words, "pids.max", r->pids);
	add_option(&r->words, "cpuset.cpus", r->cpus);
	add_option(&r->words, "storage", r->disk);
	if (r->payload && payload_parse(&r->words, r->payload, strlen(r->payload), e) < 0)
		return -e->code;
	return r->words.n ? 0
			  : err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				       "restrict: say what: --cores, --memory, --pids, --cpus, "
				       "--disk, or --payload JSON");
}

/* Limits end with the pod's last run: for a pod that does not run there is nothing to restrict. */
static int do_restrict(struct remote *r)
{
	struct err e = {0};

	if (gather_words(r, &e) < 0)
		return say_err(&e);
	if (!pod_may_live(&r->pod)) {
		say_error("pod %s does not run; envpod resize changes what its next run gets",
			  r->pod.name);
		return POD_EXIT_FAILED;
	}
	r->message = "restricted";
	return restrict_pod(&r->pod, &r->words, &r->was);
}

static int do_status(struct remote *r)
{
	OWN_STRV struct strv line = {0};
	char word[] = "status", json[] = "--json";
	char *argv[] = {word, r->pod.name, r->json ? json : NULL, NULL};

	if (!r->json)
		return cmd_status(2, argv);
	front_words(&line, "pod-limit", "usage", "--json", r->pod.name, NULL);
	r->message = front_state(&r->pod);
	return front_capture(&line, &r->data);
}

static int do_alerts(struct remote *r)
{
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf lines = BUF_INIT;
	int status;

	front_words(&line, "pod-audit", "query", "--src", "monitor", r->pod.name, NULL);
	if (!r->json)
		return front_run(&line);
	strv_add(&line, "--json");
	status = front_capture(&line, &lines);
	jw_open(&r->data, '[');
	for (char *at = lines.data; at && *at; at += *at == '\n') {
		size_t n = strcspn(at, "\n");

		buf_fmt(&r->data, "%s%.*s", r->data.len > 1 ? "," : "", (int)n, at);
		at += n;
	}
	jw_close(&r->data, ']');
	return status;
}

static int do_reload(struct remote *r)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-dns", "edit", "--reload", r->pod.name, NULL);
	r->message = "names are read anew";
	return front_run(&line);
}

static const struct word {
	const char *word;
	int (*run)(struct remote *r);
	const char *event; /* NULL: it only looks */
	bool limits;       /* takes the options of a restriction */
} words[] = {
	{"freeze", do_freeze, "remote_freeze", false},
	{"resume", do_resume, "remote_resume", false},
	{"kill", do_kill, "remote_kill", false},
	{"restrict", do_restrict, "remote_restrict", true},
	{"status", do_status, NULL, false},
	{"alerts", do_alerts, NULL, false},
	{"dns-reload", do_reload, "remote_dns_reload", false},
	{0},
};

static const char *word_name(const void *from, int i)
{
	(void)from;
	return words[i].word;
}

static const struct word *find(const char *name)
{
	const char *near = nearest(name, word_name, NULL);

	for (const struct word *w = words; w->word; w++)
		if (strcmp(w->word, name) == 0)
			return w;
	say_error("remote: what is '%s'?%s%s%s freeze, resume, kill, restrict, status, alerts, "
		  "dns-reload",
		  esc(name), near ? " Did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

/* Who held the pod, and with what outcome: a freeze is not undone because a disk is full. */
static int put_on_record(const struct remote *r, const struct word *w, int status)
{
	OWN_EVENT struct event ev;
	struct pod_caller c;
	struct err e = {0};

	if (!w->event || front_print)
		return POD_EXIT_OK;
	event_init(&ev, r->pod.name, "envpod", w->event);
	if (pod_caller(&c, &e) == 0)
		event_str(&ev, "by", c.name);
	event_num(&ev, "status", status);
	if (r->words.n)
		event_strv(&ev, "limits", r->words.v);
	return record_event(&ev, true, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}

static void answer(const struct remote *r, const struct word *w, int status)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (front_print)
		return;
	if (!r->json) {
		if (status == 0 && w->event)
			printf("Pod %s: %s.\n", r->pod.name, r->message);
		return;
	}
	jw_open(&b, '{');
	jw_kbool(&b, "ok", status == 0);
	jw_kstr(&b, "pod", r->pod.name);
	jw_kstr(&b, "command", w->word);
	jw_knum(&b, "status", status);
	if (status == 0 && r->message)
		jw_kstr(&b, "message", r->message);
	jw_kstr(&b, "state", front_state(&r->pod));
	while (r->data.len && r->data.data[r->data.len - 1] == '\n')
		r->data.data[r->data.len - 1] = ' ';
	if (r->data.len) {
		jw_key(&b, "data");
		buf_add(&b, r->data.data, r->data.len);
	}
	jw_close(&b, '}');
	puts(b.data);
}

static bool has_limits(const struct remote *r)
{
	return r->cores || r->memory || r->pids || r->cpus || r->disk || r->payload || r->words.n ||
	       r->was.n;
}

int cmd_remote(int argc, char **argv)
{
	OWN(remote_finish) struct remote r = {.pod = POD_INIT};
	const struct opt opts[] = {
		{OPT_STR, 0, "cores", &r.cores, "N", "restrict: processor time, in cores"},
		{OPT_STR, 0, "memory", &r.memory, "SIZE", "restrict: memory"},
		{OPT_STR, 0, "pids", &r.pids, "N", "restrict: processes and threads"},
		{OPT_STR, 0, "cpus", &r.cpus, "LIST", "restrict: which processors (0-2,4)"},
		{OPT_STR, 0, "disk", &r.disk, "SIZE", "restrict: what all it writes may hold"},
		{OPT_STR, 0, "payload", &r.payload, "JSON", "restrict: the same as an object"},
		{OPT_LIST, 0, "limit", &r.words, "KEY=VALUE",
		 "restrict: a limit of pod-limit's, or storage=SIZE"},
		{OPT_LIST, 0, "was", &r.was, "KEY=VALUE",
		 "restrict: only if it is so now; 3 if not"},
		{OPT_FLAG, 'j', "json", &r.json, NULL, "answer with one JSON object"},
		{0},
	};
	const struct opt_usage usage = {"envpod remote [OPTION]... POD "
					"freeze|resume|kill|restrict|status|alerts|dns-reload",
					"Take hold of a pod from any terminal.", 2, 2, 0};
	const struct word *w;
	struct err e = {0};
	int status, recorded;

	opt_parse(opts, &usage, argc, argv);
	w = find(argv[1]);
	if (!w)
		return POD_EXIT_USAGE;
	if (has_limits(&r) && !w->limits)
		die(POD_EXIT_USAGE, "remote: limits are for restrict, not for %s", w->word);
	if (pod_open(&r.pod, argv[0], &e) < 0)
		return say_err(&e);
	status = w->run(&r);
	recorded = put_on_record(&r, w, status);
	answer(&r, w, status);
	return status ? status : recorded;
}
