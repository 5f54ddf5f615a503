/* SPDX-License-Identifier: Apache-2.0 */
/* query lists what is there; follow (and query -f) goes on with what comes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-audit/filter.h"
#include "tools/pod-audit/follow.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/show.h"
#include "tools/pod-audit/source.h"

#define LAST_MAX 1000000 /* more are not kept back; without -n nothing is */

/* The last n lines that matched, in a ring; n 0: none is kept back. */
struct last {
	uint64_t n, count;
	char **ring;
};

static void last_finish(struct last *k)
{
	for (uint64_t i = 0; k->ring && i < k->n; i++)
		free(k->ring[i]);
	free(k->ring);
}

static void last_keep(struct last *k, const struct line *l)
{
	char **slot = &k->ring[k->count++ % k->n];

	*slot = xrealloc(*slot, l->len + 1);
	memcpy(*slot, l->text, l->len);
	(*slot)[l->len] = '\0';
}

struct query {
	struct filter filter;
	struct show show;
	struct last last;
	bool json, archive, follow;
	uint64_t bad; /* lines that are no events */
};

static void query_finish(struct query *q)
{
	filter_finish(&q->filter);
	last_finish(&q->last);
}

/* 1 and the event, 0, or -EINVAL counted: see filter_match(). */
static int match(struct query *q, const struct line *l, jv *event)
{
	int r = filter_match(&q->filter, l, event);

	if (r < 0 && q->bad++ == 0)
		say_warn("%s:%" PRIu64 ": not an event, left out (pod-audit verify says more)",
			 l->segment, l->number);
	return r;
}

static void show_line(void *to, const struct line *l)
{
	struct query *q = to;
	jv event;

	if (match(q, l, &event) > 0)
		show_event(&q->show, l->text, l->len, event);
}

/* Where every event is wanted, those that -n drops are not even parsed. */
static void keep_line(struct query *q, const struct line *l)
{
	jv event;

	if (filter_is_open(&q->filter) && !l->torn && !l->long_) {
		last_keep(&q->last, l);
	} else if (match(q, l, &event) > 0) {
		last_keep(&q->last, l);
		jv_free(event);
	}
}

static void show_last(struct query *q)
{
	const struct last *k = &q->last;
	uint64_t from = k->count > k->n ? k->count - k->n : 0;

	for (uint64_t i = from; i < k->count; i++) {
		struct line l = {.text = k->ring[i % k->n], .segment = "kept", .number = i + 1};

		l.len = strlen(l.text);
		show_line(q, &l);
	}
}

/* What was left out must not pass for "nothing happened". */
static int judge(const struct query *q)
{
	if (q->filter.jq_failed) {
		say_error("--where failed on %" PRIu64 " event(s), which were left out; the first "
			  "said: %s",
			  q->filter.jq_failed, esc(q->filter.jq_message));
		return POD_EXIT_CONFIG;
	}
	return q->bad ? POD_EXIT_FAILED : POD_EXIT_OK;
}

static int run_query(struct query *q, const char *arg)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct line *l;
	struct err e = {0};
	int r;

	if (filter_compile(&q->filter, &e) < 0 || source_open(&s, arg, q->archive, &e) < 0)
		return say_err(&e);
	q->filter.canonical = s.dir >= 0;
	if (q->last.n)
		q->last.ring = xcalloc(q->last.n, sizeof(*q->last.ring));
	while ((r = source_next(&s, &l, &e)) > 0)
		if (q->last.n)
			keep_line(q, l);
		else
			show_line(q, l);
	if (q->last.n)
		show_last(q);
	if (r == 0 && q->follow)
		r = follow_source(&s, show_line, q, &e);
	return r < 0 ? say_err(&e) : judge(q);
}

static int query_main(int argc, char **argv, bool follow)
{
	OWN(query_finish) struct query q = {.follow = follow};
	uint64_t n = 0;
	const struct opt opts[] = {
		{OPT_LIST, 'e', "event", &q.filter.events, "NAME", "only events of this name"},
		{OPT_LIST, 0, "src", &q.filter.sources, "NAME", "only events of this source"},
		{OPT_STR, 's', "since", &q.filter.since, "TIME", "not before: RFC 3339, or 5m ago"},
		{OPT_STR, 'u', "until", &q.filter.until, "TIME", "before"},
		{OPT_STR, 'w', "where", &q.filter.where, "JQ",
		 "only where this jq program says so"},
		{OPT_U64, 'n', "last", &n, "N", "only the last N of them"},
		{OPT_FLAG, 'j', "json", &q.json, NULL, "the lines as they are stored"},
		{OPT_FLAG, 'a', "archive", &q.archive, NULL,
		 "POD is the name of a directory in the archive"},
		{follow ? OPT_END : OPT_FLAG, 'f', "follow", &q.follow, NULL,
		 "go on with what comes"},
		{0},
	};
	const struct opt_usage usage = {follow ? "pod-audit follow [OPTION]... POD|DIR"
					       : "pod-audit query [OPTION]... POD|DIR|-",
					follow ? "List events, and go on as they happen."
					       : "List the events of an audit log.",
					1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (n > LAST_MAX)
		die(POD_EXIT_USAGE, "-n %" PRIu64 ": at most %d; leave it out for all", n,
		    LAST_MAX);
	q.last.n = n;
	show_init(&q.show, q.json);
	return run_query(&q, argv[0]);
}

int cmd_query(int argc, char **argv)
{
	return query_main(argc, argv, false);
}

int cmd_follow(int argc, char **argv)
{
	return query_main(argc, argv, true);
}
