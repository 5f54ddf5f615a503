/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/unzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "libcommon/buf.h"

struct unzip {
	z_stream z;
	unsigned char in[UNZIP_IN];
	bool ended; /* a stream has; another may follow (RFC 1952 2.2) */
};

struct unzip *unzip_new(const char *coding, bool *known)
{
	static const char *const plain[] = {"", "identity"}, *const packed[] = {"gzip", "x-gzip",
										"deflate"};
	struct unzip *z;

	*known = true;
	for (size_t i = 0; i < 2; i++)
		if (!coding || strcasecmp(coding, plain[i]) == 0)
			return NULL;
	*known = false;
	for (size_t i = 0; i < 3; i++)
		*known |= strcasecmp(coding, packed[i]) == 0;
	if (!*known)
		return NULL;
	z = xcalloc(1, sizeof(*z));
	if (inflateInit2(&z->z, MAX_WBITS + 32) == Z_OK) /* + 32: gzip or zlib, as it says */
		return z;
	free(z);
	*known = false;
	return NULL;
}

/* It has seen what passes, secrets that were to be scrubbed among it. */
void unzip_free(struct unzip *z)
{
	if (!z)
		return;
	inflateEnd(&z->z);
	explicit_bzero(z->in, sizeof(z->in));
	free(z);
}

void unzip_give(struct unzip *z, const void *data, size_t len)
{
	len = len < UNZIP_IN ? len : UNZIP_IN;
	memcpy(z->in, data, len);
	z->z.next_in = z->in;
	z->z.avail_in = (unsigned)len;
}

/* One step: bytes made, or why not. */
static int step(struct unzip *z)
{
	int r;

	if (z->ended && inflateReset(&z->z) != Z_OK)
		return -EBADMSG;
	z->ended = false;
	r = inflate(&z->z, Z_SYNC_FLUSH);
	if (r == Z_STREAM_END)
		z->ended = true;
	return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? 0 : -EBADMSG;
}

ssize_t unzip_take(struct unzip *z, void *out, size_t size)
{
	unsigned room = size < 65536 ? (unsigned)size : 65536;
	bool full;

	z->z.next_out = out;
	z->z.avail_out = room;
	do {
		unsigned had = z->z.avail_in;

		/* With all of it taken there may still be more to come out of what zlib holds. */
		if (z->ended && !had)
			break;
		if (step(z) < 0)
			return -EBADMSG;
		full = z->z.avail_out == 0;
	} while (!full && z->z.avail_in);
	return (ssize_t)(room - z->z.avail_out);
}

bool unzip_is_whole(const struct unzip *z)
{
	return z->ended && z->z.avail_in == 0;
}
