/* SPDX-License-Identifier: Apache-2.0 */
/* The way back: what a server says, scrubbed, as far as the client has room. */
#ifndef POD_PROXY_RESPONSE_H
#define POD_PROXY_RESPONSE_H

#include "tools/pod-proxy/exchange.h"

#define ANSWER_MS (15 * 60 * 1000) /* a model may think for long */
#define TUNNEL_MS (2 * 3600 * 1000)

/* 0: it waits.  1: something was done.  2: the exchange is gone, or in another state. */
int response_step(struct exchange *x);

/* Of exchange.c. */
void exchange_touch(struct exchange *x, uint64_t ms);
/* The server had ended a kept connection before it saw the request: on another one, then.  false:
 * it cannot be told, or the request must not be repeated. */
bool exchange_try_again(struct exchange *x);
/* Bytes want to go by, either way; true: they must not, and the exchange is to be cut. */
bool exchange_charge(struct exchange *x, size_t len);
/* It is known to have done nothing with it: on another one, or the client is told so.  x may be
 * gone. */
void exchange_unseen(struct exchange *x);

#endif
