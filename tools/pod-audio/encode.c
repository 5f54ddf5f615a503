/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audio/encode.h"

#include <string.h>

#define BITRATE    96000
#define COMPLEXITY 5
#define TAIL       10 /* silent frames that are sent all the same: a pause is no end */

int encoder_init(struct encoder *x, struct err *e)
{
	opus_int32 delay = 0;
	int fault = OPUS_OK;

	*x = (struct encoder){.volume = 100};
	x->opus = opus_encoder_create(RATE, CHANNELS, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &fault);
	if (!x->opus || fault != OPUS_OK)
		return err_set(e, ERR_PLAIN, "make an encoder: %s", opus_strerror(fault));
	opus_encoder_ctl(x->opus, OPUS_SET_BITRATE(BITRATE));
	opus_encoder_ctl(x->opus, OPUS_SET_COMPLEXITY(COMPLEXITY));
	opus_encoder_ctl(x->opus, OPUS_GET_LOOKAHEAD(&delay));
	x->delay = (unsigned)delay;
	return 0;
}

void encoder_finish(struct encoder *x)
{
	if (x->opus)
		opus_encoder_destroy(x->opus);
	x->opus = NULL;
}

static bool is_silent(const struct frame *f)
{
	for (size_t i = 0; i < FRAMES * CHANNELS; i++)
		if (f->pcm[i])
			return false;
	return true;
}

static void scale(struct frame *f, unsigned percent)
{
	for (size_t i = 0; i < FRAMES * CHANNELS && percent != 100; i++)
		f->pcm[i] = (int16_t)(f->pcm[i] * (int)percent / 100);
}

size_t encoder_take(struct encoder *x, struct frame *f, unsigned char out[PACKET_MAX])
{
	opus_int32 n;

	scale(f, x->muted ? 0 : x->volume);
	x->silent = is_silent(f) ? x->silent + 1 : 0;
	if (x->silent > TAIL || (x->silent && !x->sounds))
		return 0;
	if (!x->sounds) /* what was before has nothing to do with it */
		opus_encoder_ctl(x->opus, OPUS_RESET_STATE);
	n = opus_encode(x->opus, f->pcm, FRAMES, out, PACKET_MAX);
	return n > 0 ? (size_t)n : 0;
}
