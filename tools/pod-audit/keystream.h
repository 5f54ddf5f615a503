/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a log's lines, in their order or not, for whoever has the root of its seal
 * (logseal.h).
 */
#ifndef POD_AUDIT_KEYSTREAM_H
#define POD_AUDIT_KEYSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/logseal.h"
#include "tools/pod-audit/lanes.h"

#define KEYSTREAM_BLOCK ((size_t)LANES * LOGSEAL_EPOCH) /* so many keys are made at once */

struct keystream {
	unsigned char root[LOGSEAL_KEY], epoch[LOGSEAL_KEY];
	uint64_t at;    /* epoch is E(at) */
	uint64_t block; /* that key[] holds; UINT64_MAX: none */
	unsigned char key[KEYSTREAM_BLOCK][LOGSEAL_KEY];
};

void keystream_init(struct keystream *k, const unsigned char root[LOGSEAL_KEY]);
void keystream_finish(struct keystream *k);

/* K(seq).  Each 256 lines that are passed over cost a hash. */
const unsigned char *keystream_key(struct keystream *k, uint64_t seq);

#endif
