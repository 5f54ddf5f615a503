/* SPDX-License-Identifier: Apache-2.0 */
/* The Wayland backend against a headless sway: pictures, sizes, the clipboard, its end. */
#include "tools/pod-display/screen.h"

#include <poll.h>

#include "libcommon/clock.h"
#include "libcommon/loop.h"
#include "tests/lib/tap.h"
#include "tests/pod-display/compositor.h"

#define PATIENCE_MS 3000
#define COLOUR      0x204060

static struct err e;
static char heard[64];

static void on_clipboard(void *arg, const char *text, size_t len)
{
	(void)arg;
	snprintf(heard, sizeof(heard), "%.*s", (int)len, text);
}

static bool open_screen(struct screen *s, const struct compositor *c)
{
	bool done = screen_wayland_init(s, c->socket, &e) == 0 && s->ops->open(s, &e) == 0;

	if (!done)
		diag("%s", e.msg);
	return done;
}

/* One turn of each. */
static int turn(struct screen **s, int n)
{
	struct pollfd p[2];
	int r = 0;

	for (int i = 0; i < n; i++)
		p[i] = (struct pollfd){s[i]->ops->fd(s[i]), POLLIN, 0};
	poll(p, (nfds_t)n, 20);
	for (int i = 0; i < n && r == 0; i++) {
		r = s[i]->ops->dispatch(s[i], &e);
		s[i]->ops->tick(s[i], loop_clock());
		if (r == 0 && s[i]->is_stale)
			r = s[i]->ops->look(s[i], &e);
	}
	return r;
}

/* Until is(s[0]), or patience ends. */
static bool until(bool (*is)(const struct screen *), struct screen **s, int n)
{
	for (int64_t end = clock_ms() + PATIENCE_MS; clock_ms() < end;) {
		if (turn(s, n) < 0)
			return false;
		if (is(s[0]))
			return true;
	}
	return false;
}

static bool is_painted(const struct screen *s)
{
	return (s->pixels[s->width + 1] & 0xffffff) == COLOUR &&
	       (s->pixels[(s->height - 1) * s->width - 2] & 0xffffff) == COLOUR;
}

static bool is_large(const struct screen *s)
{
	return s->width == 800 && s->height == 600 && is_painted(s);
}

static bool has_heard(const struct screen *s)
{
	(void)s;
	return heard[0] != '\0';
}

static bool is_out(const struct screen *s)
{
	return !s->is_typing;
}

static void pictures(struct screen *s)
{
	is_int(s->width, 640, "its width is known");
	is_int(s->height, 480, "and its height");
	ok(until(is_painted, &s, 1), "and what it shows");
}

static void sizes(struct screen *s)
{
	unsigned before = s->resizes;

	is_int(s->ops->resize(s, 800, 600, &e), 0, "another size");
	ok(until(is_large, &s, 1) && s->resizes > before, "is that of the pictures then");
	ok(s->ops->resize(s, 1, 1, &e) < 0, "too small");
	ok(s->ops->resize(s, SCREEN_MAX_WIDTH + 1, 600, &e) < 0, "too large");
	is_int(s->ops->resize(s, 640, 480, &e), 0, "and back");
}

static void clipboards(struct screen *a, const struct compositor *c)
{
	struct screen b, *both[] = {a, &b};

	a->on_clipboard = on_clipboard;
	if (!ok(open_screen(&b, c), "a second one at the same compositor"))
		return;
	is_int(b.ops->set_clipboard(&b, "h\xc3\xa9llo", 6), 0, "one offers a text");
	ok(until(has_heard, both, 2), "the other one hears of it");
	is_str(heard, "h\xc3\xa9llo", "all of it");
	heard[0] = '\0';
	is_int(a->ops->set_clipboard(a, "mine", 4), 0, "then the other way");
	for (int i = 0; i < 20; i++)
		turn(both, 2);
	is_str(heard, "", "nobody hears himself");
	ok(a->ops->set_clipboard(a, "\xff", 1) < 0, "what is no UTF-8 is refused");
	screen_finish(&b);
}

static void hands(struct screen *s)
{
	is_int(s->ops->pointer(s, 5000, -3, 1), 0, "the pointer");
	ok(s->pointer_x == s->width - 1 && s->pointer_y == 0, "stays on the screen");
	is_int(s->ops->pointer(s, 10, 10, 0), 0, "and lets go");
	is_int(s->ops->text(s, "abc\xe6\xbc\xa2", 6), 0, "a text");
	ok(until(is_out, &s, 1), "goes out");
	ok(s->ops->text(s, "\x01", 1) < 0 && s->ops->text(s, "\xc3", 1) < 0, "not any bytes");
	is_int(s->ops->key(s, 0xffe3, true), 0, "a key");
	is_int(s->ops->key(s, 0xffe3, false), 0, "and its end");
}

/* A compositor that ends: said, again and again, and no more done. */
static void ends(struct screen *s, struct compositor *c)
{
	int r = 0;

	kill(c->pid, SIGKILL);
	for (int64_t end = clock_ms() + PATIENCE_MS; r == 0 && clock_ms() < end;)
		r = turn(&s, 1);
	is_int(r, -ENOTCONN, "its end is noticed");
	s->ops->close(s);
	is_int(s->ops->pointer(s, 1, 1, 0), -ENOTCONN, "nothing is done then");
	is_int(s->ops->text(s, "a", 1), -ENOTCONN, "nor typed");
	ok(s->ops->look(s, &e) < 0 && s->ops->open(s, &e) < 0, "nor seen");
	compositor_stop(c);
}

static void words(void)
{
	struct screen s;

	unsetenv("XDG_RUNTIME_DIR");
	ok(screen_wayland_init(&s, "wayland-1", &e) < 0 && strstr(e.msg, "XDG_RUNTIME_DIR"),
	   "a name without a directory");
	setenv("XDG_RUNTIME_DIR", "/run", 1);
	ok(screen_wayland_init(&s, "../x", &e) < 0, "a name that leads elsewhere");
	ok(screen_wayland_init(&s, "/nonexistent/socket", &e) == 0 && s.ops->open(&s, &e) < 0 &&
		   strstr(e.msg, "/nonexistent/socket"),
	   "nobody there");
	screen_finish(&s);
}

int main(void)
{
	struct compositor c = {0};
	struct screen s;

	words();
	if (access("/usr/bin/sway", X_OK) < 0) {
		skip_rest("sway");
		return done_testing();
	}
	if (!ok(compositor_start(&c), "a compositor")) {
		compositor_stop(&c);
		return done_testing();
	}
	if (ok(open_screen(&s, &c), "its screen")) {
		pictures(&s);
		sizes(&s);
		hands(&s);
		clipboards(&s, &c);
		ends(&s, &c);
		screen_finish(&s);
	}
	compositor_stop(&c);
	return done_testing();
}
