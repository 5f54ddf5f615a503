/* SPDX-License-Identifier: Apache-2.0 */
/* events prints the table of events, or holds a log against it. */
#include <inttypes.h>
#include <jv.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/source.h"
#include "tools/pod-audit/table.h"

/* --- the table --- */

static void add_field(struct buf *b, const struct table_row *f)
{
	jw_open(b, '{');
	jw_kstr(b, "name", f->name);
	jw_kstr(b, "type", table_types[f->type]);
	jw_kbool(b, "pods_word", f->whose == WHOSE_POD);
	jw_kstr(b, "meaning", f->meaning);
	jw_close(b, '}');
}

static void print_json(const struct table_row *ev)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "src", ev->src);
	jw_kstr(&b, "event", ev->name);
	jw_kstr(&b, "severity", table_severities[ev->severity]);
	jw_kstr(&b, "outcome", table_outcomes[ev->outcome]);
	jw_kstr(&b, "meaning", ev->meaning);
	jw_key(&b, "fields");
	jw_open(&b, '[');
	for (const struct table_row *f = ev; (f = table_field(f));)
		add_field(&b, f);
	jw_close(&b, ']');
	jw_close(&b, '}');
	puts(b.data);
}

struct shown {
	const char *src, *event, *severity, *outcome, *meaning;
};

static void print_row(struct out *o, const struct table_row *ev)
{
	const struct shown row = {ev->src, ev->name, table_severities[ev->severity],
				  table_outcomes[ev->outcome], ev->meaning};

	out_row(o, &row);
}

/* One event at length: its members, "~" behind the type of what is the pod's word. */
static void print_members(const struct table_row *ev)
{
	printf("%s %s (%s, %s): %s\n", ev->src, ev->name, table_severities[ev->severity],
	       table_outcomes[ev->outcome], ev->meaning);
	for (const struct table_row *f = ev; (f = table_field(f));)
		printf("    %-20s %-7s%c %s\n", f->name, table_types[f->type],
		       f->whose == WHOSE_POD ? '~' : ' ', f->meaning);
}

static int print_table(bool json)
{
	static const struct col cols[] = {
		{"src", COL_STR, offsetof(struct shown, src), 9},
		{"event", COL_STR, offsetof(struct shown, event), 18},
		{"severity", COL_STR, offsetof(struct shown, severity), 8},
		{"outcome", COL_STR, offsetof(struct shown, outcome), 7},
		{"meaning", COL_STR, offsetof(struct shown, meaning), 0},
		{0},
	};
	struct out out = {.form = OUT_TEXT, .cols = cols};

	for (const struct table_row *ev = NULL; (ev = table_next(ev));)
		if (json)
			print_json(ev);
		else
			print_row(&out, ev);
	return POD_EXIT_OK;
}

static int print_named(char **names, bool json)
{
	for (; *names; names++) {
		bool found = false;

		for (const struct table_row *ev = NULL; (ev = table_next(ev));) {
			if (strcmp(ev->name, *names) != 0)
				continue;
			found = true;
			if (json)
				print_json(ev);
			else
				print_members(ev);
		}
		if (!found)
			die(POD_EXIT_USAGE, "there is no event '%s' (pod-audit events lists them)",
			    esc(*names));
	}
	return POD_EXIT_OK;
}

/* --- a log against it --- */

struct fault {
	const char *place, *src, *event, *member, *fault;
};

struct check {
	struct out out;
	bool found;
};

static bool is_type(jv value, enum table_type type)
{
	static const jv_kind kinds[] = {[TYPE_STR] = JV_KIND_STRING,
					[TYPE_NUM] = JV_KIND_NUMBER,
					[TYPE_LIST] = JV_KIND_ARRAY};
	jv_kind kind = jv_get_kind(value);

	return type == TYPE_BOOL ? kind == JV_KIND_TRUE || kind == JV_KIND_FALSE
				 : kind == kinds[type];
}

static void tell(struct check *c, const struct line *l, const char *src, const char *event,
		 const char *member, const char *fault)
{
	OWN_FREE char *place = xfmt("%s:%" PRIu64, l->segment, l->number);
	const struct fault row = {place, src, event, member, fault};

	out_row(&c->out, &row);
	c->found = true;
}

static void check_members(struct check *c, const struct line *l, const struct table_row *ev,
			  jv event)
{
	jv_object_foreach(event, key, value)
	{
		const char *name = jv_string_value(key);
		const struct table_row *f = table_member(ev, name);

		if (!table_is_frame(name) && !f)
			tell(c, l, ev->src, ev->name, name, "is not in the table of events");
		else if (f && !table_is_frame(name) && !is_type(value, f->type))
			tell(c, l, ev->src, ev->name, name, "has another type than in the table");
		jv_free(key);
		jv_free(value);
	}
}

static void check_line(struct check *c, const struct line *l)
{
	jv event = jv_parse_sized(l->text, (int)l->len), src, name;
	const struct table_row *ev;

	if (jv_get_kind(event) != JV_KIND_OBJECT) {
		jv_free(event);
		return; /* pod-audit verify says more */
	}
	src = jv_object_get(jv_copy(event), jv_string("src"));
	name = jv_object_get(jv_copy(event), jv_string("event"));
	if (jv_get_kind(src) == JV_KIND_STRING && jv_get_kind(name) == JV_KIND_STRING &&
	    table_has_src(jv_string_value(src))) {
		ev = table_find(jv_string_value(src), jv_string_value(name));
		if (ev)
			check_members(c, l, ev, event);
		else
			tell(c, l, jv_string_value(src), jv_string_value(name), "-",
			     "is not in the table of events");
	}
	jv_free(src);
	jv_free(name);
	jv_free(event);
}

static int check_log(const char *arg, bool archive, bool json)
{
	static const struct col cols[] = {
		{"place", COL_STR, offsetof(struct fault, place), 18},
		{"src", COL_STR, offsetof(struct fault, src), 9},
		{"event", COL_STR, offsetof(struct fault, event), 18},
		{"member", COL_STR, offsetof(struct fault, member), 12},
		{"fault", COL_STR, offsetof(struct fault, fault), 0},
		{0},
	};
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct check c = {.out = {.form = json ? OUT_JSON : OUT_TEXT, .cols = cols}};
	struct err e = {0};
	struct line *l;
	int r = source_open(&s, arg, archive, &e);

	while (r >= 0 && (r = source_next(&s, &l, &e)) > 0)
		if (!l->torn && !l->long_)
			check_line(&c, l);
	if (r < 0)
		return say_err(&e);
	return c.found ? POD_EXIT_NO : POD_EXIT_OK;
}

int cmd_events(int argc, char **argv)
{
	bool json = false, archive = false;
	const char *check = NULL;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "as NDJSON, with every member"},
		{OPT_STR, 'c', "check", &check, "LOG",
		 "hold this log (POD, DIR or -) against the table"},
		{OPT_FLAG, 'a', "archive", &archive, NULL,
		 "LOG is the name of a directory in the archive"},
		{0},
	};
	const struct opt_usage usage = {"pod-audit events [OPTION]... [NAME]...",
					"Print the table of all events, or these at length.", 0, 0,
					0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (check && n > 0)
		die(POD_EXIT_USAGE, "--check holds a whole log against the table: no names");
	if (check)
		return check_log(check, archive, json);
	return n > 0 ? print_named(argv, json) : print_table(json);
}
