/* SPDX-License-Identifier: Apache-2.0 */
/* security: what a pod file lets through, by the table in findings.c. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-audit/findings.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/select.h"

#define POD_MAX (4u << 20) /* bytes of a pod.json, or of a live policy */

struct security {
	bool json;
	unsigned count[SEVERITIES];
	struct buf text[SEVERITIES]; /* the worst is printed first */
};

static void security_finish(struct security *s)
{
	for (int i = 0; i < SEVERITIES; i++)
		buf_finish(&s->text[i]);
}

/* Its strings only: true is a finding without evidence. */
static void list_evidence(struct strv *list, jv evidence)
{
	jv_array_foreach(evidence, i, item)
	{
		if (jv_get_kind(item) == JV_KIND_STRING)
			strv_add(list, jv_string_value(item));
		jv_free(item);
	}
	jv_free(evidence);
}

static void write_json(struct buf *b, const struct weakness *w, const struct strv *evidence)
{
	jw_open(b, '{');
	jw_kstr(b, "id", w->id);
	jw_kstr(b, "severity", severity_names[w->severity]);
	jw_kstr(b, "title", w->title);
	jw_kstr(b, "explanation", w->explanation);
	jw_kstr(b, "fix", w->fix);
	jw_kstrv(b, "evidence", evidence->v);
	jw_close(b, '}');
	buf_char(b, '\n');
}

static void write_text(struct buf *b, const struct weakness *w, const struct strv *evidence)
{
	buf_fmt(b, "%-8s  %-4s  %s\n", severity_names[w->severity], w->id, w->title);
	for (size_t i = 0; i < evidence->n; i++)
		buf_fmt(b, "                %s\n", esc(evidence->v[i]));
	buf_fmt(b, "          why   %s\n          fix   %s\n", w->explanation, w->fix);
}

static void tell(void *to, const struct weakness *w, jv evidence)
{
	struct security *s = to;
	OWN_STRV struct strv list = {0};

	list_evidence(&list, evidence);
	s->count[w->severity]++;
	(s->json ? write_json : write_text)(&s->text[w->severity], w, &list);
}

/* --- the pod --- */

static jv parse(const struct buf *b, const char *what, struct err *e)
{
	jv value = jv_parse_sized(b->data, (int)b->len);

	if (jv_get_kind(value) == JV_KIND_OBJECT)
		return value;
	jv_free(value);
	err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s is no JSON object", what);
	return jv_invalid();
}

/* What the one program that understands pod files makes of it. */
static int compile(const char *file, struct buf *out, struct err *e)
{
	char *argv[] = {"pod-config", "check", "--json", (char *)file, NULL};
	int r = spawn_capture(argv, out, POD_MAX, e);

	return r > 0 ? err_status(e, r, ERR_PLAIN, "%s is no pod file", esc(file)) : r;
}

static jv load_file(const char *file, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	return compile(file, &b, e) < 0 ? jv_invalid() : parse(&b, file, e);
}

/* What was changed since: added to pod as live.NAME.  A policy that cannot be read is an error. */
static int add_live(jv *pod, const struct pod *p, const char *name, struct err *e)
{
	OWN_FREE char *path = xfmt("policy/%s.json", name);
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->dir, path, &b, POD_MAX);
	jv live, value;

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "read %s/%s", p->path, path);
	value = parse(&b, path, e);
	if (!jv_is_valid(value))
		return -e->code;
	live = jv_object_get(jv_copy(*pod), jv_string("live"));
	if (!jv_is_valid(live)) {
		jv_free(live);
		live = jv_object();
	}
	*pod = jv_object_set(*pod, jv_string("live"), jv_object_set(live, jv_string(name), value));
	return 0;
}

static jv load_pod(const char *name, struct err *e)
{
	static const char *const policies[] = {"dns", "ports", "proxy"};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_BUF struct buf b = BUF_INIT;
	jv pod;
	int r;

	if (pod_open(&p, name, e) < 0)
		return jv_invalid();
	r = read_file_at(p.dir, "pod.json", &b, POD_MAX);
	if (r < 0) {
		err_set(e, -r, "read %s/pod.json", p.path);
		return jv_invalid();
	}
	pod = parse(&b, "pod.json", e);
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]) && jv_is_valid(pod); i++)
		if (add_live(&pod, &p, policies[i], e) < 0) {
			jv_free(pod);
			pod = jv_invalid();
		}
	return pod;
}

/* --- the answer --- */

static int severity_of(const char *word)
{
	for (int i = 0; i < SEVERITIES; i++)
		if (strcasecmp(word, severity_names[i]) == 0)
			return i;
	die(POD_EXIT_USAGE, "--fail-on %s: want low, medium, high or critical", esc(word));
}

/* The last time that `envpod verify` measured it, by the pod's log. */
struct measured {
	char at[40];
	double score, untried;
	bool partly; /* only some categories */
};

static void take_measured(void *to, const struct line *l, jv event)
{
	struct measured *m = to;
	jv ts = jv_object_get(jv_copy(event), jv_string("ts")),
	   score = jv_object_get(jv_copy(event), jv_string("score")),
	   untried = jv_object_get(jv_copy(event), jv_string("cannot_try")),
	   categories = jv_object_get(event, jv_string("categories"));

	(void)l;
	if (jv_get_kind(ts) == JV_KIND_STRING && jv_get_kind(score) == JV_KIND_NUMBER) {
		snprintf(m->at, sizeof(m->at), "%s", jv_string_value(ts));
		m->score = jv_number_value(score);
		m->untried = jv_get_kind(untried) == JV_KIND_NUMBER ? jv_number_value(untried) : 0;
		m->partly = jv_get_kind(categories) == JV_KIND_ARRAY &&
			    jv_array_length(jv_copy(categories)) > 0;
	}
	jv_free(ts);
	jv_free(score);
	jv_free(untried);
	jv_free(categories);
}

/* A log that cannot be read says nothing here; pod-audit verify does. */
static void find_measured(const char *pod, struct measured *m)
{
	OWN(selection_finish) struct selection last = {.n = 1};
	OWN(source_finish) struct source log = SOURCE_INIT;
	struct err ignored = {0};

	strv_add(&last.filter.events, "verify");
	strv_add(&last.filter.sources, "envpod");
	if (selection_open(&last, &log, pod, &ignored) == 0)
		selection_run(&last, &log, take_measured, m, &ignored);
}

static void print_measured(const char *pod)
{
	struct measured m = {.at = ""};

	find_measured(pod, &m);
	if (m.at[0])
		printf("Its walls were measured at %s: a score of %.0f%%%s, %.0f not tried; again by: "
		       "envpod verify %s\n",
		       esc(m.at), m.score, m.partly ? " in a part of the categories" : "",
		       m.untried, pod);
	else
		printf("What holds of its walls is measured by: envpod verify %s\n", pod);
}

/* What was said of a pod file; what holds of a pod is measured. */
static void print(const struct security *s, const char *pod)
{
	unsigned all = 0;

	for (int i = SEVERITIES - 1; i >= 0; i--) {
		all += s->count[i];
		if (s->text[i].len)
			fwrite(s->text[i].data, 1, s->text[i].len, stdout);
	}
	if (s->json)
		return;
	if (pod)
		print_measured(pod);
	printf("%u finding(s): %u critical, %u high, %u medium, %u low\n", all,
	       s->count[SEVERITY_CRITICAL], s->count[SEVERITY_HIGH], s->count[SEVERITY_MEDIUM],
	       s->count[SEVERITY_LOW]);
}

int cmd_security(int argc, char **argv)
{
	OWN(security_finish) struct security s = {0};
	const char *file = NULL, *fail_on = NULL;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &s.json, NULL, "an object a line"},
		{OPT_STR, 'c', "config", &file, "FILE", "a pod file, not a pod; - is stdin"},
		{OPT_STR, 0, "fail-on", &fail_on, "LEVEL",
		 "end with 1 at a finding of low, medium, high, critical or worse"},
		{0},
	};
	const struct opt_usage usage = {"pod-audit security [OPTION]... POD | -c FILE",
					"List what makes a pod weaker than it could be.", 0, 1, 0};
	struct err e = {0};
	int n = opt_parse(opts, &usage, argc, argv), level;
	jv pod;

	if ((n == 1) == (file != NULL))
		die(POD_EXIT_USAGE, "name a pod, or a pod file with -c");
	level = fail_on ? severity_of(fail_on) : SEVERITIES;
	pod = file ? load_file(file, &e) : load_pod(argv[0], &e);
	if (!jv_is_valid(pod) || findings_each(pod, tell, &s, &e) < 0)
		return say_err(&e);
	print(&s, file ? NULL : argv[0]);
	for (; level < SEVERITIES; level++)
		if (s.count[level])
			return POD_EXIT_NO;
	return POD_EXIT_OK;
}
