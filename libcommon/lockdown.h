/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up power before the first foreign byte is read, in the manner of pledge(2): whoever calls
 * lockdown() has opened what it needs and names, in a few words, what it will still do.  All other
 * system calls kill the process from then on; there is no way back.
 */
#ifndef LIBCOMMON_LOCKDOWN_H
#define LIBCOMMON_LOCKDOWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/err.h"

enum promise {
	/* read, write, poll, close, memory that is not executable, the clock, exit: always allowed
	 */
	PROMISE_STDIO = 0,
	PROMISE_ACCEPT =
		1 << 0, /* take connections of an open socket, ask who it is, send, receive */
	PROMISE_FILE = 1 << 1,   /* positions, sizes and syncing of open files; opens none */
	PROMISE_TTY = 1 << 2,    /* the window size of an open terminal; no other ioctl */
	PROMISE_RECORD = 1 << 3, /* open and lock files: appending to an audit log (record.h) */
	PROMISE_EPOLL = 1 << 4,  /* wait by an open epoll, change what it watches */
	/* make IPv4 and IPv6 sockets, connect them, send and receive in batches */
	PROMISE_INET = 1 << 5,
	/* open files for reading: those in read_beneath, where the kernel has Landlock */
	PROMISE_READ_FILES = 1 << 6,
	PROMISE_SPLICE = 1 << 7, /* make pipes, move bytes through them */
	/* make Unix sockets and connect them, by paths below where the caller stands */
	PROMISE_UNIX = 1 << 8,
	PROMISE_LOCK = 1 << 9,   /* flock(2) of open files */
	PROMISE_MLOCK = 1 << 10, /* keep more memory out of swap, and let go of it */
	PROMISE_ALARM = 1 << 11, /* a timer that ends this very process */
	/* say what descriptors lead to that the kernel opens for it (fanotify); opens none itself.
	 * Landlock would have the kernel refuse it those. */
	PROMISE_OWN_FDS = 1 << 13,
	/* make files, links and directories, change their modes, times and names: those beneath
	 * write_beneath, where the kernel has Landlock */
	PROMISE_MAKE_FILES = 1 << 14,
	/* options of connections that were taken, and sending from several places at once */
	PROMISE_SERVE = 1 << 15,
	/* what a client of PipeWire does once it is connected, in its threads: messages that carry
	 * descriptors, shared memory, events and timers; no file and no socket is opened */
	PROMISE_SOUND = 1 << 18,
	PROMISE_ROOM = 1 << 16,  /* say how much an open socket keeps for who is slow */
	PROMISE_FLAGS = 1 << 12, /* flags of open descriptors; who is at the other end */
	/* Unix sockets' messages, what lies in them unread, descriptors twice: libxcb and
	 * libvncserver
	 */
	PROMISE_SOCKETS = 1 << 17,
	PROMISE_TAKE = 1 << 19, /* receive messages, with the descriptors that come in them */
};

struct lockdown {
	unsigned promises; /* enum promise, or'ed */
	int death; /* a signal for when the parent ends, which a change of ids forgets; 0: none */
	uid_t uid; /* to become; 0: stay who we are */
	gid_t gid;
	bool threads; /* a library of ours has some: the filter is theirs, too, the rest is not */
	/* Directories, open, below which files may be read; where the kernel has Landlock, no
	 * other file can be opened at all.  Only with PROMISE_READ_FILES. */
	const int *read_beneath;
	size_t n_read_beneath;
	/* The same for what may be read, made, written and removed.  Only with PROMISE_MAKE_FILES.
	 */
	const int *write_beneath;
	size_t n_write_beneath;
};

/*
 * Single-threaded processes only, but for those that say so.  Drops supplementary groups, ids and
 * every capability, sets no_new_privs and non-dumpable, and loads the filter.  Returns 0, or -errno
 * with e set: the caller must then end.
 */
int lockdown(const struct lockdown *l, struct err *e);

#endif
