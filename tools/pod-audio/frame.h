/* SPDX-License-Identifier: Apache-2.0 */
/* Twenty milliseconds of sound, as they go from who captures to who encodes: one write(2) to a
 * pipe, which PIPE_BUF keeps whole, also where the writer is killed. */
#ifndef POD_AUDIO_FRAME_H
#define POD_AUDIO_FRAME_H

#include <limits.h>
#include <stdint.h>

#define RATE     48000
#define CHANNELS 2
#define FRAMES   960 /* samples of a channel */
#define FRAME_US 20000

struct frame {
	uint64_t usec; /* CLOCK_MONOTONIC of its first sample */
	int16_t pcm[FRAMES * CHANNELS];
};

_Static_assert(sizeof(struct frame) <= PIPE_BUF, "a frame is one write");

#endif
