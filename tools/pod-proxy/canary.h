/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dummies in requests, in every encoding that secrets are looked for in.  At a host that the real
 * one is bound to they are at home; anywhere else somebody tries to carry them off.
 */
#ifndef POD_PROXY_CANARY_H
#define POD_PROXY_CANARY_H

#include <stddef.h>

struct exchange;
struct patterns;
struct sites;

/* Those of a policy; NULL: none, or no memory can be locked. */
struct patterns *canary_patterns(const struct sites *s);
/* The request as the agent sent it: its target and fields.  Each key is told once a place. */
void canary_head(struct exchange *x);
/* And the trailers behind its body. */
struct message;
void canary_fields(struct exchange *x, const struct message *m);
/* A piece of its body, as it goes by. */
void canary_body(struct exchange *x, const char *data, size_t len);

#endif
