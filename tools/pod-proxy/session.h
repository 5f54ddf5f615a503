/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the pod's, from the relay's hands to its end, with the exchanges on it. */
#ifndef POD_PROXY_SESSION_H
#define POD_PROXY_SESSION_H

#include "tools/pod-proxy/inject.h"
#include "tools/pod-proxy/wire.h"

struct codec;
struct exchange;

struct session {
	struct inject *in;
	struct session *next, *prev;
	struct session *behind; /* in the queue */
	bool queued, draining;
	enum { SESSION_LEAF, SESSION_HELLO, SESSION_OPEN, SESSION_LINGER } state;
	struct wire wire;
	char name[NAME_TEXT]; /* the host: what the relay found, and has checked */
	struct in6_addr address;
	uint16_t port;
	bool tls;
	const struct codec *codec;
	void *codec_state;
	struct exchange *exchanges;
	unsigned n_exchanges;
	uint64_t deadline_ms;
};

struct handoff;
/* A connection of the relay's; fd is owned by the session, or closed. */
void session_begin(struct inject *in, const struct handoff *h, int fd);
void sessions_run(struct inject *in);
void sessions_sweep(struct inject *in);
/* Cut those whose name was removed, or (policy) whose host is not what it was. */
void sessions_cut(struct inject *in, bool policy);
void sessions_finish(struct inject *in);

/* More to do for it: run it in this turn of the loop. */
void session_enqueue(struct session *s);
/* The codec has nothing more to say: flush, close, and swallow what still comes for a moment. */
void session_linger(struct session *s);

#endif
