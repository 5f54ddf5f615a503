/* SPDX-License-Identifier: Apache-2.0 */
/* The daemons of a pod's network: who they are, and having pod-supervise keep them. */
#ifndef POD_NET_SERVICES_H
#define POD_NET_SERVICES_H

#include "tools/pod-net/net.h"

/* policy/proxy, where the pod file or a later command says what is put into requests. */
int services_compile(const struct net *n, struct err *e);

/* RUN/NAME/services. */
int services_write(const struct net *n, struct err *e);

/* Start them, or find them started; returns when all are ready. */
int services_start(const struct net *n, struct err *e);

/* End them, and wait until they are gone. */
int services_stop(const struct pod *p, struct err *e);

#endif
