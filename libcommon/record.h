/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the audit log (envpod-audit(5)): STATE/pods/NAME/audit/NNNNNN.jsonl, one JSON object a
 * line, appended under the lock audit/lock by one write(2).
 *
 * Every line ends with "seq", "chain" and, where the directory has a seal (logseal.h), "seal":
 *     {"v":1,"ts":…,"pod":…,"src":…,"event":…,…,"seq":N,"chain":"HEX","seal":"HEX"}
 * where chain = BLAKE2b-256(previous line's chain, "\n", this line without chain and seal), the
 * first line's previous chain being 64 zeros.  `b2sum -l 256` gives the same.
 *
 * First the lines are written, then the seal's next key in the place of the one that sealed them.
 * So after a crash the seal is behind, and catches up.  If it is ahead, lines were lost, with the
 * power or by somebody's hand: the next line is an event log_cut, which has the seq the seal goes
 * on with, so that none is ever given out twice.
 *
 * Where ENVPOD_TOOLS puts another pod-audit in front, record_event() hands the event to its
 * `append` instead, so that an integrator's log sees everything.
 */
#ifndef LIBCOMMON_RECORD_H
#define LIBCOMMON_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/logseal.h"

#define RECORD_LINE_MAX    65536 /* bytes of one line with its newline; longer fields are cut */
#define RECORD_SEGMENT_MAX (64ull << 20) /* a longer segment is followed by the next number; */
#define RECORD_SEGMENT_ENV "ENVPOD_AUDIT_SEGMENT" /* another number of bytes, at least 4096 */

/* An event under construction: an open JSON object. */
struct event {
	struct buf json;
	char pod[64];
};

#define OWN_EVENT __attribute__((cleanup(event_finish), unused))

void event_init(struct event *ev, const char *pod, const char *src, const char *name);
void event_finish(struct event *ev);
/* Strings are cut at 4 KiB, lists at 16 KiB, counted as they are written, and ended by "...". */
void event_str(struct event *ev, const char *key, const char *value);
void event_num(struct event *ev, const char *key, int64_t value);
void event_bool(struct event *ev, const char *key, bool value);
void event_strv(struct event *ev, const char *key, char *const *v);

/*
 * Append it.  sync: wait until it is on disk (refusals, commits, approvals, policy); otherwise the
 * caller or the next synced event brings it there.  Returns 0 or -errno with e set: an event that
 * cannot be recorded fails the operation it stands for.
 */
int record_event(struct event *ev, bool sync, struct err *e);

/* The same beneath an open audit directory, for a finished JSON object `{…}` without seq/chain. */
int record_append_at(int auditfd, const char *json, size_t len, bool sync, struct err *e);

/* Many of them, one a line, under one lock and with one write: all or none. */
int record_append_lines_at(int auditfd, const char *json, size_t len, bool sync, struct err *e);

/* The pod's audit directory, made when missing: the descriptor, or -errno with e set. */
int record_open(const char *pod, struct err *e);

/* fdatasync the newest segment of the pod's log. */
int record_sync(const char *pod);
int record_sync_at(int auditfd);

/* The next link: hex of 64 characters and a NUL. */
#define RECORD_HEX 65
void record_chain(const char prev[RECORD_HEX], const char *line, size_t len, char out[RECORD_HEX]);

/* What a line ends with.  -EINVAL when it does not. */
struct record_tail {
	uint64_t seq;
	char chain[RECORD_HEX];
	char seal[LOGSEAL_HEX]; /* "": none */
	size_t size; /* bytes from `,"chain":` on; `}` in their place is what chain covers */
};
int record_tail(const char *line, size_t len, struct record_tail *t);

#define RECORD_TAIL     (10 + 64 + 2)           /* bytes of `,"chain":"HEX"}` */
#define RECORD_TAIL_MAX (RECORD_TAIL + 10 + 32) /* with `,"seal":"HEX"` */

/* N of "NNNNNN.jsonl", 0 for any other name. */
unsigned record_segment_number(const char *name);

#endif
