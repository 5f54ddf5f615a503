/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request, and what is judged by it alone: whether it is one request, for us, by a
 * page of ours.  It knows no sockets and no library of HTTP, and takes any bytes.
 */
#ifndef LIBCOMMON_WEB_HEAD_H
#define LIBCOMMON_WEB_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEB_LABEL  21 /* "a1b2…", 20 characters: what stands in front of .localhost */
#define WEB_SECRET 33 /* 32 hexadecimal digits: 128 bits of a link or a session */

enum web_field {
	WEB_HOST,
	WEB_ORIGIN,
	WEB_COOKIE,
	WEB_AUTHORIZATION,
	WEB_LENGTH,
	WEB_CODING, /* Transfer-Encoding */
	WEB_TYPE,
	WEB_EXPECT,
	WEB_UPGRADE,
	WEB_CONNECTION,
	WEB_KEY, /* Sec-WebSocket-* */
	WEB_VERSION,
	WEB_PROTOCOL,
	WEB_SITE,      /* Sec-Fetch-Site */
	WEB_MARK,      /* X-Envpod: no form and no image can send it */
	WEB_FILE_NAME, /* X-File-Name */
	WEB_LAST_EVENT,
	WEB_FIELDS
};

struct web_head {
	const char *value[WEB_FIELDS]; /* of whoever called web_head_add() */
	bool is_doubtful;              /* a field of the table twice, or bytes that none may have */
};

/* One field of it; the strings are kept.  len: of the value, so that a NUL in it is seen. */
void web_head_add(struct web_head *h, const char *name, const char *value, size_t len);

/* By what a front is called: "LABEL.localhost", on one port. */
struct web_place {
	char label[WEB_LABEL];
	uint16_t port;
};

/* What is asked of a request's head. */
enum web_want {
	WEB_PLAIN = 0,
	WEB_CHANGES = 1 << 0, /* Origin is there, and X-Envpod: 1 */
	WEB_SOCKET = 1 << 1,  /* Origin is there, and this is a WebSocket's beginning */
	WEB_BODY = 1 << 2,    /* has a body of known length */
};

/*
 * 0, or the status that refuses it: 421 not our name, 400 no head of one request, 403 another's
 * Origin or none where one is due, 411 a body of unknown length, 426 no WebSocket.
 */
int web_head_judge(const struct web_head *h, const struct web_place *at, unsigned want);

/* Content-Length; UINT64_MAX where there is none, or it is no number. */
uint64_t web_head_length(const struct web_head *h);

/* The secret of the cookie of that name: false where there is none, or more than one. */
bool web_cookie(const char *cookies, const char *name, char out[WEB_SECRET]);
/* "Bearer SECRET" likewise. */
bool web_bearer(const char *authorization, char out[WEB_SECRET]);
/* 32 hexadecimal digits, lower case, and then end. */
bool web_secret_is(const char *text);

/* Is that word among those of a list, whatever their case?  ("keep-alive, Upgrade") */
bool web_list_has(const char *list, const char *word);

/* %XX into out[size]: false where it does not fit, or is none, or has a NUL in it. */
bool web_unescape(const char *text, char *out, size_t size);

#endif
