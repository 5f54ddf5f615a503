/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/lib/tap.h"
#include "tools/pod-dns/name.h"

static void text(const char *in, int r, const char *want)
{
	struct name n = {0};
	char out[NAME_TEXT_MAX];

	is_int(name_from_text(&n, in, strlen(in)), r, "'%s' %s", in,
	       r ? "is no name" : "is a name");
	if (r == 0)
		is_str(name_text(&n, out), want, "'%s' is written %s", in, want);
}

static void texts(void)
{
	char labels[300];

	text("a.b", 0, "a.b");
	text("a.b.", 0, "a.b");
	text(".", 0, ".");
	text("A\\.b.C", 0, "A\\046b.C");
	text("a\\032b", 0, "a\\032b");
	text("_sip._tcp.x-y", 0, "_sip._tcp.x-y");
	text("", -EINVAL, NULL);
	text("a..b", -EINVAL, NULL);
	text(".a", -EINVAL, NULL);
	text("a\\", -EINVAL, NULL);
	text("a\\25", -EINVAL, NULL);
	text("a\\256", -EINVAL, NULL);
	memset(labels, 'x', sizeof(labels));
	labels[63] = '\0';
	text(labels, 0, labels);
	labels[63] = 'x';
	labels[64] = '\0';
	text(labels, -EINVAL, NULL);
	for (int i = 0; i < 299; i++)
		labels[i] = i % 2 ? '.' : 'x';
	labels[253] = '\0'; /* 127 labels: 255 bytes of wire with the root */
	text(labels, 0, labels);
	labels[253] = '.';
	labels[255] = '\0';
	text(labels, -EINVAL, NULL);
}

static void relations(void)
{
	struct name a, b, c, root;

	name_from_text(&a, "wWw.Example.COM", 15);
	name_from_text(&b, "example.com", 11);
	name_from_text(&c, "notexample.com", 14);
	name_from_text(&root, ".", 1);
	ok(name_below(&a, &b), "case does not matter below");
	ok(name_below(&b, &b), "a name is below itself");
	ok(!name_below(&b, &a), "not the other way round");
	ok(!name_below(&c, &b), "labels count, not letters");
	ok(name_below(&a, &root), "everything is below the root");
	is_int(name_labels(&a), 3, "labels");
	name_lower(&a);
	ok(memcmp(a.wire, "\3www\7example\3com", 17) == 0, "lower case");
}

#define READ(bytes, start, r, what)                                                      \
	do {                                                                             \
		static const uint8_t msg_[] = bytes;                                     \
		size_t at_ = (start);                                                    \
		struct name n_;                                                          \
		is_int(name_read(&n_, msg_, sizeof(msg_) - 1, &at_), (r), "%s", (what)); \
	} while (0)

static void compressed(void)
{
	static const uint8_t msg[] = "\1a\1b\0\1c\300\0\7";
	size_t at = 5;
	struct name n;
	char out[NAME_TEXT_MAX];

	is_int(name_read(&n, msg, sizeof(msg) - 1, &at), 0, "a pointer backwards");
	is_str(name_text(&n, out), "c.a.b", "is followed");
	is_int((int)at, 9, "what follows begins behind the pointer");
	READ("\300\0", 0, -EINVAL, "a pointer to itself");
	READ("\1a\300\0", 0, -EINVAL, "a pointer into the name it ends");
	READ("\300\2\300\0", 0, -EINVAL, "two that point to each other");
	READ("\1a\0\300\5\0\0", 3, -EINVAL, "a pointer forwards");
	READ("\300", 0, -EINVAL, "half a pointer");
	READ("\3ab", 0, -EINVAL, "a label that is cut off");
	READ("\1a", 0, -EINVAL, "no end");
	READ("\100a\0", 0, -EINVAL, "a length of an unknown kind");
	READ("\200a\0", 0, -EINVAL, "another");
}

/* Each pointer adds a label: the sum must stop at 255 bytes. */
static void too_long(void)
{
	uint8_t msg[2048] = {0};
	size_t at = 0, last = 0, begin;
	struct name n;

	for (int i = 0; i < 40; i++) {
		begin = at;
		msg[at] = 10;
		at += 11;
		msg[at] = i ? (uint8_t)(0xc0 | last >> 8) : 0;
		msg[at + 1] = (uint8_t)last;
		at += i ? 2 : 1;
		last = begin;
	}
	is_int(name_read(&n, msg, at, &last), -EINVAL, "40 labels of 10 by pointers are too long");
}

int main(void)
{
	texts();
	relations();
	compressed();
	too_long();
	return done_testing();
}
