/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where audit lines come from: a pod's log, an archived one, a directory of segments, or standard
 * input.  A log is read up to where it ended when it was opened, so that a line a writer is just
 * appending is never seen half.
 */
#ifndef POD_AUDIT_SOURCE_H
#define POD_AUDIT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/err.h"
#include "libcommon/record.h"

struct line {
	char *text; /* in the source's buffer; may be written to until the next line is read */
	size_t len; /* without the newline; text[len] may be overwritten, too */
	bool torn;  /* the stream ended before its newline */
	bool long_; /* more than RECORD_LINE_MAX bytes: text holds the first of them */
	char segment[16]; /* "000001.jsonl", or "-" */
	uint64_t number;  /* in the segment, from 1 */
};

struct source {
	char pod[64]; /* whose log it must be, "" when unknown */
	bool at_home; /* it lies where this host keeps it: everything of it must be there */
	int dir;      /* the audit directory, -1 for standard input */
	unsigned *segments;
	size_t n, next;      /* segments, the next to open */
	int64_t last_size;   /* bytes of the last one to read; -1: all */
	int has_seal;        /* 1: seal is filled in; 0: the log has none; -EINVAL: it is damaged */
	struct logseal seal; /* as it was when the log was opened */
	int fd;
	int64_t left; /* bytes still to read of fd; -1: to its end */
	char *buf;
	size_t from, to;
	bool ended, dropping;
	struct line line;
};

#define SOURCE_INIT                 \
	{                           \
		.dir = -1, .fd = -1 \
	}

/*
 * POD, "-", or DIR (anything with a '/'): a directory of segments, or one that holds it as "audit".
 * With archive set, arg is the name of a directory of STATE/archive.
 */
int source_open(struct source *s, const char *arg, bool archive, struct err *e);
void source_finish(struct source *s);

/* Of an opened log: one segment alone, by its place in segments.  Independent of s afterwards. */
int source_part(const struct source *s, size_t place, struct source *part, struct err *e);

/* What the last whole line before that segment ends with: 1, 0 when there is none, -EINVAL when
 * that line is no audit line. */
int source_head(const struct source *s, size_t place, struct record_tail *t);

/* What the line ends with that ends at offset of that segment: 1, 0 at its beginning, -EINVAL. */
int source_line_before(const struct source *s, unsigned segment, uint64_t offset,
		       struct record_tail *t);

/* Of a directory: go on reading behind offset of that segment, or from the beginning again. */
int source_seek(struct source *s, unsigned segment, uint64_t offset, struct err *e);
void source_rewind(struct source *s);

/* The next line, also a torn or overlong one: 1, 0 at the end, -errno with e set. */
int source_next(struct source *s, struct line **line, struct err *e);

/* The numbers of the segments of an audit directory, ascending; caller frees *v. */
int source_segments(int dir, unsigned **v, size_t *n, struct err *e);

#endif
