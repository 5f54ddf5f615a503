/* SPDX-License-Identifier: Apache-2.0 */
/* export writes events as other programs read them. */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-audit/follow.h"
#include "tools/pod-audit/format.h"
#include "tools/pod-audit/member.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/select.h"

static const struct format {
	const char *name;
	void (*head)(struct buf *out);
	void (*line)(struct buf *out, const struct exported *x);
} formats[] = {
	{"ndjson", NULL, ndjson_line},
	{"csv", csv_head, csv_line},
	{"ocsf", NULL, ocsf_line},
};

struct job {
	struct selection selection;
	const struct format *format;
	struct buf out;
	bool follow;
};

static void export_finish(struct job *x)
{
	selection_finish(&x->selection);
	buf_finish(&x->out);
}

static void put(struct job *x)
{
	fwrite(x->out.data, 1, x->out.len, stdout);
	buf_clear(&x->out);
}

static void write_event(void *to, const struct line *l, jv event)
{
	struct job *e = to;
	const char *src = member_str(event, "src"), *name = member_str(event, "event");
	struct exported x = {.line = l->text,
			     .len = l->len,
			     .event = event,
			     .src = src ? src : "",
			     .name = name ? name : ""};

	x.row = table_find(x.src, x.name);
	e->format->line(&e->out, &x);
	put(e);
	jv_free(event);
}

static void write_line(void *to, const struct line *l)
{
	struct job *x = to;

	selection_line(&x->selection, l, write_event, x);
}

static int run_export(struct job *x, const char *arg)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct err e = {0};
	int r = selection_open(&x->selection, &s, arg, &e);

	if (r == 0 && x->format->head) {
		x->format->head(&x->out);
		put(x);
	}
	if (r == 0)
		r = selection_run(&x->selection, &s, write_event, x, &e);
	if (r == 0 && x->follow)
		r = follow_source(&s, write_line, x, &e);
	return r < 0 ? say_err(&e) : selection_status(&x->selection);
}

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; name && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	if (name)
		die(POD_EXIT_USAGE, "'%s' is no format: give ndjson, csv or ocsf", esc(name));
	die(POD_EXIT_USAGE, "say in which format: --format ndjson, csv or ocsf");
}

int cmd_export(int argc, char **argv)
{
	OWN(export_finish) struct job x = {0};
	const char *format = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'F', "format", &format, "FORMAT", "ndjson, csv or ocsf"},
		SELECTION_OPTS(&x.selection),
		{OPT_FLAG, 'f', "follow", &x.follow, NULL, "go on with what comes"},
		{0},
	};
	const struct opt_usage usage = {"pod-audit export --format FORMAT [OPTION]... POD|DIR|-",
					"Write events as other programs read them.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	x.format = find_format(format);
	return run_export(&x, argv[0]);
}
