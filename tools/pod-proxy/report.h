/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the injector: names of keys, never values; queries without their values. */
#ifndef POD_PROXY_REPORT_H
#define POD_PROXY_REPORT_H

#include "tools/pod-proxy/exchange.h"

/* http_request, or http_denied where the exchange has a rule: how it came out. */
void report_exchange(const struct exchange *x);
/* Its server is not who it should be, or cannot be reached. */
void report_upstream(const struct exchange *x, const char *event, const char *reason);
/* A dummy in it that belongs elsewhere: place is url, header or body. */
void report_canary(const struct exchange *x, const char *key, const char *place);
/* What screening found in its body: an event for each rule. */
struct screen_answer;
void report_screened(const struct exchange *x, const struct screen_answer *a);
/* Nobody has looked: size, busy, packed, upgrade, away. */
void report_unscreened(const struct exchange *x, const char *reason);
/* The client does not believe the pod's authority. */
void report_untrusted(const struct session *s, const char *reason);
/* Its host has no certificate, and the client is told nothing. */
void report_no_leaf(const struct session *s);

/* A path with its query: each value becomes '*'. */
void report_path(struct buf *b, const char *target);

#endif
