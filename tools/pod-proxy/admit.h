/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a request before it is sent anywhere. */
#ifndef POD_PROXY_ADMIT_H
#define POD_PROXY_ADMIT_H

#include "tools/pod-proxy/exchange.h"

/* 0: it may be sent, and is as it will be sent.  Negative: it was refused, with a reason. */
int admit(struct exchange *x);
/* A limit of the host's is reached: for so many seconds. */
void admit_not(struct exchange *x, const char *rule, unsigned wait);

#endif
