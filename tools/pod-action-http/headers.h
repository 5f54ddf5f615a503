/* SPDX-License-Identifier: Apache-2.0 */
/* The address and the headers that a request may have. */
#ifndef POD_ACTION_HTTP_HEADERS_H
#define POD_ACTION_HTTP_HEADERS_H

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* http:// or https://, a host, no user in it, no blanks. */
int url_check(const char *url, struct err *e);
/* What is asked for, below config's base_url where there is one: then no other host can be. */
char *url_of(const char *base, const char *asked, struct err *e);

/* Append "NAME: VALUE"; refuses what would be two headers, or decides where the request goes and
 * how long it is. */
int header_add(struct strv *out, const char *name, const char *value, struct err *e);

/*
 * The header that carries a key, by scheme: bearer, basic, basic:USER, header:NAME, or
 * "NAME: TEMPLATE" with {value} in it.
 */
int header_auth(struct strv *out, const char *scheme, const char *value, struct err *e);

#endif
