/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod's daemons come in sets, each with a keeper of its own: those of its network, whose files
 * lie in RUN/NAME and are made by pod-net; those that govern it, in RUN/NAME/govern; those of its
 * desktop, in RUN/NAME/desktop.
 */
#ifndef POD_SUPERVISE_SET_H
#define POD_SUPERVISE_SET_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"

enum set { SET_NET, SET_GOVERN, SET_DESKTOP, SETS };
extern const char *const set_names[SETS];

/* From here on p->run and p->runpath are the set's directory; made when missing.  -ENOENT, without
 * e, when it is not there and not to be made. */
int set_enter(struct pod *p, enum set set, bool make, struct err *e);

/* Write down which daemons a set has, where nobody else does: those whose programs are there. */
int set_list(const struct pod *p, enum set set, struct err *e);

/* The name of its keeper's log. */
const char *set_log(enum set set);
/* What makes it, for messages. */
const char *set_maker(enum set set);

#endif
