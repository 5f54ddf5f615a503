/* SPDX-License-Identifier: Apache-2.0 */
/* Which events are wanted, and how one is shown: shared by query and follow. */
#ifndef POD_AUDIT_FILTER_H
#define POD_AUDIT_FILTER_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-audit/source.h"

struct jq_state;

struct filter {
	/* as typed */
	struct strv events, sources;
	const char *since, *until, *where;
	/* made of it by filter_compile() */
	int64_t from_us, to_us;
	struct strv needles; /* of events, as they stand in a line */
	struct jq_state *jq;
	bool canonical;     /* lines were written by us: a name can be looked for as text */
	uint64_t jq_failed; /* events the program failed on; they are left out */
	char jq_message[200];
};

/* Check times and compile the program: 0, or -EINVAL with status 64 and e set. */
int filter_compile(struct filter *f, struct err *e);
void filter_finish(struct filter *f);

/* Is every event wanted? */
bool filter_is_open(const struct filter *f);

/*
 * Is the line wanted?  1: yes, *event is its object, the caller's to free; 0: no; -EINVAL: it is
 * no JSON object.
 */
int filter_match(struct filter *f, const struct line *l, jv *event);

#endif
