/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to Opus packets (RFC 6716), and silence to nothing. */
#ifndef POD_AUDIO_ENCODE_H
#define POD_AUDIO_ENCODE_H

#include <opus/opus.h>
#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-audio/frame.h"

#define PACKET_MAX 1500 /* bytes; 96 kbit/s make 240 */

struct encoder {
	OpusEncoder *opus;
	unsigned delay;  /* samples that come before the first one of the source */
	unsigned volume; /* percent */
	bool muted;
	bool sounds;     /* packets are being sent */
	unsigned silent; /* frames without any sound, in a row */
};

int encoder_init(struct encoder *x, struct err *e);
void encoder_finish(struct encoder *x);

/* The packet of a frame, which is scaled in place: its length.  0: it is silence, and has been for
 * a while; x->sounds says whether packets were sent up to now. */
size_t encoder_take(struct encoder *x, struct frame *f, unsigned char out[PACKET_MAX]);

#endif
