/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/jsonw.h"

void reply_init(struct reply *y)
{
	*y = (struct reply){0};
	jw_open(&y->result, '{');
	jw_open(&y->undo, '{');
}

void reply_finish(struct reply *y)
{
	buf_finish(&y->result);
	buf_finish(&y->undo);
	free(y->never);
	y->never = NULL;
}

void reply_never(struct reply *y, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (y->never)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	y->never = xstrdup(text);
}

static void print_done(struct reply *y, struct buf *out)
{
	bool undo = y->undo.len > 1 && !y->never;

	jw_close(&y->result, '}');
	jw_close(&y->undo, '}');
	jw_key(out, "result");
	buf_add(out, y->result.data, y->result.len);
	jw_key(out, "undo");
	buf_str(out, undo ? y->undo.data : "null");
	if (!undo)
		jw_kstr(out, "irreversible", y->never ? y->never : "there is nothing to take back");
}

void reply_print(struct reply *y, const struct err *e, struct buf *out)
{
	jw_open(out, '{');
	jw_kbool(out, "ok", !e->code);
	if (e->code)
		jw_kstr(out, "error", e->msg);
	else
		print_done(y, out);
	jw_close(out, '}');
	buf_char(out, '\n');
}
