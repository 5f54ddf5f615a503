/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dummies of keys in what a pod sends out.  It holds dummies where the injector holds keys; nothing
 * honest puts one into a name, and whoever was talked into sending secrets out by DNS does.
 */
#ifndef LIBCOMMON_CANARY_H
#define LIBCOMMON_CANARY_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

#define CANARY_FILE    "proxy"
#define CANARY_DUMMIES 64 /* more are not looked for */

struct canaries;

/* From policy_fd's file "proxy"; empty where there is none.  NULL with e set. */
struct canaries *canaries_load(int policy_fd, struct err *e);
struct canaries *canaries_parse(const char *data, size_t len, struct err *e);
void canaries_free(struct canaries *c);

/*
 * Which key's dummy, or a part of at least 31 characters of one, is in there: as it is, in
 * hexadecimal, base32, base64 or base64url, in either case, with or without its dots.  NULL: none.
 */
const char *canaries_find(const struct canaries *c, const char *text, size_t len);
/* Is the pod to be frozen for it? */
bool canaries_freeze(const struct canaries *c);

#endif
