/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audio/webm.h"

#include <string.h>

#include "tools/pod-audio/frame.h"

/* Elements' names, as they stand in the file. */
enum {
	EBML = 0x1a45dfa3,
	EBML_VERSION = 0x4286,
	EBML_READ_VERSION = 0x42f7,
	EBML_ID_MAX = 0x42f2,
	EBML_SIZE_MAX = 0x42f3,
	DOC_TYPE = 0x4282,
	DOC_TYPE_VERSION = 0x4287,
	DOC_TYPE_READ_VERSION = 0x4285,
	SEGMENT = 0x18538067,
	INFO = 0x1549a966,
	TIMESTAMP_SCALE = 0x2ad7b1,
	MUXING_APP = 0x4d80,
	WRITING_APP = 0x5741,
	TRACKS = 0x1654ae6b,
	TRACK_ENTRY = 0xae,
	TRACK_NUMBER = 0xd7,
	TRACK_UID = 0x73c5,
	TRACK_TYPE = 0x83,
	FLAG_LACING = 0x9c,
	CODEC_ID = 0x86,
	CODEC_DELAY = 0x56aa,
	SEEK_PRE_ROLL = 0x56bb,
	CODEC_PRIVATE = 0x63a2,
	AUDIO = 0xe1,
	SAMPLING_FREQUENCY = 0xb5,
	AUDIO_CHANNELS = 0x9f,
	CLUSTER = 0x1f43b675,
	TIMESTAMP = 0xe7,
	SIMPLE_BLOCK = 0xa3,
};

#define NS_A_SAMPLE (1000000000u / RATE)

static void put_bytes(struct buf *b, uint64_t n, unsigned bytes)
{
	while (bytes-- > 0)
		buf_char(b, (char)(n >> (8 * bytes)));
}

static void put_id(struct buf *b, uint32_t id)
{
	put_bytes(b, id, id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1);
}

/* Sizes are always four bytes long: 0001 in front. */
static void put_data(struct buf *b, uint32_t id, const void *data, size_t n)
{
	put_id(b, id);
	put_bytes(b, 0x10000000u | (uint32_t)n, 4);
	buf_add(b, data, n);
}

static void put_text(struct buf *b, uint32_t id, const char *text)
{
	put_data(b, id, text, strlen(text));
}

static void put_number(struct buf *b, uint32_t id, uint64_t n)
{
	put_id(b, id);
	put_bytes(b, 0x10000008u, 4);
	put_bytes(b, n, 8);
}

static void put_master(struct buf *b, uint32_t id, const struct buf *inside)
{
	put_data(b, id, inside->data, inside->len);
}

/* RFC 7845, 5.1: what a decoder is to know. */
static void put_opus_head(struct buf *b, unsigned delay)
{
	unsigned char head[19] = "OpusHead";

	head[8] = 1;
	head[9] = CHANNELS;
	head[10] = (unsigned char)delay;
	head[11] = (unsigned char)(delay >> 8);
	for (int i = 0; i < 4; i++)
		head[12 + i] = (unsigned char)((unsigned)RATE >> (8 * i));
	put_data(b, CODEC_PRIVATE, head, sizeof(head));
}

static void put_track(struct buf *tracks, unsigned delay)
{
	OWN_BUF struct buf entry = BUF_INIT, audio = BUF_INIT;
	double rate = RATE;
	uint64_t bits;

	put_number(&entry, TRACK_NUMBER, 1);
	put_number(&entry, TRACK_UID, 1);
	put_number(&entry, TRACK_TYPE, 2);
	put_number(&entry, FLAG_LACING, 0);
	put_text(&entry, CODEC_ID, "A_OPUS");
	put_number(&entry, CODEC_DELAY, (uint64_t)delay * NS_A_SAMPLE);
	put_number(&entry, SEEK_PRE_ROLL, 80000000);
	put_opus_head(&entry, delay);
	memcpy(&bits, &rate, sizeof(bits));
	put_number(&audio, SAMPLING_FREQUENCY, bits);
	put_number(&audio, AUDIO_CHANNELS, CHANNELS);
	put_master(&entry, AUDIO, &audio);
	put_master(tracks, TRACK_ENTRY, &entry);
}

void webm_header(struct buf *out, unsigned delay)
{
	OWN_BUF struct buf ebml = BUF_INIT, info = BUF_INIT, tracks = BUF_INIT;

	put_number(&ebml, EBML_VERSION, 1);
	put_number(&ebml, EBML_READ_VERSION, 1);
	put_number(&ebml, EBML_ID_MAX, 4);
	put_number(&ebml, EBML_SIZE_MAX, 8);
	put_text(&ebml, DOC_TYPE, "webm");
	put_number(&ebml, DOC_TYPE_VERSION, 4);
	put_number(&ebml, DOC_TYPE_READ_VERSION, 2);
	put_master(out, EBML, &ebml);
	put_id(out, SEGMENT);
	put_bytes(out, UINT64_C(0x01ffffffffffffff), 8); /* nobody knows how long */
	put_number(&info, TIMESTAMP_SCALE, 1000000);
	put_text(&info, MUXING_APP, "envpod");
	put_text(&info, WRITING_APP, "envpod");
	put_master(out, INFO, &info);
	put_track(&tracks, delay);
	put_master(out, TRACKS, &tracks);
}

void webm_packet(struct buf *out, uint64_t msec, const void *data, size_t n)
{
	static const unsigned char head[] = {0x81, 0, 0,
					     0x80}; /* track 1, no offset, a key frame */
	OWN_BUF struct buf cluster = BUF_INIT;

	put_number(&cluster, TIMESTAMP, msec);
	put_id(&cluster, SIMPLE_BLOCK);
	put_bytes(&cluster, 0x10000000u | (uint32_t)(sizeof(head) + n), 4);
	buf_add(&cluster, head, sizeof(head));
	buf_add(&cluster, data, n);
	put_master(out, CLUSTER, &cluster);
}
