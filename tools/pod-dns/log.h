/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the daemon, one JSON object a line as event_init() makes them, but formatted by hand:
 * there is one for each question.  Lines are gathered and written in pieces of at most 4096 bytes
 * that end with a line.  A reader who is slow never holds up an answer: lines are counted and
 * dropped, refusals last.
 */
#ifndef POD_DNS_LOG_H
#define POD_DNS_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "tools/pod-dns/answers.h"
#include "tools/pod-dns/rules.h"

struct log_lines {
	char *data;
	size_t len, max;
};

struct counters;

struct log {
	int fd;
	char pod[64];
	struct log_lines plain, refusals;
	struct counters *counters; /* NULL: nobody counts */
	uint64_t lost;             /* since it was last said */
	long second;               /* of stamp */
	char stamp[24];
};

/* What became of one question. */
struct log_query {
	const char *name; /* text of a name */
	uint16_t type;
	const char *decision, *rule;
	const char *reason; /* NULL, or why it was refused */
	unsigned rcode;
	const struct answer *answer; /* NULL: none */
	uint64_t micros;
	bool is_cached, is_refused;
	long uid; /* who asks, -1: not known */
};

void log_init(struct log *l, int fd, const char *pod);
void log_finish(struct log *l);
void log_query(struct log *l, const struct log_query *q);
/* Any other event; key NULL for none. Kept like a refusal. */
void log_event(struct log *l, const char *event, const char *key, const char *text);
/* The dummy of a key was in a name that was asked. */
void log_canary(struct log *l, const char *name, const char *key, bool freeze);
/* Write what is there. */
void log_flush(struct log *l);
bool log_waits(const struct log *l); /* something could not be written yet */

/* "A", "TYPE65280" */
const char *type_text(uint16_t type, char out[16]);
int type_parse(const char *text, uint16_t *type); /* -EINVAL */

#endif
