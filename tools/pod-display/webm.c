/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements are an identifier, a size, and what is in them (RFC 8794, RFC 9559).  A size is written
 * in eight bytes wherever it is patched later, and all ones where it is not known.
 */
#include "tools/pod-display/webm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"

enum {
	EBML = 0x1A45DFA3,
	SEGMENT = 0x18538067,
	SEEK_HEAD = 0x114D9B74,
	INFO = 0x1549A966,
	TRACKS = 0x1654AE6B,
	CLUSTER = 0x1F43B675,
	CUES = 0x1C53BB6B,
	VOID = 0xEC,
};

#define HEAD_ROOM 26 /* bytes kept for the seek head: one entry */
#define TIME_ROOM 11 /* and for the duration */
#define UNKNOWN   UINT64_MAX

/* --- elements --- */

static void big(struct buf *b, uint64_t n, int bytes)
{
	while (bytes-- > 0)
		buf_char(b, (char)(n >> (8 * bytes)));
}

static void ident(struct buf *b, uint32_t id)
{
	int bytes = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;

	big(b, id, bytes);
}

static void long_size(struct buf *b, uint64_t size)
{
	buf_char(b, 1);
	big(b, size == UNKNOWN ? 0xffffffffffffff : size, 7);
}

static void number(struct buf *b, uint32_t id, uint64_t n)
{
	ident(b, id);
	buf_char(b, (char)0x88);
	big(b, n, 8);
}

static void bytes(struct buf *b, uint32_t id, const void *data, size_t len)
{
	ident(b, id);
	long_size(b, len);
	buf_add(b, data, len);
}

static void text(struct buf *b, uint32_t id, const char *s)
{
	bytes(b, id, s, strlen(s));
}

static void within(struct buf *b, uint32_t id, const struct buf *inner)
{
	bytes(b, id, inner->data, inner->len);
}

/* Room for an element of n bytes, at least 9 (its own head). */
static void room(struct buf *b, size_t n)
{
	static const char nothing[64];

	bytes(b, VOID, nothing, n - 9);
}

static void float64(struct buf *b, uint32_t id, double value)
{
	uint64_t n;

	memcpy(&n, &value, sizeof(n));
	number(b, id, n);
}

/* --- the file --- */

static int put(struct webm *w, const struct buf *b, struct err *e)
{
	int r = write_full(w->fd, b->data, b->len);

	if (r < 0)
		return err_set(e, -r, "write the recording");
	w->bytes += b->len;
	return 0;
}

static int patch(const struct webm *w, uint64_t at, const struct buf *b, struct err *e)
{
	ssize_t n = pwrite(w->fd, b->data, b->len, (off_t)(w->start + at));

	return n == (ssize_t)b->len ? 0 : err_set(e, n < 0 ? errno : EIO, "write the recording");
}

static void print_head(struct buf *b)
{
	OWN_BUF struct buf in = BUF_INIT;

	number(&in, 0x4286, 1); /* EBMLVersion */
	number(&in, 0x42F7, 1); /* EBMLReadVersion */
	number(&in, 0x42F2, 4); /* EBMLMaxIDLength */
	number(&in, 0x42F3, 8); /* EBMLMaxSizeLength */
	text(&in, 0x4282, "webm");
	number(&in, 0x4287, 2); /* DocTypeVersion */
	number(&in, 0x4285, 2); /* DocTypeReadVersion */
	within(b, EBML, &in);
	ident(b, SEGMENT);
	long_size(b, UNKNOWN);
}

static void print_info(struct buf *b)
{
	OWN_BUF struct buf in = BUF_INIT;

	room(&in, TIME_ROOM);
	number(&in, 0x2AD7B1, 1000000); /* TimestampScale: milliseconds */
	text(&in, 0x4D80, "envpod");
	text(&in, 0x5741, "pod-display " ENVPOD_VERSION);
	within(b, INFO, &in);
}

static void print_tracks(struct buf *b, int width, int height)
{
	OWN_BUF struct buf video = BUF_INIT, entry = BUF_INIT, tracks = BUF_INIT;

	number(&video, 0xB0, (uint64_t)width);
	number(&video, 0xBA, (uint64_t)height);
	number(&entry, 0xD7, 1);   /* TrackNumber */
	number(&entry, 0x73C5, 1); /* TrackUID */
	number(&entry, 0x83, 1);   /* TrackType: video */
	number(&entry, 0x9C, 0);   /* FlagLacing */
	text(&entry, 0x86, "V_VP8");
	within(&entry, 0xE0, &video);
	within(&tracks, 0xAE, &entry);
	within(b, TRACKS, &tracks);
}

/* Offsets of what is patched; positions inside the segment count from its first byte. */
static uint64_t segment_start(void)
{
	OWN_BUF struct buf b = BUF_INIT;

	print_head(&b);
	return b.len;
}

static uint64_t duration_at(void)
{
	return segment_start() + HEAD_ROOM + 4 + 8;
}

int webm_begin(struct webm *w, int fd, int width, int height, struct err *e)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	OWN_BUF struct buf b = BUF_INIT;

	*w = (struct webm){.fd = fd, .seekable = at >= 0, .start = at < 0 ? 0 : (uint64_t)at};
	print_head(&b);
	room(&b, HEAD_ROOM);
	print_info(&b);
	print_tracks(&b, width, height);
	return put(w, &b, e);
}

static int close_cluster(struct webm *w, struct err *e)
{
	OWN_BUF struct buf size = BUF_INIT;
	uint64_t at = w->cluster;

	w->cluster = 0;
	if (!at || !w->seekable)
		return 0;
	long_size(&size, w->bytes - at - 12);
	return patch(w, at + 4, &size, e);
}

static void note_cue(struct webm *w, uint64_t ms)
{
	OWN_BUF struct buf where = BUF_INIT, point = BUF_INIT;

	number(&where, 0xF7, 1);
	number(&where, 0xF1, w->bytes - segment_start());
	number(&point, 0xB3, ms);
	within(&point, 0xB7, &where);
	within(&w->cues, 0xBB, &point);
}

static int open_cluster(struct webm *w, uint64_t ms, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (close_cluster(w, e) < 0)
		return -e->code;
	note_cue(w, ms);
	w->cluster = w->bytes;
	w->cluster_ms = ms;
	ident(&b, CLUSTER);
	long_size(&b, UNKNOWN);
	number(&b, 0xE7, ms); /* Timestamp */
	return put(w, &b, e);
}

int webm_frame(struct webm *w, const void *data, size_t len, uint64_t ms, bool is_key,
	       struct err *e)
{
	OWN_BUF struct buf block = BUF_INIT, b = BUF_INIT;

	if (is_key && open_cluster(w, ms, e) < 0)
		return -e->code;
	if (!w->cluster || ms < w->cluster_ms || ms - w->cluster_ms > INT16_MAX)
		return err_set(e, ERR_PLAIN, "a frame of the recording has no place in it");
	buf_char(&block, (char)0x81); /* of track 1 */
	big(&block, ms - w->cluster_ms, 2);
	buf_char(&block, (char)(is_key ? 0x80 : 0));
	buf_add(&block, data, len);
	within(&b, 0xA3, &block); /* SimpleBlock */
	return put(w, &b, e);
}

/* Where the cues are, which lie at the end, as the first thing in the file. */
static int point_to_cues(struct webm *w, uint64_t at, struct err *e)
{
	OWN_BUF struct buf entry = BUF_INIT, seek = BUF_INIT, head = BUF_INIT;

	/* In short sizes: this must fill HEAD_ROOM to the byte. */
	ident(&entry, 0x53AB);
	buf_char(&entry, (char)0x84);
	ident(&entry, CUES);
	number(&entry, 0x53AC, at - segment_start());
	ident(&seek, 0x4DBB);
	buf_char(&seek, (char)(0x80 | entry.len));
	buf_add(&seek, entry.data, entry.len);
	ident(&head, SEEK_HEAD);
	buf_char(&head, (char)(0x80 | seek.len));
	buf_add(&head, seek.data, seek.len);
	return head.len == HEAD_ROOM ? patch(w, segment_start(), &head, e)
				     : err_set(e, ERR_PLAIN, "the seek head has another length");
}

int webm_end(struct webm *w, uint64_t ms, struct err *e)
{
	OWN_BUF struct buf cues = BUF_INIT, time = BUF_INIT, size = BUF_INIT;
	uint64_t at;

	if (close_cluster(w, e) < 0)
		return -e->code;
	at = w->bytes;
	within(&cues, CUES, &w->cues);
	if (put(w, &cues, e) < 0)
		return -e->code;
	if (!w->seekable)
		return 0;
	float64(&time, 0x4489, (double)ms);
	long_size(&size, w->bytes - segment_start());
	if (point_to_cues(w, at, e) < 0 || patch(w, duration_at(), &time, e) < 0 ||
	    patch(w, segment_start() - 8, &size, e) < 0)
		return -e->code;
	return 0;
}

void webm_finish(struct webm *w)
{
	buf_finish(&w->cues);
}
