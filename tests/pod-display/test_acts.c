/* SPDX-License-Identifier: Apache-2.0 */
/* Acts on a screen that only writes down what is done to it; time is what the test says. */
#include "tools/pod-display/acts.h"

#include "libcommon/loop.h"
#include "tests/lib/tap.h"

#define W 64
#define H 48

static uint32_t pixels[W * H];
static struct screen screen;
static struct acts all;
static struct buf done_; /* a word for each thing done */
static uint64_t now;

/* --- the screen --- */

static int pointer(struct screen *s, int x, int y, unsigned buttons)
{
	s->pointer_x = x;
	s->pointer_y = y;
	s->buttons = buttons;
	buf_fmt(&done_, "p%d,%d,%u ", x, y, buttons);
	return 0;
}

static int key(struct screen *s, uint32_t keysym, bool down)
{
	(void)s;
	buf_fmt(&done_, "%c%x ", down ? '+' : '-', keysym);
	return 0;
}

static int text(struct screen *s, const char *utf8, size_t len)
{
	buf_fmt(&done_, "t%.*s ", (int)len, utf8);
	s->is_typing = true;
	return 0;
}

static int fresh(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return 0;
}

static const struct screen_ops ops = {.pointer = pointer, .key = key, .text = text};

static void begin(void)
{
	memset(pixels, 0, sizeof(pixels));
	screen = (struct screen){.width = W,
				 .height = H,
				 .stride = W * 4,
				 .pixels = pixels,
				 .files = -1,
				 .ops = &ops};
	all = (struct acts){.screen = &screen, .fresh = fresh};
	buf_clear(&done_);
	buf_str(&done_, "");
	now = loop_clock();
}

static struct act *ask(const char *line)
{
	return act_new(&all, line, strlen(line), now);
}

/* Time goes by until it has nothing left to do, or so many milliseconds have passed. */
static void pass(uint64_t ms)
{
	uint64_t end = now + ms;

	for (uint64_t due = acts_run(&all, now); due <= end; due = acts_run(&all, now))
		now = due > now ? due : now + 1;
	now = end;
}

static void paint(int x, int y, int w, int h, uint32_t colour)
{
	struct rect r = {x, y, w, h};

	for (int j = y; j < y + h; j++)
		for (int i = x; i < x + w; i++)
			pixels[j * W + i] = colour;
	acts_damage(&all, &r, 1, now);
}

static bool said(const struct act *a, const char *word)
{
	if (a->out.len && strstr(a->out.data, word))
		return true;
	diag("it said %s", a->out.len ? a->out.data : "nothing");
	return false;
}

/* --- hands --- */

static void clicks(void)
{
	struct act *a;

	begin();
	a = ask("{\"do\":\"click\",\"x\":5,\"y\":6,\"count\":2,\"modifiers\":\"ctrl\"}");
	pass(1000);
	is_str(done_.data, "p5,6,0 +ffe3 p5,6,1 p5,6,0 p5,6,1 p5,6,0 -ffe3 ",
	       "a double click with ctrl");
	ok(a->finished && said(a, "{\"ok\":true}\n"), "is answered when it is done");
	act_free(a);
	begin();
	screen.pointer_x = 3;
	a = ask("{\"do\":\"scroll\",\"direction\":\"down\",\"count\":2}");
	pass(1000);
	is_str(done_.data, "p3,0,16 p3,0,0 p3,0,16 p3,0,0 ", "the wheel, where the pointer is");
	act_free(a);
	begin();
	a = ask("{\"do\":\"click\",\"x\":64,\"y\":6}");
	ok(a->finished && said(a, "outside of the screen, which is 64x48") && !done_.len,
	   "outside there is nothing to click on");
	act_free(a);
}

static void drags(void)
{
	struct act *a;

	begin();
	a = ask("{\"do\":\"drag\",\"path\":[[0,0],[16,8]],\"button\":\"right\"}");
	pass(1000);
	ok(strncmp(done_.data, "p0,0,0 p0,0,4 p2,1,4 p4,2,4 ", 28) == 0,
	   "press, then move in steps");
	ok(strstr(done_.data, "p16,8,4 p16,8,0 "), "release at the end");
	act_free(a);
	begin();
	a = ask("{\"do\":\"drag\",\"path\":[[0,0],[16,8]],\"modifiers\":\"shift\"}");
	pass(60);
	ok(!a->finished, "half of one");
	buf_clear(&done_);
	act_free(a);
	ok(strstr(done_.data, "-ffe1 ") && screen.buttons == 0,
	   "whose connection ends lets go of key and button");
}

static void keys(void)
{
	struct act *a;

	begin();
	a = ask("{\"do\":\"key\",\"keys\":[\"ctrl+shift+t\",\"Return\"]}");
	pass(1000);
	is_str(done_.data, "+ffe3 +ffe1 +54 -54 -ffe1 -ffe3 +ff0d -ff0d ",
	       "chords in their order, let go of backwards");
	act_free(a);
}

static void texts(void)
{
	OWN_BUF struct buf line = BUF_INIT;
	struct act *a;

	begin();
	buf_str(&line, "{\"do\":\"type\",\"text\":\"");
	for (int i = 0; i < 100; i++)
		buf_str(&line, "é");
	buf_str(&line, "\"}");
	a = ask(line.data);
	pass(50);
	ok(done_.len > 2 && done_.len < 2 * 100 && !a->finished,
	   "a piece of it, while it is typed");
	screen.is_typing = false;
	pass(50);
	ok(strstr(done_.data, " té") && !a->finished, "then the rest");
	screen.is_typing = false;
	pass(50);
	ok(a->finished && said(a, "true"), "and it is done when that is out");
	act_free(a);
}

static void one_at_a_time(void)
{
	struct act *a, *b;

	begin();
	a = ask("{\"do\":\"type\",\"text\":\"abc\"}");
	b = ask("{\"do\":\"key\",\"keys\":[\"x\"]}");
	pass(100);
	is_str(done_.data, "tabc ", "the second waits for the first");
	screen.is_typing = false;
	pass(100);
	is_str(done_.data, "tabc +78 -78 ", "and comes then");
	ok(a->finished && b->finished, "both are done");
	act_free(b);
	act_free(a);
	begin();
	a = ask("{\"do\":\"type\",\"text\":\"abc\"}");
	b = ask("{\"do\":\"key\",\"keys\":[\"x\"]}");
	pass(10);
	screen.is_typing = false;
	act_free(a);
	pass(100);
	ok(b->finished && strstr(done_.data, "+78 -78"), "the first one's end lets it go on, too");
	act_free(b);
}

static void leases(void)
{
	struct act *a, *b;

	begin();
	all.leased = true;
	a = ask("{\"do\":\"click\"}");
	b = ask("{\"do\":\"size\"}");
	pass(10);
	ok(a->finished && said(a, "\"status\":75") && !done_.len, "a lease: no hands");
	ok(said(b, "\"width\":64"), "but eyes");
	act_free(b);
	act_free(a);
	begin();
	a = ask("{\"do\":\"drag\",\"path\":[[0,0],[16,8]]}");
	pass(60);
	all.leased = true;
	pass(1);
	ok(a->finished && said(a, "\"status\":75") && screen.buttons == 0,
	   "one that is taken in the middle of a drag ends it");
	act_free(a);
	begin();
	all.blanked = true;
	a = ask("{\"do\":\"shot\"}");
	b = ask("{\"do\":\"wait-change\"}");
	ok(said(a, "blanked") && said(b, "\"status\":75"), "blanked: no eyes");
	act_free(b);
	act_free(a);
	begin();
	a = ask("{\"do\":\"wait-change\"}");
	all.screen = NULL;
	pass(1);
	ok(a->finished && said(a, "no screen at the moment"), "the screen goes: all end");
	act_free(a);
}

/* --- eyes --- */

static void shots(void)
{
	struct act *a;

	begin();
	paint(10, 10, 4, 4, 0x00ff0000);
	a = ask("{\"do\":\"shot\",\"format\":\"raw\",\"region\":[10,10,200,2]}");
	pass(100);
	ok(said(a, "\"x\":10,\"y\":10,\"width\":54,\"height\":2,\"bytes\":432}\n"),
	   "a region ends with the screen");
	ok(a->out.len > 432 &&
		   memcmp(a->out.data + a->out.len - 432, pixels + 10 * W + 10, 16) == 0,
	   "and has its pixels");
	act_free(a);
	a = ask("{\"do\":\"shot\",\"region\":[64,0,1,1]}");
	ok(a->finished && said(a, "outside"), "a region outside");
	act_free(a);
	a = ask("{\"do\":\"shot\"}");
	pass(1000);
	ok(a->finished && said(a, "\"format\":\"png\""), "PNG unless said otherwise");
	act_free(a);
}

static void changes(void)
{
	struct act *a;

	begin();
	a = ask("{\"do\":\"wait-change\",\"region\":[10,10,10,10],\"min_pixels\":5,\"timeout\":1000}");
	pass(100);
	ok(!a->finished, "nothing changes");
	paint(0, 0, 9, 9, 7);
	pass(100);
	ok(!a->finished, "outside of the region");
	paint(10, 10, 2, 2, 7);
	pass(100);
	ok(!a->finished, "four pixels of five");
	paint(12, 10, 1, 2, 7);
	pass(100);
	ok(a->finished && said(a, "\"changed\":true,\"pixels\":6,\"region\":[10,10,3,2]"),
	   "six of them: how many, and where");
	act_free(a);
	a = ask("{\"do\":\"wait-change\",\"timeout\":200}");
	paint(0, 0, 9, 9, 7);
	pass(100);
	ok(!a->finished, "the same painted once more is no change");
	paint(0, 0, 9, 9, 0xff000007);
	pass(50);
	ok(!a->finished, "nor is the byte that says nothing");
	pass(100);
	ok(a->finished && said(a, "\"changed\":false"), "the time is over");
	act_free(a);
}

static void ignored(void)
{
	struct act *a;

	begin();
	a = ask("{\"do\":\"wait-change\",\"region\":[5,5,20,20],\"ignore\":[[0,0,10,10],[20,20,40,40]]}");
	paint(0, 0, 10, 10, 9);
	paint(20, 20, 10, 10, 9);
	pass(200);
	ok(!a->finished, "what is ignored may change");
	paint(10, 9, 1, 1, 9);
	pass(200);
	ok(a->finished && said(a, "\"pixels\":1,\"region\":[10,9,1,1]"), "its neighbour counts");
	act_free(a);
}

static void settles(void)
{
	struct act *a;

	begin();
	a = ask("{\"do\":\"wait-change\",\"settle\":300,\"timeout\":5000}");
	for (int i = 1; i <= 5; i++) {
		paint(0, 0, 1, 1, (uint32_t)i);
		pass(200);
	}
	ok(!a->finished, "it changes on");
	pass(400);
	ok(a->finished && said(a, "\"changed\":true"), "until it is still");
	act_free(a);
	a = ask("{\"do\":\"wait-change\",\"settle\":300,\"timeout\":500}");
	for (int i = 1; i <= 5; i++) {
		paint(0, 0, 1, 1, (uint32_t)(90 + i));
		pass(200);
	}
	ok(a->finished && said(a, "\"changed\":false,\"pixels\":1"), "or the time is over");
	act_free(a);
}

static void films(void)
{
	struct act *a;

	begin();
	a = ask("{\"do\":\"record\",\"fps\":10}");
	pass(10);
	ok(said(a, "\"width\":64,\"height\":48,\"rects\":[[0,0,64,48]],\"bytes\":12288}"),
	   "all of it at first");
	pass(1000);
	act_sent(a, a->out.len);
	pass(1000);
	ok(!a->out.len, "nothing while nothing changes");
	paint(3, 3, 2, 2, 5);
	pass(200);
	ok(said(a, "\"rects\":[[2,2,4,4]],\"bytes\":64}"), "what changed, to even places");
	paint(3, 3, 2, 2, 6);
	pass(500);
	ok(!strstr(a->out.data + 20, "{"), "no second piece before the first has been taken");
	act_sent(a, a->out.len);
	pass(500);
	ok(said(a, "[[2,2,4,4]]"), "then it comes");
	act_sent(a, a->out.len);
	for (int i = 0; i < 40; i++)
		paint(i % 8 * 8, i / 8 * 8, 2, 2, 9);
	pass(500);
	ok(said(a, "\"rects\":[[0,0,"), "many places are one");
	act_sent(a, a->out.len);
	screen.resizes++;
	screen.height = 24;
	acts_damage(&all, &(struct rect){0, 0, 1, 1}, 1, now);
	pass(500);
	ok(said(a, "\"height\":24,\"rects\":[[0,0,64,24]]"), "another size: all of it");
	act_free(a);
}

static void bounds(void)
{
	static const char watch[] = "{\"do\":\"wait-change\"}", film[] = "{\"do\":\"record\"}";
	struct act *a[ACTS_WAITS + 1], *b[ACTS_RECORDS + 1];
	int n;

	begin();
	for (n = 0; n <= ACTS_WAITS; n++)
		a[n] = ask(watch);
	ok(!a[ACTS_WAITS - 1]->finished && said(a[ACTS_WAITS], "\"status\":75"), "so many wait");
	act_free(a[0]);
	a[0] = ask(watch);
	ok(!a[0]->finished, "and another one when one has ended");
	for (n = 0; n <= ACTS_RECORDS; n++)
		b[n] = ask(film);
	ok(!b[ACTS_RECORDS - 1]->finished && said(b[ACTS_RECORDS], "\"status\":75"),
	   "so many record");
	for (n = 0; n <= ACTS_WAITS; n++)
		act_free(a[n]);
	for (n = 0; n <= ACTS_RECORDS; n++)
		act_free(b[n]);
	ok(!all.first, "all are let go of");
}

static void credit(void)
{
	begin();
	is_int(acts_credit(&all, now), 0, "at first there is credit");
	all.credit_us = -250000;
	ok(acts_credit(&all, now) > 900, "who used a second's share waits a second");
	ok(acts_credit(&all, now + 500) <= 501, "half of it later half of that");
	is_int(acts_credit(&all, now + 1100), 0, "and then goes on");
	ok(all.credit_us <= ACTS_SHARE * 1000, "what was not used is not saved up");
}

int main(void)
{
	clicks();
	drags();
	keys();
	texts();
	one_at_a_time();
	leases();
	shots();
	changes();
	ignored();
	settles();
	films();
	bounds();
	credit();
	buf_finish(&done_);
	return done_testing();
}
