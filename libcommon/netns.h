/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network namespace of a pod, pinned at RUN/NAME/ns/net for as long as the pod.  It belongs to
 * a user namespace of its own, whose maker's uid (netid_uid(N, NETID_DNS)) is the only unprivileged
 * one that may change its rules: NETWORK-NOTES 3 in short, see docs/architecture.md.
 * Single-threaded programs only: a socket is made by going there and coming back.
 */
#ifndef LIBCOMMON_NETNS_H
#define LIBCOMMON_NETNS_H

#include "libcommon/err.h"
#include "libcommon/pod.h"

/* A descriptor of the pinned namespace; -ENOENT when none is pinned, -errno. */
int netns_open(const struct pod *p);

/*
 * The same, made and pinned when missing, with `lo` up, unprivileged ports from 0 and ping sockets
 * for everybody.  Pins are made in the mount namespace `home` (-1: the caller's own).  The caller
 * holds the pod's lock.
 */
int netns_make(const struct pod *p, int home, struct err *e);

/* Let go of the pin.  The namespace lives on while a process or a socket is in it. */
int netns_unpin(const struct pod *p, struct err *e);

/*
 * socket(2) inside the namespace ns (type gets SOCK_CLOEXEC); the caller is in its own namespace
 * again afterwards, or the program ends.  Returns the descriptor, -errno with e set.
 */
int netns_socket(int ns, int family, int type, int protocol, struct err *e);

/* Run fn(arg) inside the namespace and come back.  fn's result, or -errno with e set. */
int netns_within(int ns, int (*fn)(void *arg, struct err *e), void *arg, struct err *e);

#endif
