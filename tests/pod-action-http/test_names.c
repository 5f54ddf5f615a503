/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as RFC 1035 has them, answers that are none, resolvers of a resolv.conf. */
#include "tools/pod-action-http/names.h"

#include <arpa/inet.h>
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"

static void check_resolvers(void)
{
	struct resolvers r;
	char text[64];

	resolvers_parse(&r, "# nameserver 1.1.1.1\nsearch x\nnameserver\t192.0.2.1 # one\n"
			    "nameserver bad\nnameserver 2001:db8::1\noptions edns0\n"
			    "nameserver 192.0.2.3\nnameserver 192.0.2.4");
	ok(r.n == 3, "three resolvers, and no more");
	ok(r.at[0].ss_family == AF_INET && r.at[1].ss_family == AF_INET6, "of both families");
	inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)&r.at[2])->sin_addr, text, sizeof(text));
	is_str(text, "192.0.2.3", "in order");
	resolvers_parse(&r, "");
	ok(r.n == 0, "none");
}

static void check_questions(void)
{
	static const uint8_t want[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				      "\x03"
				      "api\x07"
				      "example\x00\x00\x1c\x00\x01";
	static const char *const bad[] = {"", ".", "a..b", ".a", "a b", "a\\b", "*", "a/b"};
	uint8_t out[NAMES_PACKET];
	char name[260];

	ok(names_question(out, "api.example", 0x1234, AF_INET6) == (int)sizeof(want) - 1 &&
		   memcmp(out, want, sizeof(want) - 1) == 0,
	   "a question for AAAA");
	ok(names_question(out, "api.example.", 0x1234, AF_INET6) == (int)sizeof(want) - 1,
	   "a dot at the end says nothing");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(names_question(out, bad[i], 1, AF_INET) < 0, "'%s' is no name", bad[i]);
	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	ok(names_question(out, name, 1, AF_INET) < 0, "a label has at most 63 letters");
	name[63] = '\0';
	ok(names_question(out, name, 1, AF_INET) > 0, "and may have them");
	for (int i = 0; i < 259; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[259] = '\0';
	ok(names_question(out, name, 1, AF_INET) < 0, "a name has at most 253");
	name[253] = '\0';
	ok(names_question(out, name, 1, AF_INET) > 0, "and may have them");
}

/* api.example: an alias, and one address of each kind. */
static const uint8_t answer[] = "\x00\x07\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00"
				"\x03"
				"api\x07"
				"example\x00\x00\x01\x00\x01"
				"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01"
				"b\xc0\x10"
				"\xc0\x29\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"
				"\xc0\x29\x00\x1c\x00\x01\x00\x00\x00\x3c\x00\x10\x20\x01\x0d\xb8"
				"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01";

static void check_answers(void)
{
	OWN_BUF struct buf out = BUF_INIT;
	uint8_t other[sizeof(answer)];
	size_t n = 0, len = sizeof(answer) - 1;

	ok(names_answer(answer, len, 7, &out, &n) == 0 && n == 2, "two addresses behind an alias");
	is_str(out.data, "192.0.2.1,2001:db8::1", "as libcurl wants them");
	ok(names_answer(answer, len, 8, &out, &n) < 0, "another id: no answer to us");
	memcpy(other, answer, sizeof(other));
	other[2] = 0x01;
	ok(names_answer(other, len, 7, &out, &n) < 0, "a question: no answer");
	memcpy(other, answer, sizeof(other));
	other[3] = 0x83;
	ok(names_answer(other, len, 7, &out, &n) == 3, "no such name");
	for (size_t cut = 0; cut < len; cut++)
		n = names_answer(answer, cut, 7, &out, &n) < 0 ? n : n + 100;
	ok(n < 100, "what is cut off anywhere is none");
	n = NAMES_MAX;
	names_answer(answer, len, 7, &out, &n);
	ok(n == NAMES_MAX, "so many, and no more");
}

int main(void)
{
	check_resolvers();
	check_questions();
	check_answers();
	return done_testing();
}
