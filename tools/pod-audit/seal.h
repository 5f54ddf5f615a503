/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody with the verification key knows of a log's seals. */
#ifndef POD_AUDIT_SEAL_H
#define POD_AUDIT_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/logseal.h"
#include "libcommon/record.h"

#define SEAL_LOGS_MAX (1u << 24) /* a log may be named that has such a number; */
/* Lines of a log, at most: to get to the key of a later one would take minutes. */
#define SEAL_LINES_MAX UINT64_C(100000000000)
#define SEAL_TRIES     (1u << 15) /* so many are tried where none is named */

struct seals {
	bool have;                       /* there is a key: host is filled in */
	unsigned char host[LOGSEAL_KEY]; /* H(0), the verification key */
	bool found;                      /* log and root are filled in */
	uint64_t log;
	unsigned char root[LOGSEAL_KEY];
};

void seals_finish(struct seals *s);

/*
 * Whose keys made this seal?  The log that is named by hint is tried first, then the host's first.
 * The first sealed line of a log decides, so that nothing else about it need be believed.
 */
bool seals_find(struct seals *s, const struct record_tail *line, uint64_t hint);

/*
 * Is the key that this seal holds the one that the host's first leads to, for the log and the line
 * that it names?  False, too, for numbers that no log of ours reaches.
 */
bool seals_lead_to(const struct seals *s, const struct logseal *seal);

/* H(log), for who looks at what else it has sealed. */
void seals_host(const struct seals *s, uint64_t log, unsigned char out[LOGSEAL_KEY]);

#endif
