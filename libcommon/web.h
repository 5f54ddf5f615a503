/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP front on loopback: one thread, one loop, libmicrohttpd within it.  It knows no pod.
 * A front has a table of routes; for each request its head is judged (web_head.h), whose it is
 * found out (web_session.h), and only then its route called.  What is refused is refused before a
 * byte of its body is read.
 *
 * Life of a request: begin() (head is there), data() as often as some of its body comes, end() (it
 * is whole), finish() (answered, or the client is gone: always, once).  web_answer() may be called
 * in each of the first three, or, after web_wait(), at any later time.
 *
 *	web_init → web_listen… → (lock down) → loop_turn with web_patience_ms, web_turn → web_finish
 */
#ifndef LIBCOMMON_WEB_H
#define LIBCOMMON_WEB_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/loop.h"
#include "libcommon/web_head.h"
#include "libcommon/web_session.h"

#define WEB_CONNS     512 /* at a time; beyond it who has not logged in gives way */
#define WEB_LISTENERS 16
#define WEB_HEAD_MS   10000 /* a head, and a small body, must be there after so long */
#define WEB_KEEP_MS   30000 /* and the next one's after so long */
#define WEB_ANSWER_MS 60000 /* an answer must have been taken after so long */

struct web;
struct web_conn;
struct web_socket;

struct web_request {
	struct web *web;
	struct web_conn *conn;
	struct MHD_Connection *mhd;
	struct web_head head;
	const char *method, *path; /* as sent, without what follows a '?' */
	const struct web_route *route;
	const char *rest; /* of the path, for the asterisk of the route's */
	uint32_t session; /* who asks: its number; 0: nobody yet, on an open route */
	unsigned role;
	uint64_t length;               /* of the body */
	void *state;                   /* the route's own; finish() lets go of it */
	struct MHD_Response *response; /* these are ours */
	unsigned status;
	bool is_queued, has_ended, waits, is_cut;
	struct web_socket *socket; /* web_socket.h */
	ssize_t (*read)(struct web_request *q, char *out, size_t max);
};

struct web_route {
	const char *method, *path; /* ends with an asterisk: whatever follows, without a slash in
				      it; two: with */
	unsigned want;             /* enum web_want */
	bool is_open;              /* needs no session */
	bool is_full;              /* needs a session of WEB_ROLE_FULL */
	unsigned ports;            /* bit N: it is there on port N; 0: on the first */
	uint64_t body_max;
	void (*begin)(struct web_request *q);
	/* Take up to len bytes and return how many; fewer: web_wait() was called. */
	size_t (*data)(struct web_request *q, const char *data, size_t len);
	void (*end)(struct web_request *q);
	void (*finish)(struct web_request *q);
};

struct web_listener {
	struct watch w;
	struct web *web;
	unsigned which; /* port */
};

struct web {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct watch poll; /* libmicrohttpd's own epoll */
	struct web_listener listener[WEB_LISTENERS];
	unsigned n_listeners;
	uint16_t port[WEB_PORTS];
	const struct web_route *routes;          /* ended by {0} */
	void (*fallback)(struct web_request *q); /* GET with a session, of no route: a file */
	struct web_sessions *sessions;
	char cookie[24];          /* its name: envpod_PORT; cookies know no ports */
	const char *frame_origin; /* whose pages may have ours in a frame; NULL: nobody's */
	/* Told of each refusal: its status, and why. */
	void (*refused)(struct web *w, int status, const char *why);
	void *arg; /* the front's own */
	struct web_conn *conns;
	unsigned n_conns, accepting;
	uint64_t swept_ms;
	bool is_due; /* libmicrohttpd has something to do */
};

/* routes, fallback, sessions, refused, arg are the caller's to set before.  -errno with e set. */
int web_init(struct web *w, struct loop *l, struct err *e);
/* Take connections of a listening socket, which becomes ours, as those of port number which. */
int web_listen(struct web *w, int fd, unsigned which, struct err *e);
void web_finish(struct web *w);

/* How long loop_turn() may wait at most; -1: for ever. */
int web_patience_ms(struct web *w);
/* After each loop_turn(): let libmicrohttpd work, cut who is too slow. */
int web_turn(struct web *w, struct err *e);

/* --- answers --- */

/* Body is copied.  headers (or NULL): more than each answer has, name and value in turn, then NULL.
 */
void web_answer(struct web_request *q, unsigned status, const char *type, const void *body,
		size_t len, const char *const *headers);
/* The same for memory that stays as it is until the front ends. */
void web_answer_kept(struct web_request *q, unsigned status, const char *type, const void *body,
		     size_t len, const char *const *headers);
/* {"ok":false,"error":CODE,"message":TEXT} */
void web_refuse(struct web_request *q, unsigned status, const char *code, const char *message);
/*
 * An answer of unknown length: read gives up to max bytes of it, 0 after web_wait(), -1 at its end,
 * -2 where it breaks off.
 */
void web_answer_stream(struct web_request *q, unsigned status, const char *type,
		       ssize_t (*read)(struct web_request *q, char *out, size_t max),
		       const char *const *headers);
/* An answer of libmicrohttpd's, which is let go of; it gets our headers, too. */
void web_queue(struct web_request *q, unsigned status, struct MHD_Response *response,
	       const char *const *headers);

/* Nothing is read from, or written to, this client until web_go_on(). */
void web_wait(struct web_request *q);
void web_go_on(struct web_request *q);
/* What has no end, or a slow one, has deadlines of its own: none of ours from now on. */
void web_take_time(struct web_request *q);
/* End what is at hand of sessions that have ended. */
void web_cut_ended(struct web *w);
/* End its connection, whatever it is at. */
void web_cut(struct web_request *q);

/* A parameter of the request, behind its '?', not decoded; NULL: there is none. */
const char *web_param(struct web_request *q, const char *name);
/* "envpod_PORT=SECRET; …" for Set-Cookie, into out. */
void web_cookie_text(const struct web *w, const char *secret, char out[160]);
/* By which name and port we are asked for: "http://LABEL.localhost:PORT". */
void web_origin(const struct web *w, unsigned which, char out[64]);

#endif
