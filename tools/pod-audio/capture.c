/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A passive stream on the sink's monitor: it does not keep the sink running, so that the graph
 * rests, and we with it, until a program plays something.  When PipeWire goes this process ends:
 * whoever started it starts another, which has nothing of the old connection.
 */
#include "tools/pod-audio/capture.h"

#include <errno.h>
#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/say.h"
#include "tools/pod-audio/frame.h"
#include "tools/pod-audio/quiet.h"

#define GAP_US 60000 /* between two callbacks: what was begun before is another sound */

struct capture {
	struct pw_main_loop *loop;
	struct pw_stream *stream;
	int out;
	struct frame frame;
	size_t filled;     /* samples of a channel */
	uint64_t due;      /* the next frame's time */
	uint64_t expected; /* when the next sample is due */
	bool is_locked;
	bool format_is_ours; /* what comes is what was asked for */
	struct err *e;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void stop(struct capture *c, int code, const char *what)
{
	if (!c->e->code)
		err_set(c->e, code, "%s", what);
	pw_main_loop_quit(c->loop);
}

static void send_frame(struct capture *c)
{
	ssize_t n = write(c->out, &c->frame, sizeof(c->frame));

	c->filled = 0;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		stop(c, errno, "hand on sound");
}

/* One sound's frames follow each other without a gap, whenever we came to take them; a sixteenth of
 * what we are off is made good each time, since the sink's clock is another. */
static uint64_t stamp(struct capture *c, uint64_t begin)
{
	int64_t off = (int64_t)(begin - c->due);

	if (off < -GAP_US || off > GAP_US)
		c->due = begin;
	else
		c->due += (uint64_t)(off / 16);
	begin = c->due;
	c->due += FRAME_US;
	return begin;
}

static void take_samples(struct capture *c, const int16_t *pcm, size_t n)
{
	uint64_t now = now_us(), begin = now - (uint64_t)n * 1000000 / RATE;

	if (c->filled && begin > c->expected + GAP_US)
		c->filled = 0;
	c->expected = now;
	while (n > 0) {
		size_t room = FRAMES - c->filled, some = n < room ? n : room;

		if (c->filled == 0)
			c->frame.usec = stamp(c, begin);
		memcpy(c->frame.pcm + c->filled * CHANNELS, pcm, some * CHANNELS * sizeof(*pcm));
		c->filled += some;
		pcm += some * CHANNELS;
		begin += (uint64_t)some * 1000000 / RATE;
		n -= some;
		if (c->filled == FRAMES)
			send_frame(c);
	}
}

static void on_process(void *arg)
{
	struct capture *c = arg;
	struct pw_buffer *b;

	while ((b = pw_stream_dequeue_buffer(c->stream))) {
		const struct spa_data *d = &b->buffer->datas[0];
		size_t from = d->chunk->offset < d->maxsize ? d->chunk->offset : d->maxsize;
		size_t size =
			d->chunk->size < d->maxsize - from ? d->chunk->size : d->maxsize - from;

		if (d->data && c->format_is_ours)
			take_samples(c,
				     (const int16_t *)(const void *)((const char *)d->data + from),
				     size / (CHANNELS * sizeof(int16_t)));
		pw_stream_queue_buffer(c->stream, b);
	}
}

static void on_param(void *arg, uint32_t id, const struct spa_pod *param)
{
	struct spa_audio_info_raw raw = {0};
	struct capture *c = arg;

	if (id != SPA_PARAM_Format || !param)
		return;
	c->format_is_ours = spa_format_audio_raw_parse(param, &raw) >= 0 &&
			    raw.format == SPA_AUDIO_FORMAT_S16 && raw.rate == RATE &&
			    raw.channels == CHANNELS;
}

static void on_state(void *arg, enum pw_stream_state old, enum pw_stream_state state,
		     const char *why)
{
	struct capture *c = arg;

	/* From here on there is nothing more to load: until it is linked, it opens its plugins. */
	if (state == PW_STREAM_STATE_STREAMING && !c->is_locked && quiet_lock_down(c->e) < 0)
		pw_main_loop_quit(c->loop);
	c->is_locked = c->is_locked || state == PW_STREAM_STATE_STREAMING;
	if (state == PW_STREAM_STATE_ERROR)
		stop(c, ERR_PLAIN, why ? why : "PipeWire has gone");
	else if (state == PW_STREAM_STATE_UNCONNECTED && old != PW_STREAM_STATE_CONNECTING)
		stop(c, ERR_PLAIN, "PipeWire has gone");
}

static const struct pw_stream_events events = {
	PW_VERSION_STREAM_EVENTS,
	.process = on_process,
	.param_changed = on_param,
	.state_changed = on_state,
};

static int connect_stream(struct capture *c, const char *sink, struct err *e)
{
	uint8_t room[1024];
	struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(room, sizeof(room));
	struct spa_audio_info_raw raw = {.format = SPA_AUDIO_FORMAT_S16,
					 .rate = RATE,
					 .channels = CHANNELS,
					 .position = {SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR}};
	const struct spa_pod *params[1] = {
		spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat, &raw)};
	struct pw_properties *words = pw_properties_new(
		PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY, "Capture", PW_KEY_NODE_NAME,
		"envpod-capture", PW_KEY_STREAM_CAPTURE_SINK, "true", PW_KEY_NODE_PASSIVE, "true",
		PW_KEY_NODE_LATENCY, "480/48000", PW_KEY_TARGET_OBJECT, sink, NULL);
	int r;

	c->stream = pw_stream_new_simple(pw_main_loop_get_loop(c->loop), "envpod-capture", words,
					 &events, c);
	if (!c->stream)
		return err_set(e, errno, "make a stream");
	r = pw_stream_connect(c->stream, PW_DIRECTION_INPUT, PW_ID_ANY,
			      PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS, params, 1);
	return r < 0 ? err_set(e, -r, "connect to PipeWire") : 0;
}

int capture_run(int out, const char *sink, struct err *e)
{
	struct capture c = {.out = out, .e = e};
	int r;

	quiet_pipewire();
	pw_init(NULL, NULL);
	c.loop = pw_main_loop_new(NULL);
	if (!c.loop)
		return err_set(e, errno, "make a loop");
	r = connect_stream(&c, sink, e);
	if (r == 0)
		pw_main_loop_run(c.loop);
	if (c.stream)
		pw_stream_destroy(c.stream);
	pw_main_loop_destroy(c.loop);
	return r < 0 ? r : e->code ? -e->code : err_set(e, ERR_PLAIN, "PipeWire has gone");
}
