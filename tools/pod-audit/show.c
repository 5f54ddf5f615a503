/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/show.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-audit/table.h"

struct row {
	const char *time, *src, *event, *detail;
};

static const struct col cols[] = {
	{"time", COL_STR, offsetof(struct row, time), 20},
	{"src", COL_STR, offsetof(struct row, src), 9},
	{"event", COL_STR, offsetof(struct row, event), 15},
	{"detail", COL_STR, offsetof(struct row, detail), 0},
	{0},
};

void show_init(struct show *s, bool json)
{
	*s = (struct show){.json = json, .out = {.form = OUT_TEXT, .cols = cols}};
}

static void add_value(struct buf *b, jv value);

static void add_string(struct buf *b, const char *s)
{
	bool plain = *s && !strpbrk(s, " \t\n\"=[]{}");

	buf_fmt(b, plain ? "%s" : "\"%s\"", s);
}

static void add_list(struct buf *b, jv list)
{
	buf_char(b, '[');
	jv_array_foreach(list, i, value)
	{
		if (i > 0)
			buf_char(b, ' ');
		add_value(b, value);
	}
	buf_char(b, ']');
}

/* Is that member of the event the pod's word?  What the table does not know is not told apart. */
static bool is_said(const struct table_row *event, const char *key)
{
	const struct table_row *f = event ? table_member(event, key) : NULL;

	return f && f->whose == WHOSE_POD;
}

/* key=value, blanks between them, key~=value for the pod's word; of an event (outermost) without
 * what has a column of its own or says nothing to people. */
static void add_fields(struct buf *b, jv object, bool outermost, const struct table_row *event)
{
	bool first = true;

	jv_object_foreach(object, key, value)
	{
		const char *name = jv_string_value(key);

		if (outermost && table_is_frame(name)) {
			jv_free(value);
		} else {
			buf_fmt(b, "%s%s%s", first ? "" : " ", name,
				is_said(event, name) ? "~=" : "=");
			add_value(b, value);
			first = false;
		}
		jv_free(key);
	}
}

/* For eyes, not for programs: what is hostile in it is escaped by the row.  Consumes value. */
static void add_value(struct buf *b, jv value)
{
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_STRING) {
		add_string(b, jv_string_value(value));
	} else if (kind == JV_KIND_ARRAY) {
		add_list(b, value);
	} else if (kind == JV_KIND_OBJECT) {
		buf_char(b, '{');
		add_fields(b, value, false, NULL);
		buf_char(b, '}');
	} else {
		jv text = jv_dump_string(jv_copy(value), 0);

		buf_str(b, jv_string_value(text));
		jv_free(text);
	}
	jv_free(value);
}

/* The value of a string field, "-" otherwise; caller frees. */
static char *field(jv event, const char *key)
{
	jv value = jv_object_get(jv_copy(event), jv_string(key));
	char *s = xstrdup(jv_get_kind(value) == JV_KIND_STRING ? jv_string_value(value) : "-");

	jv_free(value);
	return s;
}

/* Seconds are enough for eyes. */
static void shorten_time(char *ts)
{
	char *dot = strchr(ts, '.'), *zone = dot ? dot + 1 + strspn(dot + 1, "0123456789") : NULL;

	if (dot)
		memmove(dot, zone, strlen(zone) + 1);
}

static void show_row(struct show *s, jv event)
{
	OWN_BUF struct buf detail = BUF_INIT;
	OWN_FREE char *time = field(event, "ts");
	OWN_FREE char *src = field(event, "src");
	OWN_FREE char *name = field(event, "event");
	struct row row = {time, src, name, NULL};

	shorten_time(time);
	add_fields(&detail, event, true, table_find(src, name));
	row.detail = detail.len ? detail.data : "";
	out_row(&s->out, &row);
}

void show_event(struct show *s, const char *line, size_t len, jv event)
{
	if (s->json) {
		fwrite(line, 1, len, stdout);
		putchar('\n');
	} else {
		show_row(s, event);
	}
	jv_free(event);
}
