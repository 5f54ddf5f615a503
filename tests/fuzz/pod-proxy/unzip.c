/* SPDX-License-Identifier: Apache-2.0 */
/* Packed bytes, fed and taken in any pieces: what comes out is what zlib makes of all of it. */
#include "tools/pod-proxy/unzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define OUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Up to the end of the first stream; bytes made, or -1. */
static long at_once(const uint8_t *data, size_t size, uint8_t *out)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)data,
		      .avail_in = (unsigned)size,
		      .next_out = out,
		      .avail_out = OUT_MAX};
	int r;

	inflateInit2(&z, MAX_WBITS + 32);
	r = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? (long)(OUT_MAX - z.avail_out)
								  : -1;
}

static size_t in_pieces(struct unzip *z, const uint8_t *data, size_t size, uint8_t *out,
			const uint8_t steps[2], bool *broken)
{
	size_t at = 0, made = 0;
	ssize_t n;

	do {
		size_t room = 1 + steps[1] * 16u;

		n = unzip_take(z, out + made, room < OUT_MAX - made ? room : OUT_MAX - made);
		if (n > 0)
			made += (size_t)n;
		if (n == 0 && at < size) {
			size_t step = 1 + steps[0] * 16u;

			step = step < size - at ? step : size - at;
			step = step < UNZIP_IN ? step : UNZIP_IN;
			unzip_give(z, data + at, step);
			at += step;
			n = 1;
		}
	} while (n > 0 && made < OUT_MAX);
	*broken = n < 0;
	return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const codings[] = {"gzip", "deflate", "x-gzip", "br"};
	static uint8_t whole[OUT_MAX], pieces[OUT_MAX];
	struct unzip *z;
	bool known, broken;
	size_t made;
	long want;

	if (size < 3)
		return 0;
	z = unzip_new(codings[data[0] % 4], &known);
	if ((z != NULL) != known || known == (data[0] % 4 == 3))
		abort();
	if (!z)
		return 0;
	made = in_pieces(z, data + 3, size - 3, pieces, data + 1, &broken);
	want = at_once(data + 3, size - 3, whole);
	/* Behind a first stream another may follow, which at_once() does not read, or nonsense. */
	if (want >= 0 && !broken && made < (size_t)want)
		abort();
	if (want >= 0 && memcmp(whole, pieces, made < (size_t)want ? made : (size_t)want) != 0)
		abort();
	unzip_is_whole(z);
	unzip_free(z);
	return 0;
}
