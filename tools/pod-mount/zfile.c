/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/zfile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"

#define CHUNK      (128u << 10)
#define WINDOW_LOG 27

static int failed(size_t code, const char *what, struct err *e)
{
	return err_set(e, ERR_PLAIN, "%s: %s", what, ZSTD_getErrorName(code));
}

/* A stream knows for itself which way it goes. */
struct stream {
	ZSTD_CStream *c;
	ZSTD_DStream *d;
	bool ended; /* between two frames */
};

void zfile_finish(struct zfile *z)
{
	struct stream *s = z->stream;

	if (s) {
		ZSTD_freeCStream(s->c);
		ZSTD_freeDStream(s->d);
	}
	free(s);
	free(z->in);
	*z = (struct zfile){.fd = -1};
}

int zfile_write(struct zfile *z, int fd, struct err *e)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	*z = (struct zfile){.fd = fd, .stream = s, .in = xcalloc(1, CHUNK)};
	s->c = ZSTD_createCStream();
	if (!s->c)
		return err_set(e, ENOMEM, "compress");
	ZSTD_CCtx_setParameter(s->c, ZSTD_c_checksumFlag, 1);
	return 0;
}

static int push(struct zfile *z, const void *data, size_t len, ZSTD_EndDirective end, struct err *e)
{
	struct stream *s = z->stream;
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;
	int r = 0;

	do {
		ZSTD_outBuffer out = {z->in, CHUNK, 0};

		left = ZSTD_compressStream2(s->c, &out, &in, end);
		if (ZSTD_isError(left))
			return failed(left, "compress", e);
		r = write_full(z->fd, z->in, out.pos);
	} while (r == 0 && (in.pos < in.size || (end == ZSTD_e_end && left > 0)));
	return r < 0 ? err_set(e, -r, "write the archive") : 0;
}

int zfile_add(struct zfile *z, const void *data, size_t len, struct err *e)
{
	return push(z, data, len, ZSTD_e_continue, e);
}

int zfile_end(struct zfile *z, struct err *e)
{
	return push(z, "", 0, ZSTD_e_end, e);
}

int zfile_read(struct zfile *z, int fd, uint64_t most, struct err *e)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	*z = (struct zfile){.fd = fd, .stream = s, .in = xcalloc(1, CHUNK), .left = most};
	s->d = ZSTD_createDStream();
	s->ended = true;
	if (!s->d)
		return err_set(e, ENOMEM, "decompress");
	ZSTD_DCtx_setParameter(s->d, ZSTD_d_windowLogMax, WINDOW_LOG);
	return 0;
}

/* 0 at the end of the file. */
static int refill(struct zfile *z, struct err *e)
{
	ssize_t n = read_full(z->fd, z->in, CHUNK);

	if (n < 0)
		return err_set(e, (int)-n, "read the archive");
	z->in_at = 0;
	z->in_len = (size_t)n;
	return n > 0;
}

ssize_t zfile_get(void *from, void *data, size_t n, struct err *e)
{
	struct zfile *z = from;
	struct stream *s = z->stream;
	ZSTD_outBuffer out = {data, n, 0};

	while (out.pos < out.size) {
		ZSTD_inBuffer in = {z->in, z->in_len, z->in_at};
		size_t left;
		int r = z->in_at == z->in_len ? refill(z, e) : 1;

		if (r < 0)
			return r;
		if (r == 0 && s->ended)
			break;
		if (r == 0)
			return err_set(e, ERR_PLAIN, "the archive is cut off");
		in = (ZSTD_inBuffer){z->in, z->in_len, z->in_at};
		left = ZSTD_decompressStream(s->d, &out, &in);
		if (ZSTD_isError(left))
			return failed(left, "read the archive", e);
		s->ended = left == 0;
		z->in_at = in.pos;
	}
	if (out.pos > z->left)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "the archive holds more than --max-size allows");
	z->left -= out.pos;
	return (ssize_t)out.pos;
}
