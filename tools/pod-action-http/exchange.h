/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request and its answer, within bounds. */
#ifndef POD_ACTION_HTTP_EXCHANGE_H
#define POD_ACTION_HTTP_EXCHANGE_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define EXCHANGE_BODY_MAX (256u << 10) /* of an answer; what is beyond is left, and said to be */
#define EXCHANGE_HEAD_MAX (16u << 10)

struct exchange {
	const char *method, *url;
	const struct strv *headers; /* "Name: value" */
	const struct buf *body;     /* NULL: none */
	long seconds;
	const struct buf *ca; /* authorities, PEM; NULL: those of SSL_CERT_FILE, or of the system */
	const char *resolve;  /* "HOST:PORT:ADDRESS,…"; NULL: libcurl's resolver */

	long status;
	struct buf answer;
	char type[128]; /* its content type */
	bool truncated;
};

/* What makes libcurl open files: once, before there are none to be opened. */
int exchange_prepare(struct err *e);

/* https, or http, and nothing else; no redirect is followed, no cookie, proxy or .netrc looked at.
 * -errno with e set where there was no answer. */
int exchange_run(struct exchange *x, struct err *e);
void exchange_finish(struct exchange *x);

#endif
