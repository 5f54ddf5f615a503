/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/unzip.h"

static char text[300000], packed[400000], out[600000];

static size_t pack(char *to, const char *from, size_t len, int bits)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)from,
		      .avail_in = (unsigned)len,
		      .next_out = (unsigned char *)to,
		      .avail_out = 200000};

	deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

/* Unpack, given so many bytes at a time, with so much room; the bytes, or -EBADMSG. */
static ssize_t unpack(const char *coding, const char *data, size_t len, size_t step, size_t room,
		      bool *whole)
{
	bool known;
	struct unzip *z = unzip_new(coding, &known);
	size_t n = 0;
	ssize_t r = 0;

	for (size_t at = 0; r >= 0 && at < len; at += step) {
		unzip_give(z, data + at, len - at < step ? len - at : step);
		while ((r = unzip_take(z, out + n, room)) > 0)
			n += (size_t)r;
	}
	*whole = unzip_is_whole(z);
	unzip_free(z);
	return r < 0 ? r : (ssize_t)n;
}

static void unpacked(const char *coding, int bits, size_t step, size_t room)
{
	size_t n = pack(packed, text, sizeof(text), bits);
	bool whole;
	ssize_t r = unpack(coding, packed, n, step, room, &whole);

	ok(r == (ssize_t)sizeof(text) && whole && memcmp(out, text, sizeof(text)) == 0,
	   "%s, %zu bytes at a time, %zu bytes of room", coding, step, room);
}

static void broken(void)
{
	size_t n = pack(packed, text, sizeof(text), MAX_WBITS + 16);
	size_t m = pack(packed + n, text, 1000, MAX_WBITS + 16);
	bool whole;

	is_int(unpack("gzip", packed, n + m, 100, 5000, &whole), (intmax_t)sizeof(text) + 1000,
	       "two streams, one behind the other");
	ok(whole, "are whole");
	unpack("gzip", packed, n - 1, 100, 5000, &whole);
	ok(!whole, "cut off");
	is_int(unpack("gzip", text, 1000, 100, 5000, &whole), -EBADMSG, "no stream at all");
	packed[n / 2] ^= 0x55;
	is_int(unpack("gzip", packed, n, 100, 5000, &whole), -EBADMSG, "a broken one");
	memcpy(packed + m, "rubbish", 7);
	m = pack(packed, text, 1000, MAX_WBITS + 16);
	is_int(unpack("gzip", packed, m + 7, 5000, 5000, &whole), -EBADMSG, "something behind it");
}

static void codings(void)
{
	bool known;

	ok(!unzip_new(NULL, &known) && known, "none");
	ok(!unzip_new("Identity", &known) && known, "identity");
	ok(!unzip_new("br", &known) && !known, "br");
	ok(!unzip_new("gzip, gzip", &known) && !known, "two of them");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i < 200000 ? "abcdefg"[i % 7 * (i % 3) % 7] : (char)(rand() >> 5);
	unpacked("gzip", MAX_WBITS + 16, UNZIP_IN, 65536);
	unpacked("GZIP", MAX_WBITS + 16, 1, 100);
	unpacked("x-gzip", MAX_WBITS + 16, 777, 33);
	unpacked("deflate", MAX_WBITS, 4000, 1);
	broken();
	codings();
	return done_testing();
}
