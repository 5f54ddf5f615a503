/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/out.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "libcommon/jsonw.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

static const char *str_at(const void *row, const struct col *c)
{
	return *(const char *const *)((const char *)row + c->offset);
}

static uint64_t u64_at(const void *row, const struct col *c)
{
	return *(const uint64_t *)((const char *)row + c->offset);
}

static bool bool_at(const void *row, const struct col *c)
{
	return *(const bool *)((const char *)row + c->offset);
}

static void cell_text(const void *row, const struct col *c, struct buf *b)
{
	char human[16];

	if (c->kind == COL_STR)
		buf_esc(b, str_at(row, c) ? str_at(row, c) : "-");
	else if (c->kind == COL_SIZE)
		buf_str(b, unit_human(u64_at(row, c), human));
	else if (c->kind == COL_BOOL)
		buf_str(b, bool_at(row, c) ? "yes" : "no");
	else
		buf_fmt(b, "%" PRIu64, u64_at(row, c));
}

static void cell_json(const void *row, const struct col *c, struct buf *b)
{
	jw_key(b, c->name);
	if (c->kind == COL_STR && !str_at(row, c))
		buf_str(b, "null");
	else if (c->kind == COL_STR)
		jw_string(b, str_at(row, c));
	else if (c->kind == COL_BOOL)
		jw_bool(b, bool_at(row, c));
	else
		jw_number(b, (int64_t)u64_at(row, c));
}

static void heading(const struct col *cols)
{
	for (const struct col *c = cols; c->kind != COL_END; c++) {
		for (const char *p = c->name; *p; p++)
			putchar(*p == '_' ? ' ' : toupper((unsigned char)*p));
		if (c[1].kind != COL_END)
			printf("%*s", c->width - (int)snprintf(NULL, 0, "%s", c->name) + 2, "");
	}
	putchar('\n');
}

static void row_text(const struct out *o, const void *row)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (const struct col *c = o->cols; c->kind != COL_END; c++) {
		buf_clear(&b);
		cell_text(row, c, &b);
		if (c[1].kind != COL_END)
			printf("%-*s  ", c->width, b.data);
		else
			printf("%s\n", b.data);
	}
}

static void row_json(const struct out *o, const void *row)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	for (const struct col *c = o->cols; c->kind != COL_END; c++)
		cell_json(row, c, &b);
	jw_close(&b, '}');
	printf("%s\n", b.data);
}

void out_row(struct out *o, const void *row)
{
	if (o->form == OUT_NUL) {
		fputs(str_at(row, o->cols), stdout);
		putchar('\0');
	} else if (o->form == OUT_JSON) {
		row_json(o, row);
	} else {
		if (o->rows == 0)
			heading(o->cols);
		row_text(o, row);
	}
	o->rows++;
}
