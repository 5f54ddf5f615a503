/* SPDX-License-Identifier: Apache-2.0 */
/* The X11 backend against a real Xvfb and a program that draws, listens and owns clipboards. */
#include "tests/pod-display/xserver.h"

#include "libcommon/clock.h"
#include "libcommon/loop.h"
#include "tests/lib/tap.h"
#include "tools/pod-display/x11.h"

static struct xserver server;
static struct xclient other;
static struct screen s;
static struct err e;

/* What the other program got to see. */
static uint32_t typed[512];
static unsigned n_typed;
static unsigned pressed, released, button_x, button_y;
static char given[CLIPBOARD_MAX + 1];
static size_t n_given;
static unsigned clipboards;

/* As a toolkit would: by the map that holds when the key comes. */
static uint32_t symbol(const xcb_key_press_event_t *k)
{
	xcb_get_keyboard_mapping_reply_t *m = xcb_get_keyboard_mapping_reply(
		other.c, xcb_get_keyboard_mapping(other.c, k->detail, 1), NULL);
	uint32_t keysym =
		xcb_get_keyboard_mapping_keysyms(m)[k->state & XCB_MOD_MASK_SHIFT ? 1 : 0];

	if (keysym == 0)
		keysym = xcb_get_keyboard_mapping_keysyms(m)[0];
	free(m);
	return keysym;
}

/* Owns "CLIPBOARD" with text; in pieces of step bytes, if step is not 0. */
static struct {
	const char *text;
	size_t len, step, at;
	xcb_window_t to;
	xcb_atom_t property;
} offer;

static xcb_atom_t atom(const char *name)
{
	xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(
		other.c, xcb_intern_atom(other.c, 0, (uint16_t)strlen(name), name), NULL);
	xcb_atom_t a = r->atom;

	free(r);
	return a;
}

static void answer(const xcb_selection_request_event_t *q)
{
	xcb_selection_notify_event_t n = {.response_type = XCB_SELECTION_NOTIFY,
					  .requestor = q->requestor,
					  .selection = q->selection,
					  .target = q->target,
					  .property = q->property};
	const uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;
	char event[32] = {0};

	if (offer.step) {
		uint32_t total = (uint32_t)offer.len;

		offer.to = q->requestor;
		offer.property = q->property;
		offer.at = 0;
		xcb_change_window_attributes(other.c, q->requestor, XCB_CW_EVENT_MASK, &mask);
		xcb_change_property(other.c, XCB_PROP_MODE_REPLACE, q->requestor, q->property,
				    atom("INCR"), 32, 1, &total);
	} else {
		xcb_change_property(other.c, XCB_PROP_MODE_REPLACE, q->requestor, q->property,
				    q->target, 8, (uint32_t)offer.len, offer.text);
	}
	memcpy(event, &n, sizeof(n));
	xcb_send_event(other.c, 0, q->requestor, 0, event);
}

static void next_piece(void)
{
	size_t n = offer.len - offer.at < offer.step ? offer.len - offer.at : offer.step;

	xcb_change_property(other.c, XCB_PROP_MODE_REPLACE, offer.to, offer.property,
			    atom("UTF8_STRING"), 8, (uint32_t)n, offer.text + offer.at);
	if (n == 0)
		offer.step = 0;
	offer.at += n;
}

static void see(const xcb_generic_event_t *ev)
{
	const xcb_button_press_event_t *b = (const void *)ev;
	const xcb_property_notify_event_t *p = (const void *)ev;

	switch (ev->response_type & 0x7f) {
	case XCB_KEY_PRESS:
		if (n_typed < 512)
			typed[n_typed++] = symbol((const void *)ev);
		break;
	case XCB_BUTTON_PRESS:
		pressed |= 1u << b->detail;
		button_x = (unsigned)b->root_x;
		button_y = (unsigned)b->root_y;
		break;
	case XCB_BUTTON_RELEASE:
		released |= 1u << b->detail;
		break;
	case XCB_SELECTION_REQUEST:
		answer((const void *)ev);
		break;
	case XCB_PROPERTY_NOTIFY:
		if (offer.step && p->window == offer.to && p->state == XCB_PROPERTY_DELETE)
			next_piece();
		break;
	}
}

static void see_all(void)
{
	xcb_generic_event_t *ev;

	while ((ev = xcb_poll_for_event(other.c))) {
		see(ev);
		free(ev);
	}
	xcb_flush(other.c);
}

/* Both sides go on until it is true; false: it never was. */
static bool until(bool (*is_true)(void))
{
	uint64_t end = loop_clock() + 20000;

	while (!is_true() && loop_clock() < end) {
		struct pollfd p[] = {{s.ops->fd(&s), POLLIN, 0},
				     {xcb_get_file_descriptor(other.c), POLLIN, 0}};
		int wait = s.ops->tick(&s, loop_clock());

		poll(p, 2, wait < 0 || wait > 100 ? 100 : wait);
		if (s.ops->dispatch(&s, &e) < 0)
			return is_true();
		see_all();
	}
	return is_true();
}

static bool is_stale(void)
{
	return s.is_stale;
}

static uint32_t pixel(int x, int y)
{
	return s.pixels[y * s.width + x] & 0xffffff;
}

static void settle(void)
{
	while (s.is_stale) {
		s.ops->look(&s, &e);
		s.ops->dispatch(&s, &e);
	}
}

static void test_pixels(void)
{
	is_int(s.width, 800, "width");
	is_int(s.height, 600, "height");
	settle();
	xclient_fill(&other, 0xff8000, (xcb_rectangle_t){100, 200, 30, 40});
	ok(until(is_stale), "drawing makes it stale");
	is_int(s.ops->look(&s, &e), 0, "a look");
	is_int(pixel(100, 200), 0xff8000, "first pixel");
	is_int(pixel(129, 239), 0xff8000, "last pixel");
	is_int(pixel(130, 240), 0, "the one after it");
	is_int(s.n_damage, 1, "one piece of damage");
	ok(s.damage[0].x >= 64 && s.damage[0].y >= 192 && s.damage[0].x + s.damage[0].w <= 192 &&
		   s.damage[0].y + s.damage[0].h <= 256,
	   "near by: %d,%d %dx%d", s.damage[0].x, s.damage[0].y, s.damage[0].w, s.damage[0].h);
	xclient_fill(&other, 0xff8000, (xcb_rectangle_t){100, 200, 30, 40});
	ok(until(is_stale), "the same again");
	s.ops->look(&s, &e);
	is_int(s.n_damage, 0, "is no damage");
}

static void test_many_pieces(void)
{
	for (int i = 0; i < 200; i++)
		xclient_fill(
			&other, 0x00ff00,
			(xcb_rectangle_t){(int16_t)(i % 20 * 40), (int16_t)(i / 20 * 60), 3, 3});
	ok(until(is_stale), "200 pieces");
	settle();
	is_int(pixel(19 * 40, 9 * 60), 0x00ff00, "all are seen");
	ok(s.n_damage <= SCREEN_RECTS, "damage is bounded");
}

static bool cursor_seen(void)
{
	settle();
	return s.cursor.width == 16 && s.cursor.hot_x == 5;
}

static void test_cursor(void)
{
	xcb_pixmap_t pixmap = xcb_generate_id(other.c);
	xcb_cursor_t cursor = xcb_generate_id(other.c);
	xcb_gcontext_t gc = xcb_generate_id(other.c);
	const uint32_t one = 1;
	unsigned serial = s.cursor.serial;

	xcb_create_pixmap(other.c, 1, pixmap, other.window, 16, 16);
	xcb_create_gc(other.c, gc, pixmap, XCB_GC_FOREGROUND, &one);
	xcb_poly_fill_rectangle(other.c, pixmap, gc, 1, &(xcb_rectangle_t){0, 0, 16, 16});
	xcb_create_cursor(other.c, cursor, pixmap, pixmap, 0xffff, 0, 0, 0, 0, 0, 5, 7);
	xcb_change_window_attributes(other.c, other.window, XCB_CW_CURSOR, &cursor);
	xcb_flush(other.c);
	ok(until(cursor_seen), "another shape");
	ok(s.cursor.serial > serial && s.cursor.hot_y == 7 && s.cursor.argb[0] == 0xffff0000,
	   "its hot spot and its colour");
}

static bool was_clicked(void)
{
	return (released & 1u << 5) != 0;
}

static void test_pointer(void)
{
	s.ops->pointer(&s, 321, 123, 0);
	s.ops->pointer(&s, 321, 123, 1);
	s.ops->pointer(&s, 321, 123, 0);
	s.ops->pointer(&s, 321, 123, 1u << 4);
	s.ops->pointer(&s, 321, 123, 0);
	ok(until(was_clicked), "buttons arrive");
	ok(pressed == (1u << 1 | 1u << 5) && released == pressed, "left, and the wheel: %x",
	   pressed);
	ok(button_x == 321 && button_y == 123, "there");
	s.ops->pointer(&s, -5, 100000, 0);
	ok(s.pointer_x == 0 && s.pointer_y == 599, "never beyond the edge");
	s.ops->pointer(&s, 300, 300, 0);
}

static unsigned want_typed;
static bool is_typed(void)
{
	return n_typed >= want_typed && !s.is_typing;
}

/* Presses of Shift are left out. */
static bool typed_is(const uint32_t *want, unsigned n)
{
	unsigned at = 0;

	for (unsigned i = 0; i < n_typed; i++) {
		if (typed[i] == 0xffe1)
			continue;
		if (at >= n || typed[i] != want[at]) {
			diag("symbol %u is %x", at, typed[i]);
			return false;
		}
		at++;
	}
	return at == n;
}

static void test_keys(void)
{
	static const uint32_t want[] = {'a', 'A', '/', '1', 0xff0d, 0x10020ac};

	n_typed = 0;
	s.ops->key(&s, 'a', true);
	s.ops->key(&s, 'a', false);
	s.ops->key(&s, 'A', true); /* nobody holds Shift */
	s.ops->key(&s, 'A', false);
	s.ops->key(&s, 0xffe1, true);
	s.ops->key(&s, '/', true); /* as on a German keyboard: with Shift */
	s.ops->key(&s, '/', false);
	s.ops->key(&s, 0xffe1, false);
	s.ops->key(&s, '1', true);
	s.ops->key(&s, '1', false);
	s.ops->key(&s, 0xffe5, true); /* Caps Lock: the symbols that follow say it */
	s.ops->key(&s, 0xffe5, false);
	s.ops->key(&s, 0xff0d, true);
	s.ops->key(&s, 0xff0d, false);
	s.ops->key(&s, 0x10020ac, true); /* the euro, which the keyboard lacks */
	s.ops->key(&s, 0x10020ac, false);
	want_typed = 9; /* Shift three times */
	ok(until(is_typed), "keys arrive");
	ok(typed_is(want, 6), "as what they say");
}

static void test_text(void)
{
	static const char text[] = "He\u20ac\u6f22\u5b57\U0001f642\u00df you\n";
	static const uint32_t want[] = {'H',  'e', 0x10020ac, 0x1006f22, 0x1005b57, 0x101f642,
					0xdf, ' ', 'y',       'o',       'u',       0xff0d};

	n_typed = 0;
	s.ops->key(&s, 0xffe1, true); /* somebody leans on it */
	is_int(s.ops->text(&s, text, sizeof(text) - 1), 0, "text is taken");
	want_typed = 12;
	ok(until(is_typed), "and typed");
	ok(typed_is(want, 12), "in full and in order");
	is_int(s.ops->text(&s, "\xff", 1), -EINVAL, "no UTF-8");
	is_int(s.ops->text(&s, "a\x1b", 2), -EINVAL, "no control characters");
}

/* Far more symbols than spare keys. */
static void test_long_text(void)
{
	char text[100 * 3];
	uint32_t want[100];

	for (unsigned i = 0; i < 100; i++) {
		unsigned c = 0x4e00 + i;

		want[i] = 0x1000000 | c;
		text[i * 3] = (char)(0xe0 | c >> 12);
		text[i * 3 + 1] = (char)(0x80 | (c >> 6 & 0x3f));
		text[i * 3 + 2] = (char)(0x80 | (c & 0x3f));
	}
	n_typed = 0;
	s.ops->text(&s, text, sizeof(text));
	want_typed = 100;
	ok(until(is_typed), "a hundred symbols");
	ok(typed_is(want, 100), "each of them");
}

static int want_width;
static bool has_width(void)
{
	return s.width == want_width;
}

static void test_resize(void)
{
	unsigned before = s.resizes;

	is_int(s.ops->resize(&s, 640, 400, &e), 0, "smaller");
	want_width = 640;
	ok(until(has_width) && s.height == 400 && s.resizes == before + 1, "and so it is");
	settle();
	xclient_fill(&other, 0x123456, (xcb_rectangle_t){600, 380, 40, 20});
	until(is_stale);
	settle();
	is_int(pixel(639, 399), 0x123456, "its last pixel");
	for (int i = 0; i < 40; i++)
		is_int(s.ops->resize(&s, 400 + i * 4, 300, &e), 0, "storm %d", i);
	is_int(s.ops->resize(&s, 1024, 768, &e), -ERANGE, "not larger than it began");
	is_int(s.ops->resize(&s, 10, 10, &e), -ERANGE, "not smaller than a screen");
	is_int(s.ops->resize(&s, 800, 600, &e), 0, "back");
	want_width = 800;
	ok(until(has_width), "to what it was");
	settle();
}

static unsigned modes_of_ours(void)
{
	xcb_randr_get_screen_resources_reply_t *r = xcb_randr_get_screen_resources_reply(
		other.c, xcb_randr_get_screen_resources(other.c, other.root->root), NULL);
	unsigned n = 0;
	const char *names = (const char *)xcb_randr_get_screen_resources_names(r);

	for (int i = 0; i + 7 <= xcb_randr_get_screen_resources_names_length(r); i++)
		n += memcmp(names + i, "envpod-", 7) == 0;
	free(r);
	return n;
}

static void on_clipboard(void *arg, const char *text, size_t len)
{
	(void)arg;
	clipboards++;
	n_given = len;
	memcpy(given, text, len);
}

static bool is_given(void)
{
	return n_given == offer.len;
}

static void own(const char *text, size_t len, size_t step)
{
	offer.text = text;
	offer.len = len;
	offer.step = step;
	n_given = 0;
	xcb_set_selection_owner(other.c, other.window, atom("CLIPBOARD"), XCB_CURRENT_TIME);
	xcb_flush(other.c);
}

static char big[CLIPBOARD_MAX + 4096];

static void test_clipboard_out(void)
{
	own("nobody asked", 12, 0);
	xclient_fill(&other, 1, (xcb_rectangle_t){0, 0, 1, 1});
	until(is_stale);
	settle();
	is_int(clipboards, 0, "not read unless somebody wants it");
	s.on_clipboard = on_clipboard;
	own("caf\xc3\xa9", 5, 0);
	ok(until(is_given) && memcmp(given, "caf\xc3\xa9", 5) == 0, "another program's clipboard");
	memset(big, 'x', sizeof(big));
	own(big, 500000, 60000);
	ok(until(is_given) && memcmp(given, big, 500000) == 0, "in pieces");
}

static void test_clipboard_floods(void)
{
	own(big, sizeof(big), 60000);
	for (int i = 0; i < 200; i++)
		xcb_set_selection_owner(other.c, other.window, atom("CLIPBOARD"), XCB_CURRENT_TIME);
	clipboards = 0;
	own("end", 3, 0);
	ok(until(is_given), "the last of many");
	ok(clipboards < 20, "not each of them: %u", clipboards);
}

static bool is_answered(void)
{
	xcb_get_property_reply_t *r = xcb_get_property_reply(
		other.c,
		xcb_get_property(other.c, 0, other.window, atom("ANSWER"), XCB_ATOM_ANY, 0, 100),
		NULL);
	int len = xcb_get_property_value_length(r);
	bool same = len == 7 && memcmp(xcb_get_property_value(r), "f\xc3\xbcr X", 6) == 0;

	free(r);
	return same;
}

static void test_clipboard_in(void)
{
	is_int(s.ops->set_clipboard(&s, "f\xc3\xbcr X!", 7), 0, "ours");
	xcb_convert_selection(other.c, other.window, atom("CLIPBOARD"), atom("UTF8_STRING"),
			      atom("ANSWER"), XCB_CURRENT_TIME);
	ok(until(is_answered), "others get it");
	is_int(s.ops->set_clipboard(&s, "\xff", 1), -EINVAL, "UTF-8 only");
	is_int(s.ops->set_clipboard(&s, big, sizeof(big)), -E2BIG, "with an end");
}

static bool is_gone(void)
{
	return s.ops->dispatch(&s, &e) == -ENOTCONN;
}

static void test_restart(void)
{
	int number = atoi(server.display + 1);

	xcb_disconnect(other.c);
	xserver_stop(&server, SIGKILL);
	other.c = xcb_connect(NULL, NULL); /* of no server: only for until() */
	ok(until(is_gone), "a killed server is noticed");
	is_int(s.ops->look(&s, &e), -ENOTCONN, "a look says so");
	s.ops->close(&s);
	ok(s.ops->open(&s, &e) < 0, "there is none");
	xcb_disconnect(other.c);
	ok(xserver_start(&server, "800x600x24", number) && s.ops->open(&s, &e) == 0 &&
		   xclient_open(&other, server.display),
	   "the next one");
	settle();
	xclient_fill(&other, 0xabcdef, (xcb_rectangle_t){0, 0, 800, 600});
	until(is_stale);
	settle();
	is_int(pixel(400, 300), 0xabcdef, "is seen");
	ok(((struct x11 *)s.priv)->seg != 0, "by the same shared memory");
}

static void test_names(void)
{
	struct screen none;

	is_int(screen_x11_init(&none, "host:1", &e), -EINVAL, "no display of another machine");
	is_int(screen_x11_init(&none, "/tmp/x:1", &e), -EINVAL, "no path");
	is_int(screen_x11_init(&none, "", &e), -ENODEV, "none at all");
}

static void test_cookies(void)
{
	static const char file[] = "\1\0\0\4host\0\2\x39\x37\0\4NAME\0\3old"
				   "\0\0\0\4\1\2\3\4\0\2\x39\x39\0\4NAME\0\3net"
				   "\1\0\0\3pod\0\2\x39\x39\0\4NAME\0\3new";
	struct x11_cookie k;

	ok(x11_cookie_find(&k, file, sizeof(file) - 1, 99) && k.data_len == 3 &&
		   memcmp(k.data, "new", 3) == 0 && k.name_len == 4,
	   "the cookie of that number, local");
	ok(!x11_cookie_find(&k, file, sizeof(file) - 1, 98), "none of another");
	for (size_t n = 0; n < sizeof(file) - 1; n++)
		if (x11_cookie_find(&k, file, n, 99))
			ok(false, "found in %zu bytes", n);
}

int main(void)
{
	unsetenv("XAUTHORITY");
	if (access("/usr/bin/Xvfb", X_OK) != 0) {
		printf("1..0 # SKIP needs Xvfb\n");
		return getenv("ENVPOD_MUST_RUN") && *getenv("ENVPOD_MUST_RUN") == '1';
	}
	test_cookies();
	test_names();
	if (!ok(xserver_start(&server, "800x600x24", 10000 + getpid() % 30000), "an X server"))
		return done_testing();
	xclient_open(&other, server.display);
	if (ok(screen_x11_init(&s, server.display, &e) == 0 && s.ops->open(&s, &e) == 0, "open")) {
		ok(((struct x11 *)s.priv)->seg != 0, "by shared memory");
		test_pixels();
		test_many_pieces();
		test_cursor();
		test_pointer();
		test_keys();
		test_text();
		test_long_text();
		test_resize();
		ok(modes_of_ours() <= 16, "modes are removed again: %u", modes_of_ours());
		test_clipboard_out();
		test_clipboard_floods();
		test_clipboard_in();
		test_restart();
	}
	screen_finish(&s);
	xcb_disconnect(other.c);
	xserver_stop(&server, SIGTERM);
	return done_testing();
}
