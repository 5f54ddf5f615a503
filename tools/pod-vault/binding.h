/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which secret is put into requests for which host, and which requests that host gets at all.  In
 * words, "WORD=VALUE" each, as the plan has them: see docs/architecture.md, Vault and injection.
 */
#ifndef POD_VAULT_BINDING_H
#define POD_VAULT_BINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define BINDINGS_MAX 1024
/* The same figures as the injector's: what it could not find in an answer is not sent. */
#define BOUND_MIN 8
#define BOUND_MAX 8192

enum binding_kind { BIND_HEADER, BIND_BASIC, BIND_QUERY };

struct binding {
	char *key;     /* NULL: rules for a host, without a secret */
	char *domain;  /* in lower case; "*.x.y" where it is wide */
	bool wide;     /* a wildcard is meant */
	uint16_t port; /* 443 if it is not said */
	enum binding_kind kind;
	char *name, *template;                /* header and what it says; user; query word */
	struct strv methods, paths;           /* none: each */
	struct strv pins;                     /* "sha256/BASE64", of public keys */
	struct strv strips;                   /* "header:NAME", "cookie:NAME", "query:NAME" */
	uint64_t requests, bytes, concurrent; /* a minute, a minute, at a time; 0: no limit */
	char *usage;                          /* NULL: not counted */
	bool screened;                        /* bodies for that host are screened */
};

void binding_finish(struct binding *b);
/* Into a zeroed b.  -EINVAL with e set (78): what is wrong with which word. */
int binding_parse(struct binding *b, const struct strv *words, struct err *e);
/* The same key for the same host? */
bool binding_same(const struct binding *a, const struct binding *b);
bool binding_same_host(const struct binding *a, const struct binding *b);
/* One member after the other into an open JSON object. */
void binding_json(const struct binding *b, struct buf *to);
/* "header Authorization", "basic USER", "query NAME": for people. */
char *binding_how(const struct binding *b);

struct bindings {
	struct binding *v;
	size_t n;
};

#define OWN_BINDINGS __attribute__((cleanup(bindings_finish), unused))

void bindings_finish(struct bindings *all);
/* A zeroed one at the end; NULL with e set when there are too many. */
struct binding *bindings_add(struct bindings *all, struct err *e);
int bindings_copy(struct bindings *to, const struct binding *b, struct err *e);
void bindings_drop(struct bindings *all, size_t i);
/* Is this key bound anywhere? */
bool bindings_have(const struct bindings *all, const char *key);

#endif
