/* SPDX-License-Identifier: Apache-2.0 */
/* What the outer process and the session leader of a run on a terminal say to each other. */
#ifndef POD_EXEC_NOTE_H
#define POD_EXEC_NOTE_H

#include <sys/types.h>

enum note_kind {
	NOTE_NONE,
	/* from inside */
	NOTE_PTY,     /* comes with the terminal's master */
	NOTE_PID,     /* sent by the command itself, just before the exec */
	NOTE_STOPPED, /* by this signal */
	NOTE_ENDED,   /* wait status */
	/* from outside */
	NOTE_SIGNAL,       /* for the command */
	NOTE_SIGNAL_GROUP, /* for its process group */
};

struct note {
	int kind, value;
	pid_t sender; /* as the receiver counts pids */
	int fd;       /* came with it, or -1; the receiver owns it */
};

/* A connected pair of sockets, both close-on-exec; ours learns senders' pids.  -errno. */
int note_pair(int *ours, int *theirs);
int note_send(int sock, enum note_kind kind, int value, int fd);
/* 1, 0 when the other side is gone, -EAGAIN when there is none yet and wait is 0. */
int note_receive(int sock, struct note *n, int wait);

#endif
