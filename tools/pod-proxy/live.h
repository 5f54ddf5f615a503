/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a forwarder that runs to what a person wants of it. */
#ifndef POD_PROXY_LIVE_H
#define POD_PROXY_LIVE_H

#include "tools/pod-proxy/change.h"
#include "tools/pod-proxy/control.h"

/*
 * Make what is open be `to`: what is there already is left alone, with its connections.  On failure
 * it is as it was, but for the connections of a port that was to be replaced.
 */
int live_change(const struct change *c, int forwarder, const struct ports *to, struct err *e);

/* Could all of c->after be opened?  Opens and closes them. */
int live_try(const struct change *c, struct err *e);

#endif
