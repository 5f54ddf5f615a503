/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opus in WebM (a subset of Matroska, RFC 9559), live: a header, then one cluster a packet, so that
 * each is complete when it is sent, and any may be left out.
 */
#ifndef POD_AUDIO_WEBM_H
#define POD_AUDIO_WEBM_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

/* delay: samples that the decoder is to skip at the begin. */
void webm_header(struct buf *out, unsigned delay);
/* msec from the stream's own begin. */
void webm_packet(struct buf *out, uint64_t msec, const void *data, size_t n);

#endif
