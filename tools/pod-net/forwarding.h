/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing between the links of pods and those by which the host reaches the world: switched on for
 * these interfaces alone, written down before it is done, and put back when nobody needs it and
 * nobody else has come to.
 */
#ifndef POD_NET_FORWARDING_H
#define POD_NET_FORWARDING_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* Can IPv6 be routed without making the host a router, which would cost it its own advertised
 * routes?  Linux 6.17 and later; or it is one already. */
bool forwarding_has_six(void);

/* A pod's own link, which takes it along when it goes. */
int forwarding_of_link(const char *name, struct err *e);

/* Write down which of the host's interfaces are to be switched on: "PATH OLD NEW", a line each, in
 * dir.  Then rules can be made for them; then they are switched on. */
int forwarding_note(int dir, const struct strv *interfaces, struct err *e);
int forwarding_open(int dir, struct err *e);

/* Interfaces of the record that nobody else routes by: what comes in there is for pods alone. */
void forwarding_ours(int dir, int family, struct strv *out);

/* Put back what is still as we left it. */
int forwarding_restore(int dir, struct err *e);
/* Only forget the record. */
int forwarding_forget(int dir, struct err *e);

#endif
