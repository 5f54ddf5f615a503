/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of smuggling: what two parsers could read in two ways is refused, however it is cut.
 */
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tests/pod-proxy/h1_feed.h"

#define GET  "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"
#define G    "GET a.example / none 0"
#define P    "POST a.example / "
#define NEXT GET "Host: b.example\r\n\r\n"

static const struct {
	const char *text, *want; /* NULL: refused */
} requests[] = {
	{GET HOST "\r\n", G "|$"},
	{GET "HOST:a.example:443\t\r\n\r\n", "GET a.example:443 / none 0|$"},
	{"GET /a?b=c HTTP/1.0\r\n" HOST "\r\n", "GET a.example /a?b=c none 0 close|$"},
	{"GET https://a.example HTTP/1.1\r\n" HOST "\r\n", G "|$"},
	{"GET HTTPS://A.example:443/x HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
	 "GET a.example:443 /x none 0|$"},
	{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS a.example * none 0|$"},
	{GET HOST "X: \xc3\xa9\t ok \r\nEmpty:\r\n\r\n", G " x=\xc3\xa9\t ok empty=|$"},
	{POST HOST "Content-Length: 3\r\n\r\nabc" GET HOST "\r\n", P "length 3|abc$" G "|$"},
	{POST HOST "Content-Length: 0\r\n\r\n" GET HOST "\r\n", P "none 0|$" G "|$"},
	{POST HOST
	 "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n" GET HOST
	 "\r\n",
	 P "chunked 0|abc0123456789$" G "|$"},
	{POST HOST
	 "Transfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\nContent-Length: 4\r\n\r\n" GET HOST
	 "\r\n",
	 P "chunked 0|+x-t$" G "|$"},
	{POST HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx", P "length 1 expect|x$"},
	{GET HOST "Connection: close, x-a\r\nX-A: 1\r\nX-B: 2\r\n\r\n", G " close x-b=2|$"},
	{GET HOST "Connection: keep-alive\r\nKeep-Alive: 3\r\nTE: trailers\r\n\r\n", G "|$"},
	{GET HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw", G " upgrade|$"},
	{GET HOST "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n" GET HOST
		  "\r\n",
	 G "|$" G "|$"},
	{POST HOST
	 "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nab" GET HOST "\r\n",
	 P "length 2|ab$" G "|$"},
	/* two ends */
	{POST HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, NULL},
	{POST HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" NEXT, NULL},
	{POST HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", NULL},
	{POST HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", NULL},
	{POST HOST "Content-Length: 2, 2\r\n\r\nab", NULL},
	{POST HOST "Content-Length: +2\r\n\r\nab", NULL},
	{POST HOST "Content-Length: -2\r\n\r\nab", NULL},
	{POST HOST "Content-Length: 2 2\r\n\r\nab", NULL},
	{POST HOST "Content-Length: 0x2\r\n\r\nab", NULL},
	{POST HOST "Content-Length: 18446744073709551616\r\n\r\n", NULL},
	{POST HOST "Content-Length:\r\n\r\n", NULL},
	{POST HOST "Content_Length: 2\r\nContent-Length : 2\r\n\r\nab", NULL},
	{POST HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", NULL},
	{POST HOST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", NULL},
	{POST HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", NULL},
	{POST HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 NULL},
	{POST HOST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", NULL},
	{POST HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", NULL},
	{POST HOST "Transfer-Encoding:\x0b"
		   "chunked\r\n\r\n0\r\n\r\n",
	 NULL},
	{POST HOST "Transfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n", NULL},
	{POST HOST "X: y\r\n Transfer-Encoding: chunked\r\n\r\n", NULL},
	{POST HOST "Transfer-Encoding:\r\n chunked\r\n\r\n", NULL},
	{"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", NULL},
	/* two hosts */
	{GET HOST HOST "\r\n", NULL},
	{GET HOST "Host: b.example\r\n\r\n", NULL},
	{GET "\r\n", NULL},
	{GET "Host:\r\n\r\n", NULL},
	{"GET https://b.example/ HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET https://a.example@b.example/ HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET https://a.example:444/ HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET //b.example/ HTTP/1.1\r\n" HOST "\r\n", "GET a.example //b.example/ none 0|$"},
	/* lines */
	{"GET / HTTP/1.1\nHost: a.example\n\n", NULL},
	{GET "Host: a.example\n\r\n", NULL},
	{GET HOST "X: a\rY: b\r\n\r\n", NULL},
	{GET HOST "\rX: a\r\n\r\n", NULL},
	{GET " " HOST "\r\n", NULL},
	{GET HOST ": x\r\n\r\n", NULL},
	{GET HOST "X\r\n\r\n", NULL},
	{GET HOST "X Y: z\r\n\r\n", NULL},
	{GET HOST "X: a\x01\r\n\r\n", NULL},
	{GET HOST "X: a\x7f\r\n\r\n", NULL},
	{"\r\n" GET HOST "\r\n", NULL},
	/* request lines */
	{"GET  / HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET /\tx HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET / HTTP/1.1 \r\n" HOST "\r\n", NULL},
	{"GET / HTTP/1.2\r\n" HOST "\r\n", NULL},
	{"GET / http/1.1\r\n" HOST "\r\n", NULL},
	{"GET /\r\n" HOST "\r\n", NULL},
	{"GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET /a#b HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET a HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"GET * HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"get / HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"G(T / HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"TRACE / HTTP/1.1\r\n" HOST "\r\n", NULL},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NULL},
	{POST HOST "Expect: 200-ok\r\n\r\n", NULL},
};

/* Behind a head that is good. */
static const struct {
	const char *body, *want;
} chunks[] = {
	{"2;a=b\r\nab\r\n0\r\n\r\n", NULL},
	{"2 \r\nab\r\n0\r\n\r\n", NULL},
	{"2\nab\n0\n\n", NULL},
	{"0x2\r\nab\r\n0\r\n\r\n", NULL},
	{"-2\r\nab\r\n0\r\n\r\n", NULL},
	{"+2\r\nab\r\n0\r\n\r\n", NULL},
	{"\r\n", NULL},
	{"fffffffffffffffff\r\nab", NULL},
	{"2\r\nabc\r\n0\r\n\r\n", NULL},
	{"2\r\nab0\r\n\r\n", NULL},
	{"2\r\nab\r\r\n0\r\n\r\n", NULL},
	{"g\r\n", NULL},
	{"0\r\nX: a\x01\r\n\r\n", NULL},
	{"0\r\nX Y: a\r\n\r\n", NULL},
};

static const struct {
	const char *text, *want;
	bool to_head;
} responses[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "200 length 2|ab$", false},
	{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 length 0|$", false},
	{"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
	 "200 chunked 0|a+x$", false},
	{"HTTP/1.1 200 OK\r\n\r\nuntil it ends", "200 close 0 close|until it ends", false},
	{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 length 1 close|a$", false},
	{"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n",
	 "204 none 0|$304 length 9|$", false},
	{"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
	 "103 none 0 link=a|$200 length 1|a$", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
	 "chunked\r\n\r\n",
	 "200 length 9|$200 chunked 0|$", true},
	{"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nraw",
	 "101 none 0 upgrade|$", false},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
	 "200 length 1 close|a$", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", NULL, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", NULL, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", NULL, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", NULL, false},
	{"HTTP/1.1 204 OK\r\nContent-Length: 1\r\n\r\na", NULL, false},
	{"HTTP/1.1 100 OK\r\nContent-Length: 1\r\n\r\na", NULL, false},
	{"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", NULL, false},
	{"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", NULL, false},
	{"HTTP/1.1 200 OK\nX: a\n\n", NULL, false},
	{"HTTP/1.1 200 O\rK\r\n\r\n", NULL, false},
	{"HTTP/1.1  200 OK\r\n\r\n", NULL, false},
	{"HTTP/1.1 20 OK\r\n\r\n", NULL, false},
	{"HTTP/1.1 2000 OK\r\n\r\n", NULL, false},
	{"HTTP/1.1 600 OK\r\n\r\n", NULL, false},
	{"HTTP/1.1 099 OK\r\n\r\n", NULL, false},
	{"HTTP/2 200\r\n\r\n", NULL, false},
	{"HTTP/1.2 200 OK\r\n\r\n", NULL, false},
	{"ICY 200 OK\r\n\r\n", NULL, false},
};

/* However it is cut, and however little room there is, it is the same. */
static bool is_always(const char *text, size_t len, const char *want, bool response, bool to_head)
{
	for (size_t piece = 1; piece <= len; piece = piece < 8 || piece >= len ? piece + 1 : len)
		for (size_t room = 1; room <= H1_IN; room = room == 1   ? 3
							    : room == 3 ? H1_IN
									: H1_IN + 1) {
			OWN_FREE char *said = h1_said(text, len, piece, room, response, to_head);
			size_t n = strlen(said);
			bool bad = n >= 3 && strcmp(said + n - 3, "BAD") == 0;

			if (want ? strcmp(said, want) == 0 : bad)
				goto next;
			diag("pieces of %zu, room %zu: %s", piece, room, said);
			return false;
		next:;
		}
	return true;
}

static void test_sizes(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FREE char *said = NULL;

	buf_str(&b, GET HOST);
	for (int i = 0; i < HEAD_FIELDS + 2; i++)
		buf_fmt(&b, "X-%d: y\r\n", i);
	buf_str(&b, "\r\n");
	ok(is_always(b.data, b.len, NULL, false, false), "too many fields");
	buf_clear(&b);
	buf_str(&b, GET HOST "X: ");
	for (int i = 0; i < HEAD_MAX / 8; i++)
		buf_str(&b, "12345678");
	said = h1_said(b.data, H1_IN, H1_IN, H1_IN, false, false);
	ok(strstr(said, "BAD") != NULL, "a head that does not end");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		ok(is_always(requests[i].text, strlen(requests[i].text), requests[i].want, false,
			     false),
		   "request %zu: %s", i, requests[i].want ? requests[i].want : "refused");
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		OWN_FREE char *text =
			xfmt(POST HOST "Transfer-Encoding: chunked\r\n\r\n%s", chunks[i].body);

		ok(is_always(text, strlen(text), NULL, false, false), "chunks %zu: refused", i);
	}
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++)
		ok(is_always(responses[i].text, strlen(responses[i].text), responses[i].want, true,
			     responses[i].to_head),
		   "response %zu: %s", i, responses[i].want ? responses[i].want : "refused");
	test_sizes();
	return done_testing();
}
