/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an executor is asked, one JSON object on standard input (envpod-actions(5)); what
 * pod-action and pod-action-http begin with:
 *	{"v":1,"id":…,"name":…,"type":…,"params":{…},"config":{…}}	do it
 *	{"v":1,"id":…,"type":…,"undo":{…}}				take it back
 */
#ifndef LIBCOMMON_REQUEST_H
#define LIBCOMMON_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define REQUEST_MAX (4u << 20) /* bytes */

struct request {
	char id[64], name[64], type[64];
	char *params,
		*config; /* objects, as they stand in the request; "{}" where there are none */
	char *undo;      /* NULL: do it */
};

#define OWN_REQUEST __attribute__((cleanup(request_finish), unused))

int request_parse(struct request *q, const char *data, size_t len, struct err *e);
void request_finish(struct request *q);

/*
 * Members of an object that request_parse() has taken.  The texts: 1, and appended; 0 where there
 * is no such member; -EINVAL with e set where it is of another kind.
 */
int member_text(const char *object, const char *key, struct buf *out, struct err *e);
int member_list(const char *object, const char *key, struct strv *out, struct err *e);
/* Of an object of texts: "KEY", "VALUE" in turn. */
int member_map(const char *object, const char *key, struct strv *out, struct err *e);
int member_flag(const char *object, const char *key, bool *out, struct err *e);
int member_number(const char *object, const char *key, int64_t *out, struct err *e);
/* Any value as it stands there. */
int member_raw(const char *object, const char *key, struct buf *out, struct err *e);

/* A text that must be there, without a NUL; caller frees.  NULL with e set. */
char *member_need(const char *object, const char *key, struct err *e);
/* One that may be; NULL without a word where there is none, with e->code set on a fault. */
char *member_may(const char *object, const char *key, struct err *e);

#endif
