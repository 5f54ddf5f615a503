/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seal of an audit log (envpod-audit(5)): a key that changes with every line and cannot be
 * turned back.  Who takes the machine today has today's key, and none of those before it.
 *
 * From the root of a log, both by BLAKE2b-256 keyed by what they come from:
 *     E(0) = root                          K(256e) = E(e) over "envpod-seal-line"
 *     E(e+1) = E(e) over "envpod-seal-epoch"   K(n+1) = K(n) over "envpod-seal-next", within e
 * so that K(n) is K(0) turned n times, and whoever has the root finds it in n/256 steps.
 * The seal of line n is BLAKE2b-128 keyed by K(n) over the 64 hex digits of its chain.
 */
#ifndef LIBCOMMON_LOGSEAL_H
#define LIBCOMMON_LOGSEAL_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

#define LOGSEAL_KEY   32  /* bytes of every key */
#define LOGSEAL_EPOCH 256 /* lines of an epoch */
#define LOGSEAL_HEX   33  /* a seal in hex digits and a NUL */

struct logseal {
	uint64_t log;                     /* number of the log on its host */
	uint64_t index;                   /* seq of the line that is sealed next */
	unsigned char line[LOGSEAL_KEY];  /* K(index) */
	unsigned char epoch[LOGSEAL_KEY]; /* E(index / 256 + 1) */
};

/* Keys end with the scope that held them. */
#define OWN_LOGSEAL __attribute__((cleanup(logseal_finish), unused))
void logseal_finish(struct logseal *s);

/* A key from a key. */
void logseal_derive(const unsigned char key[LOGSEAL_KEY], const char *word,
		    unsigned char out[LOGSEAL_KEY]);

/* The seal of a log before its first line: index 1. */
void logseal_begin(struct logseal *s, const unsigned char root[LOGSEAL_KEY], uint64_t log);

/* On to a later line; an earlier one is out of reach, and nothing happens. */
void logseal_seek(struct logseal *s, uint64_t index);

/* The seal of the line at s->index, whose chain is 64 hex digits; then on to the next one. */
void logseal_line(struct logseal *s, const char *chain, char out[LOGSEAL_HEX]);

/*
 * The file audit/seal: one line of fixed length, written over in place, so that no old key is left
 * in a freed block, and within one sector.  logseal_load() returns the open file, -ENOENT where the
 * log has no seal, or another -errno with e set.
 */
int logseal_load(int auditfd, struct logseal *s, struct err *e);
int logseal_store(int fd, const struct logseal *s);
/* Make it, where there is none. */
int logseal_create(int auditfd, const struct logseal *s);

/* Its text, for who has read it; -EINVAL. */
#define LOGSEAL_TEXT 193 /* bytes with the newline */
int logseal_parse(struct logseal *s, const char *text, size_t len);

#endif
