/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one epoll: who waits for a descriptor is called when something happens there. */
#ifndef LIBCOMMON_LOOP_H
#define LIBCOMMON_LOOP_H

#include <stdint.h>

#include "libcommon/err.h"

struct watch {
	int fd;
	void (*fn)(void *arg, uint32_t events); /* EPOLL* */
	void *arg;
	uint64_t turn; /* of the loop in which it was added: what is older than it concerns another
			*/
};

struct loop {
	int fd;
	uint64_t turn;
	uint64_t now_ms; /* CLOCK_BOOTTIME at the last wake-up */
	int stop;
};

int loop_init(struct loop *l, struct err *e);
/* The watch must stay where it is until loop_remove(), which closes the descriptor. */
int loop_add(struct loop *l, struct watch *w, uint32_t events);
void loop_change(struct loop *l, struct watch *w, uint32_t events);
void loop_remove(struct loop *l, struct watch *w);
/* The same for a descriptor that somebody else has, too: closing ours would not take it out. */
void loop_remove_shared(struct loop *l, struct watch *w);
/* The descriptor stays open: another closes it. */
void loop_forget(struct loop *l, struct watch *w);

/* Wait at most timeout_ms (-1: for ever) and call who is concerned. */
int loop_turn(struct loop *l, int timeout_ms, struct err *e);
/* SIGTERM and SIGINT set l->stop from now on, and SIGPIPE is ignored; the watch is ours. */
int loop_until_signal(struct loop *l, struct watch *signals, struct err *e);
/* The signalfd of it alone, non-blocking, for who has a poll of its own: SIGTERM and SIGINT come
 * there. */
int loop_signals(struct err *e);
uint64_t loop_clock(void);

#endif
