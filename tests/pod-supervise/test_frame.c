/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/lib/tap.h"
#include "tools/pod-supervise/fifo.h"
#include "tools/pod-supervise/frame.h"
#include "tools/pod-supervise/keys.h"

static void test_frames(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct frame f;

	frame_add(&b, FRAME_INPUT, "abc", 3);
	is_int(frame_parse(&f, b.data, b.len), 8, "a frame comes back");
	ok(f.type == FRAME_INPUT && f.len == 3 && memcmp(f.data, "abc", 3) == 0, "as it was");
	for (size_t n = 0; n < b.len; n++)
		if (frame_parse(&f, b.data, n) != 0)
			ok(false, "%zu bytes of it are none yet", n);
	is_int(frame_parse(&f, "i\0\0\0\0", 5), -EINVAL, "no empty input");
	is_int(frame_parse(&f, "i\0\0\x40\0", 5), 0, "16384 bytes are waited for");
	is_int(frame_parse(&f, "i\0\0\x40\1", 5), -EINVAL, "16385 are not");
	is_int(frame_parse(&f, "i\xff\xff\xff\xff", 5), -EINVAL, "nor are 4 GiB");
	is_int(frame_parse(&f, "w\0\0\0\5abcde", 10), -EINVAL, "a size has four bytes");
	is_int(frame_parse(&f, "z\0\0\0\1a", 6), -EINVAL, "a type that is none");
	is_int(frame_parse(&f, "GET / HTTP/1.0", 14), -EINVAL, "another protocol");
}

static void keys(const char *pieces[], const char *want, bool detaches, const char *name)
{
	OWN_BUF struct buf out = BUF_INIT;
	struct keys k = {0};
	bool detached = false;

	buf_str(&out, "");
	for (; *pieces && !detached; pieces++)
		detached = keys_take(&k, *pieces, strlen(*pieces), &out);
	is_str(out.data, want, "%s", name);
	is_int(detached, detaches, "%s: detached", name);
}

static void test_keys(void)
{
	keys((const char *[]){"abc", NULL}, "abc", false, "plain keys");
	keys((const char *[]){"a\x10\x11z", NULL}, "a", true, "Ctrl-P Ctrl-Q");
	keys((const char *[]){"a\x10", "\x11", NULL}, "a", true, "in two reads");
	keys((const char *[]){"\x10", "x", NULL}, "\x10x", false, "Ctrl-P and another key");
	keys((const char *[]){"\x10\x10\x11", NULL}, "\x10", true, "Ctrl-P twice, then Ctrl-Q");
	keys((const char *[]){"\x11\x10", NULL}, "\x11", false, "Ctrl-P is held back");
}

/* Against a plain array: whatever goes in comes out in order. */
static void test_fifo(void)
{
	struct fifo f = {0};
	unsigned char next_in = 0, next_out = 0;
	bool same = true;

	for (unsigned i = 0; i < 5000; i++) {
		for (unsigned n = i * 7 % 23; n > 0; n--, next_in++)
			fifo_add(&f, &next_in, 1);
		for (unsigned n = i * 5 % 29; n > 0 && fifo_len(&f); n--, next_out++) {
			same &= (unsigned char)*fifo_head(&f) == next_out;
			fifo_drop(&f, 1);
		}
	}
	ok(same, "a fifo keeps its order");
	ok(f.b.cap < 65536, "and does not grow for ever");
	fifo_finish(&f);
}

int main(void)
{
	test_frames();
	test_keys();
	test_fifo();
	return done_testing();
}
