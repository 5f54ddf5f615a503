/* SPDX-License-Identifier: Apache-2.0 */
/* The host's service manager: where its units lie, and what it is told. */
#ifndef ENVPOD_SYSTEMD_H
#define ENVPOD_SYSTEMD_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* Is systemd what started this host?  As sd_booted(3). */
bool systemd_runs(void);
/* Where units lie: $ENVPOD_UNIT_DIR, for images that are being made, else /etc/systemd/system. */
const char *systemd_dir(void);
bool systemd_dir_given(void);
int systemd_open(struct err *e);

/* `systemctl WORD...`, words ended by NULL: an exit status, after a message. */
int systemd_do(const char *word, ...) __attribute__((sentinel));

struct systemd_state {
	char enabled[16], active[16], sub[16], pid[16], since[64]; /* "-" where it is not known */
};
/* What it knows of a unit; all "-" when it does not run. */
void systemd_look(struct systemd_state *s, const char *unit);

#endif
