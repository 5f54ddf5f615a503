/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to an upstream, TCP or TLS (RFC 7766, 7858): opened when it is first needed,
 * shared by all questions, closed when nothing was asked for a while.  Answers come in any order.
 */
#ifndef POD_DNS_STREAM_H
#define POD_DNS_STREAM_H

#include <stdint.h>

#include "tools/pod-dns/ask.h"

/* Send t's question; later try_answered() or try_failed() is called, but never from in here. */
void stream_send(struct upstreams *us, struct try *t);
/* t does not wait any more. */
void stream_forget(struct stream *s, struct try *t);

/* Close what was idle for too long or does not get connected.  Returns ms until the next such
 * moment, -1 for none. */
int stream_tick(struct upstreams *us);
void stream_free_all(struct upstreams *us);

/* Load what TLS needs before files become unreachable; only when an upstream asks for TLS. */
int stream_prepare(struct upstreams *us, struct err *e);

#endif
