/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets against tunnels: what a pod may ask below one registered domain (the name somebody bought
 * under a public suffix) within a minute.  A name that an entry gives in full carries nothing and
 * is not counted; neither is what the cache answers.
 */
#ifndef POD_DNS_GUARD_H
#define POD_DNS_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/pod-dns/name.h"

/* Per registered domain and minute. */
struct guard_limits {
	uint32_t queries; /* that go upstream */
	uint32_t names;   /* different ones */
	uint32_t nxdomains;
	uint32_t odd_types; /* TXT, NULL and whatever carries bytes rather than addresses */
	uint32_t dense;     /* names that look like coded data */
	uint32_t label;     /* a label as long as this may be coded data … */
	uint32_t entropy;   /* … when a character of it holds so many hundredths of a bit */
};
extern const struct guard_limits guard_usual;

struct guard;

struct guard *guard_new(const struct guard_limits *limits);
/* Touch the list of public suffixes, before files are out of reach. */
void guard_warm(void);
void guard_free(struct guard *g);

/* May this go upstream?  NULL, or what it would exceed (for people).  Lower case. */
const char *guard_ask(struct guard *g, const struct name *n, uint16_t type, uint64_t now_ms);
/* It turned out not to exist. */
void guard_missed(struct guard *g, const struct name *n, uint64_t now_ms);

/* The registered domain as a suffix of n (all of n when it is none itself). */
void guard_domain(const struct name *n, struct name *domain);
/* Shannon's, in hundredths of a bit for each character. */
uint32_t guard_entropy(const uint8_t *label, unsigned len);

#endif
