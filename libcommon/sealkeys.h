/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's keys for sealing logs, STATE/keys/audit (0700):
 *     seal              as a log's: LOG the number J of the log that is begun next, K the key H(J)
 *     verification-key  H(0), until a person has taken it away
 *     logs              which logs were begun, "J TIME POD SEAL" a line
 *     lock              flock: held while a log is begun, before any audit lock
 * From H(J) come the root of log J (over "envpod-seal-log"), the key of its line in logs
 * ("envpod-seal-list", BLAKE2b-128 over the line up to the blank before SEAL), and H(J+1)
 * ("envpod-seal-host"), which takes its place before any of the others is used.
 */
#ifndef LIBCOMMON_SEALKEYS_H
#define LIBCOMMON_SEALKEYS_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/logseal.h"

#define SEALKEYS_WORD "envpod-verification-key 1 " /* and 64 hex digits */

struct sealkeys {
	int dir, lock;
};

#define SEALKEYS_INIT                 \
	{                             \
		.dir = -1, .lock = -1 \
	}

/* Open them, made where there are none, and take their lock. */
int sealkeys_open(struct sealkeys *k, struct err *e);
void sealkeys_finish(struct sealkeys *k);

/*
 * The seal that the next log begins with; and, once it is written down where that log will be, on
 * to the next, so that nobody gets the same again.  After a crash between the two the number is
 * given again, and its last line in logs counts.
 */
int sealkeys_next(const struct sealkeys *k, struct logseal *s, struct err *e);
int sealkeys_turn(const struct sealkeys *k, const char *pod, struct err *e);

/* Was that number given to the pod, for good? */
bool sealkeys_gave(const struct sealkeys *k, const char *pod, uint64_t log);

/* What a line of logs says before its seal, sealed by that log's H(J). */
void sealkeys_list(const unsigned char host[LOGSEAL_KEY], const char *line, size_t len,
		   char out[LOGSEAL_HEX]);

#endif
