/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/requests.h"

#define GET  "GET / HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"
#define NEXT GET "Host: b.example\r\n\r\n"

static const struct {
	const char *text;
	int want;
	const char *what;
} heads[] = {
	{GET HOST "\r\n", 0, "a plain one"},
	{"GET http://a.example/x HTTP/1.1\r\n" HOST "\r\n", 0, "absolute form"},
	{"OPTIONS * HTTP/1.1\r\nhost:A.EXAMPLE:8080\r\n\r\n", 0, "a port, other case, no blank"},
	{"GET / HTTP/1.0\r\n" HOST "\r\n", 0, "HTTP/1.0"},
	{GET HOST "X: \xc3\xa9\tok\r\n\r\n", 0, "bytes above ASCII"},
	{GET HOST "X: y", -EAGAIN, "not whole"},
	{GET "\r\n", -EBADMSG, "no host"},
	{GET HOST HOST "\r\n", -EBADMSG, "two hosts"},
	{GET "Host:\r\n\r\n", -EBADMSG, "an empty host"},
	{GET "Host: [::1]\r\n\r\n", -EBADMSG, "an address"},
	{GET "Host: a.example b.example\r\n\r\n", -EBADMSG, "a blank in it"},
	{GET "Host: a.example:80x\r\n\r\n", -EBADMSG, "a port that is none"},
	{"GET http://b.example/ HTTP/1.1\r\n" HOST "\r\n", -EBADMSG, "another authority"},
	{"GET http://a.example@b.example/ HTTP/1.1\r\n" HOST "\r\n", -EBADMSG, "a user in it"},
	{"GET https://a.example/ HTTP/1.1\r\n" HOST "\r\n", -EBADMSG, "another scheme"},
	{"CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", -EBADMSG, "CONNECT"},
	{"TRACE / HTTP/1.1\r\n" HOST "\r\n", -EBADMSG, "TRACE"},
	{"GET / HTTP/2.0\r\n" HOST "\r\n", -EBADMSG, "another version"},
	{"GET /\r\n" HOST "\r\n", -EBADMSG, "no version"},
	{"GET / x HTTP/1.1\r\n" HOST "\r\n", -EBADMSG, "a blank in the target"},
	{GET "Host: a.example\n\r\n", -EBADMSG, "a line feed alone"},
	{GET HOST " folded: x\r\n\r\n", -EBADMSG, "a folded field"},
	{GET HOST "X : y\r\n\r\n", -EBADMSG, "a blank before the colon"},
	{GET HOST "X: a\rb\r\n\r\n", -EBADMSG, "a carriage return inside"},
	{GET HOST "nonsense\r\n\r\n", -EBADMSG, "no colon"},
	{GET HOST "Content-Length: 4\r\nContent-Length: 4\r\n\r\n", -EBADMSG, "two lengths"},
	{GET HOST "Content-Length: 4, 4\r\n\r\n", -EBADMSG, "two in one"},
	{GET HOST "Content-Length: +4\r\n\r\n", -EBADMSG, "a sign"},
	{GET HOST "Content-Length: 0x4\r\n\r\n", -EBADMSG, "hexadecimal"},
	{GET HOST "Content-Length: 99999999999999999999\r\n\r\n", -EBADMSG, "too long a length"},
	{GET HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", -EBADMSG, "both"},
	{GET HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", -EBADMSG, "two codings"},
	{"GET / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", -EBADMSG, "chunks in 1.0"},
};

static const struct {
	const char *body;
	int want; /* heads behind it, or -EBADMSG */
	const char *what;
} bodies[] = {
	{"Content-Length: 3\r\n\r\nabc", 1, "by length"},
	{"Content-Length: 0\r\n\r\n", 1, "no body"},
	{"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 1, "a chunk"},
	{"Transfer-Encoding: Chunked\r\n\r\n0A;x=y\r\n0123456789\r\n0\r\nT: u\r\n\r\n", 1,
	 "extension and trailer"},
	{"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", -EBADMSG, "more than it says"},
	{"Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", -EBADMSG, "a blank"},
	{"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", -EBADMSG, "a line feed alone"},
	{"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", -EBADMSG, "a sign"},
	{"Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n", -EBADMSG, "overflow"},
	{"Transfer-Encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n", -EBADMSG,
	 "a carriage return in an extension"},
};

/* All heads behind the first, fed by so many bytes. */
static int behind(const char *text, size_t step)
{
	struct requests q = {0};
	size_t at = 0, size = strlen(text);
	struct head h;
	int r = 0, n = 0;

	for (size_t len = 0; len < size && r == 0;) {
		len = len + step < size ? len + step : size;
		while ((r = requests_follow(&q, text, len, &at, &h)) == 1) {
			n += strcmp(h.host, "b.example") == 0;
			requests_pass(&q, &h, &at);
		}
	}
	return r < 0 ? r : at == size ? n : -EAGAIN;
}

int main(void)
{
	struct head h;

	is_int(head_parse("GET\0 / HTTP/1.1\r\n" HOST "\r\n", 37, &h), -EBADMSG, "a NUL");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		is_int(head_parse(heads[i].text, strlen(heads[i].text), &h), heads[i].want, "%s",
		       heads[i].what);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "POST / HTTP/1.1\r\n" HOST "%s" NEXT, bodies[i].body);
		is_int(behind(text, 1024), bodies[i].want, "%s", bodies[i].what);
		is_int(behind(text, 1), bodies[i].want, "%s, byte by byte", bodies[i].what);
	}
	return done_testing();
}
