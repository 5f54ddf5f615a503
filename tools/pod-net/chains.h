/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other people's firewalls: a chain of theirs that drops what is forwarded has the last word, and
 * nothing in a table of ours can take it back.  Docker leaves a place for the rules of others, its
 * chain DOCKER-USER: two rules there, with a comment that says whose they are, are all that is
 * ever put into a table that is not ours.
 */
#ifndef POD_NET_CHAINS_H
#define POD_NET_CHAINS_H

#include "libcommon/err.h"

/* Let pods' links through, where somebody drops.  77, naming the chain, where that is not ours to
 * do; a table that speaks of pods' links itself is believed to let them through. */
int chains_open(struct err *e);

/* The same, but only looks: 77 where chains_open() would fail. */
int chains_check(struct err *e);

/* Take our rules out again. */
int chains_close(struct err *e);

#endif
