/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/say.h"

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

int reply_serve(int (*run)(const struct request *q, struct reply *y, struct err *e))
{
	OWN_REQUEST struct request q = {0};
	OWN_BUF struct buf in = BUF_INIT, out = BUF_INIT;
	OWN(reply_finish) struct reply y;
	struct err e = {0};
	int r = read_fd(0, &in, REQUEST_MAX);

	reply_init(&y);
	r = r < 0 ? err_set(&e, -r, "read the request")
		  : request_parse(&q, in.data ? in.data : "", in.len, &e);
	if (r == 0)
		r = run(&q, &y, &e);
	reply_print(&y, &e, &out);
	if (write_full(1, out.data, out.len) < 0)
		r = -EIO;
	if (e.code)
		say_error("%s", e.msg);
	return r < 0 ? POD_EXIT_FAILED : POD_EXIT_OK;
}
