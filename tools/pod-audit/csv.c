/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV by RFC 4180: CRLF behind each record, every field in quotes.  Spreadsheets take what begins
 * with one of = + - @, a tab or a CR for a formula, also in quotes: such a field gets an apostrophe
 * in front.  Members are one field, a JSON object, which begins with '{' whatever a pod says.
 */
#include <stdio.h>
#include <string.h>

#include "tools/pod-audit/format.h"
#include "tools/pod-audit/member.h"

void csv_head(struct buf *out)
{
	buf_str(out, "time,pod,seq,src,event,severity,outcome,members,pods_word,chain\r\n");
}

static void add(struct buf *out, const char *text)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_char(out, ',');
	buf_char(out, '"');
	if (*text && strchr("=+-@\t\r", *text))
		buf_char(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buf_char(out, '"');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

static void add_member(struct buf *out, const struct exported *x, const char *key)
{
	const char *text = member_str(x->event, key);

	add(out, text ? text : "");
}

static void add_seq(struct buf *out, const struct exported *x)
{
	char text[32] = "";
	int64_t seq;

	if (member_num(x->event, "seq", &seq))
		snprintf(text, sizeof(text), "%lld", (long long)seq);
	add(out, text);
}

static void add_object(struct buf *out, jv object)
{
	jv text = jv_dump_string(object, JV_PRINT_SORTED);

	add(out, jv_string_value(text));
	jv_free(text);
}

void csv_line(struct buf *out, const struct exported *x)
{
	jv ours, pods;

	member_split(x->event, x->row, &ours, &pods);
	add_member(out, x, "ts");
	add_member(out, x, "pod");
	add_seq(out, x);
	add(out, x->src);
	add(out, x->name);
	add(out, x->row ? table_severities[x->row->severity] : "");
	add(out, x->row ? table_outcomes[x->row->outcome] : "");
	add_object(out, ours);
	add_object(out, pods);
	add_member(out, x, "chain");
	buf_str(out, "\r\n");
}

void ndjson_line(struct buf *out, const struct exported *x)
{
	buf_add(out, x->line, x->len);
	buf_char(out, '\n');
}
