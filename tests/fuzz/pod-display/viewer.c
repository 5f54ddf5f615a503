/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole viewer, libvncserver included: the handshake is made, and then it says anything; a size
 * may change and pixels may become others in between.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/pod-display/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct desk *d, int fd, const uint8_t *data, size_t size)
{
	static const char hello[] = RFB_VERSION "\1\1";
	OWN_BUF struct buf b = BUF_INIT;

	buf_add(&b, hello, sizeof(hello) - 1);
	buf_add(&b, data, size);
	if (viewer_new(d, fd, "fuzz", false, &b) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct desk *d = nobody_desk();
	struct err e = {0};
	int pair[2];

	if (size > 20000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		return 0;
	d->loop.now_ms += 1000;
	feed(d, pair[0], data, size);
	for (int i = 0; i < 3; i++) {
		d->loop.now_ms += 1000;
		for (size_t at = 0; at < 160 * 30 && size > 0; at++)
			d->screen.pixels[at] = data[(at + (size_t)i) % size] * 0x010203u;
		screen_damage(&d->screen, &(struct rect){0, 0, d->screen.width, 20});
		encode_pixels(d);
		d->screen.n_damage = 0;
		desk_look(d, &e);
		encode_update(d, d->loop.now_ms);
		viewers_reap(d);
	}
	for (struct viewer *v = d->viewers; v; v = v->next)
		viewer_end(v);
	viewers_reap(d);
	close(pair[1]);
	return 0;
}
