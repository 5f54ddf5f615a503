/* SPDX-License-Identifier: Apache-2.0 */
/* Moving bytes from one socket to the other: by copy at first, by splice(2) once there are many. */
#ifndef POD_PROXY_FLOW_H
#define POD_PROXY_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/loop.h"
#include "tools/pod-proxy/requests.h"

struct side {
	struct watch watch; /* edge-triggered: these say what the kernel said last */
	bool readable, writable;
};

/* Bytes that were read and not yet written; those before `ok` may be. */
struct held {
	char *data;
	size_t from, ok, len, size;
};

/* What flows have in common. */
struct pump {
	char *scratch;   /* FLOW_SCRATCH bytes */
	int (*spare)[2]; /* empty pipes */
	unsigned n_spare;
	uint64_t tokens; /* bytes that may be moved now */
};

#define FLOW_SCRATCH 65536
#define FLOW_SPARES  64

/* 0: the head may pass.  1: it may, what comes behind it waits for flow_resume().  Negative: the
 * flow is dead. */
typedef int flow_judge(void *arg, const struct head *h);

/* Looks at what is held and says by its `ok` what may be written.  1: it need not look any more,
 * the rest goes as it comes; negative: the flow is dead. */
typedef int flow_look(void *arg, struct held *h, bool eof);

struct flow {
	struct side *from, *to;
	struct held held;
	int pipe[2]; /* 0: none */
	size_t in_pipe;
	uint64_t total;
	bool eof, told; /* `from` has ended; `to` was told */
	bool paused;
	struct requests *requests; /* followed while not NULL */
	flow_judge *judge;
	flow_look *walk; /* called for all that comes while not NULL */
	void *arg;
};

enum flow_state {
	FLOW_WAITS, /* for one of its sockets */
	FLOW_MORE,  /* there is more, somebody else's turn first */
	FLOW_DEAD,
};

int pump_init(struct pump *p);
void pump_finish(struct pump *p);

/* As requests, or (raw) as bytes of no known form from here on; -EBADMSG: dead. */
int flow_resume(struct flow *f, bool raw);
/* Look at what is held already; negative: dead. */
int flow_walk(struct flow *f, bool eof);
enum flow_state flow_run(struct flow *f, struct pump *p);
/* Read into held; bytes, 0 at the end, -EAGAIN, -errno, -EMSGSIZE when `max` are held. */
int flow_read_held(struct flow *f, size_t max);
void flow_finish(struct flow *f, struct pump *p);

#endif
