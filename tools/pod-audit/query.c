/* SPDX-License-Identifier: Apache-2.0 */
/* query lists what is there; follow (and query -f) goes on with what comes. */
#include <stdio.h>

#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-audit/follow.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/select.h"
#include "tools/pod-audit/show.h"

struct query {
	struct selection selection;
	struct show show;
	bool json, follow;
};

static void query_finish(struct query *q)
{
	selection_finish(&q->selection);
}

static void show(void *to, const struct line *l, jv event)
{
	struct query *q = to;

	show_event(&q->show, l->text, l->len, event);
}

static void show_line(void *to, const struct line *l)
{
	struct query *q = to;

	selection_line(&q->selection, l, show, q);
}

static int run_query(struct query *q, const char *arg)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct err e = {0};
	int r = selection_open(&q->selection, &s, arg, &e);

	if (r == 0)
		r = selection_run(&q->selection, &s, show, q, &e);
	if (r == 0 && q->follow)
		r = follow_source(&s, show_line, q, &e);
	return r < 0 ? say_err(&e) : selection_status(&q->selection);
}

static int query_main(int argc, char **argv, bool follow)
{
	OWN(query_finish) struct query q = {.follow = follow};
	const struct opt opts[] = {
		SELECTION_OPTS(&q.selection),
		{OPT_FLAG, 'j', "json", &q.json, NULL, "the lines as they are stored"},
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
