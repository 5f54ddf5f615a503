/* SPDX-License-Identifier: Apache-2.0 */
/* What an executor answers: one JSON object, made of parts that may be filled in any order. */
#ifndef LIBCOMMON_REPLY_H
#define LIBCOMMON_REPLY_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/request.h"

struct reply {
	struct buf result; /* members of an object: jw_kstr(&y->result, …) between its brackets */
	struct buf undo;   /* likewise; empty: nothing takes it back */
	char *never;       /* why */
};

void reply_init(struct reply *y);
void reply_finish(struct reply *y);
/* The first reason stays. */
void reply_never(struct reply *y, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append the finished object and a newline; of e, where it failed, its message. */
void reply_print(struct reply *y, const struct err *e, struct buf *out);

/*
 * An executor's main: the request of standard input is run, its answer printed; a failure's message
 * goes to stderr as well.  An exit status.
 */
int reply_serve(int (*run)(const struct request *q, struct reply *y, struct err *e));

#endif
