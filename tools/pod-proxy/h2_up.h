/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a server that speaks HTTP/2. */
#ifndef POD_PROXY_H2_UP_H
#define POD_PROXY_H2_UP_H

#include "tools/pod-proxy/call.h"

struct h2_up {
	struct upstream *u;
	struct h2_link link;
	size_t out; /* bytes of requests' bodies that wait */
	bool lost;  /* nothing more comes or goes */
	bool left;  /* GOAWAY is said */
};

#endif
