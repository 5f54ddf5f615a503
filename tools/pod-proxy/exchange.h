/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between what the client speaks (a codec: h1.c, h2.c) and what is done with it
 * (exchange.c).  A session is one connection of the pod's; an exchange is one request of it with
 * its response.  Bytes flow only as far as the other side has room: nobody holds more than that.
 *
 * Calls go round in turns (session_run): the codec reads what came and gives it to its exchanges;
 * then each exchange that has something to do calls the codec back with what its server said.  So a
 * codec never finds itself inside its own call.
 */
#ifndef POD_PROXY_EXCHANGE_H
#define POD_PROXY_EXCHANGE_H

#include "tools/pod-proxy/call.h"
#include "tools/pod-proxy/message.h"
#include "tools/pod-proxy/session.h"
#include "tools/pod-proxy/unzip.h"

struct exchange;
struct session;

struct codec {
	const char *name; /* as ALPN calls it */
	/* The handshake is done: s->codec_state is the codec's.  -errno: not that one. */
	int (*open)(struct session *s);
	/*
	 * Go on: read s->wire, call exchange_*(), write what waits.  1: something was done and
	 * there may be more, 0: nothing to do until something happens, -errno: the connection is of
	 * no use any more and is reset, with all of its exchanges.
	 */
	int (*run)(struct session *s);
	/* Nothing is to come any more: finish what is under way, take nothing new (GOAWAY). */
	void (*drain)(struct session *s);
	/* Does nothing wait, and is nothing under way?  (Then an idle deadline closes it.) */
	bool (*is_idle)(const struct session *s);
	void (*close)(struct session *s); /* exchanges are gone by then */

	/* Of an exchange's response, in this order; 1xx heads may come before the head. */
	void (*head)(struct exchange *x, struct message *m, bool end);
	size_t (*room)(const struct exchange *x); /* bytes that data() takes now */
	void (*data)(struct exchange *x, const char *data, size_t len);
	void (*end)(struct exchange *x, struct message *trailers); /* NULL: none */
	/* It ended too early, also in the middle: the client must not take it for whole.  unseen:
	 * the server has done nothing with it, and the client may ask again. */
	void (*reset)(struct exchange *x, bool unseen);
	/* So many bytes of the request's body have gone on: more may come. */
	void (*consumed)(struct exchange *x, size_t len);
	bool unseen; /* reset() can say so */
	/* After a 101 (h1 alone): bytes of any kind, both ways; NULL: no upgrades. */
	void (*tunnel)(struct exchange *x);
};
extern const struct codec codec_h1, codec_h2;

/* --- what a codec calls --- */

/*
 * A request has come; m is emptied.  authority is as the client gave it.  end: it has no body.
 * The answer, also a refusal, comes by the codec's calls later.
 */
struct exchange *exchange_begin(struct session *s, void *stream, struct message *m, bool end);
/* How many bytes of its body are taken now. */
size_t exchange_room(const struct exchange *x);
void exchange_data(struct exchange *x, const char *data, size_t len);
/* trailers: of the request, emptied; NULL: none. */
void exchange_end(struct exchange *x, struct message *trailers);
/* data() has room again, or the exchange may go on for another reason. */
void exchange_wake(struct exchange *x);
/* The client has given it up; no call comes back for it. */
void exchange_cancel(struct exchange *x);
/* After codec->end() or reset() the exchange is gone, and x->stream is the codec's alone. */

/* A whole refusal instead of a response, before head() was called; rule, ask may be NULL. */
struct refusal {
	int status;
	const char *error; /* in words */
	const char *rule, *ask;
	unsigned retry_after; /* seconds; 0: not said */
};
void exchange_refuse(struct exchange *x, const struct refusal *why);

enum exchange_state {
	EXCHANGE_CONNECT, /* to its server */
	EXCHANGE_SCREEN,  /* its body is kept until it has been screened */
	EXCHANGE_TALK,
	EXCHANGE_TUNNEL, /* after a 101 */
	EXCHANGE_ANSWER, /* a refusal of our own waits to be given to the codec */
};

struct exchange {
	struct session *s;
	struct exchange *next, *prev; /* of the session */
	void *stream;                 /* the codec's */
	enum exchange_state state;
	bool awake, stalled;     /* stalled: the codec had no room */
	bool ended;              /* the request is whole */
	bool responded;          /* the codec was given a head */
	bool asks;               /* it waits to hear what screening says */
	struct exchange *behind; /* in that queue */
	size_t kept;             /* bytes of sent that count there */
	unsigned over;           /* s: the host's limit of bytes is reached, for so long */
	bool injected;           /* credentials went to the server */
	unsigned tries;          /* on connections that were no good any more */
	struct policy *policy;
	const struct site *site; /* of policy; NULL: none */
	struct call *call;       /* NULL: none yet, or none any more */
	struct message request, trailers;
	struct buf sent;   /* of the request's body, all so far, where it could be sent again */
	uint64_t left;     /* bytes of the request's body, where its length was said */
	size_t queued;     /* of its body, not yet gone on */
	unsigned interim;  /* 1xx heads so far */
	struct buf held;   /* of the response: what may be the beginning of a secret */
	size_t leaked;     /* of held, what has gone on all the same (a tunnel that rests) */
	struct buf tail;   /* of the request's body: what may be the beginning of a dummy */
	uint64_t canaries; /* those told of in its body */
	struct meter *meter;
	struct unzip *unzip; /* NULL: the response is not packed */
	struct usage usage;
	struct buf answer;
	int status;
	unsigned retry_after;
	const char *rule;
	uint64_t up_bytes, down_bytes, began_ms, deadline_ms;
};

/* --- what the session calls --- */

/* Go on.  1: something was done.  It may be gone afterwards. */
int exchange_run(struct exchange *x);
/* Its connection is gone: no codec is called. */
void exchange_drop(struct exchange *x);
/* It has been screened: to its server. */
void exchange_connect(struct exchange *x);
/* Its time is over, or the like: event and reason say what for. */
void exchange_fail(struct exchange *x, const char *event, const char *reason);

#endif
