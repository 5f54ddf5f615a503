/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of an HTTP/1 head (RFC 9110 5, RFC 9112 2), read strictly. */
#ifndef POD_PROXY_TEXT_H
#define POD_PROXY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/pod-proxy/hello.h"

/* Not ended by NUL. */
struct text {
	const char *at;
	size_t len;
};

bool text_is(struct text t, const char *word); /* whatever the case */
bool text_is_token(struct text t);
/* Visible, and blanks and tabs between; also bytes above ASCII, which are opaque. */
bool text_is_value(struct text t);
struct text text_trim(struct text t);
/* "NAME: VALUE", blanks around the value cut off; false when it is no such line. */
bool text_field(struct text line, struct text *name, struct text *value);
/* The next of a list, *rest moves behind it; false at the end. */
bool text_next(struct text *rest, struct text *item);
/* "name", "name:80", lower case into name; the port, 0 if none is said.  An address in brackets is
 * no name: -EBADMSG. */
int text_host(struct text t, char name[NAME_TEXT], unsigned *port);
/* Decimal, nothing else: 0, or -EBADMSG. */
int text_number(struct text t, unsigned long long *number);

/* METHOD SP TARGET SP HTTP/1.x; old: it is 1.0.  What asks for a tunnel or an echo (CONNECT, TRACE)
 * is -EBADMSG, too; what a target may be is the caller's. */
int text_request(struct text line, struct text *method, struct text *target, bool *old);
/* "HTTP/1.1", and nothing else? */
bool text_is_exactly(struct text t, const char *word);

/* The line at *at without its CRLF; -EAGAIN: not whole; -EBADMSG: a line feed alone, or a NUL. */
int text_line(const char *data, size_t len, size_t *at, struct text *line);

#endif
