/* SPDX-License-Identifier: Apache-2.0 */
/* One who is attached: what waits to be sent to it, what it sent that is not a whole frame yet. */
#ifndef POD_SUPERVISE_CLIENT_H
#define POD_SUPERVISE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/pod-supervise/fifo.h"
#include "tools/pod-supervise/frame.h"

#define CLIENT_QUEUE (256 * 1024) /* output beyond it is skipped, and the client told */

struct client {
	int fd; /* -1: nobody */
	struct fifo out;
	uint64_t skipped; /* bytes of output since the queue was full */
	unsigned char in[FRAME_HEAD + FRAME_MAX];
	size_t in_len;
};

/* Take a connection if it is from root or owner; fd is closed otherwise. */
bool client_accept(struct client *c, int fd, uid_t owner);
void client_drop(struct client *c);

/* Queue output for it.  Never waits, never grows beyond CLIENT_QUEUE. */
void client_output(struct client *c, const char *data, size_t len);
void client_exit(struct client *c, unsigned char status);

/* The socket can take bytes / has some.  A client that breaks the protocol is dropped. */
void client_send(struct client *c);
void client_receive(struct client *c);

/* The next whole frame it sent, false when there is none; frame_done() when it was used. */
bool client_frame(struct client *c, struct frame *f);
void client_frame_done(struct client *c, const struct frame *f);

#endif
