/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/web_head.h"
#include "tests/lib/tap.h"

#define NAME "0123456789abcdef0123.localhost:6080"
#define KEY  "dGhlIHNhbXBsZSBub25jZQ=="

static const struct web_place here = {"0123456789abcdef0123", 6080};

/* Fields in pairs, ended by NULL. */
static int judge(unsigned want, const char *const *fields)
{
	struct web_head h = {0};

	for (; fields[0]; fields += 2)
		web_head_add(&h, fields[0], fields[1], strlen(fields[1]));
	return web_head_judge(&h, &here, want);
}

#define JUDGE(want, ...) judge(want, (const char *const[]){__VA_ARGS__, NULL})

static void test_names(void)
{
	ok(JUDGE(WEB_PLAIN, "Host", NAME) == 0, "our name");
	ok(JUDGE(WEB_PLAIN, "hOST", NAME) == 0, "fields have no case");
	ok(JUDGE(WEB_PLAIN, "Host", "localhost:6080") == 421, "localhost is none");
	ok(JUDGE(WEB_PLAIN, "Host", "127.0.0.1:6080") == 421, "nor is the address");
	ok(JUDGE(WEB_PLAIN, "Host", "0123456789abcdef0123.localhost") == 421, "nor without port");
	ok(JUDGE(WEB_PLAIN, "Host", NAME "0") == 421, "nor another port");
	ok(JUDGE(WEB_PLAIN, "Accept", "*") == 400, "no name at all is no request");
	ok(JUDGE(WEB_PLAIN, "Host", NAME, "Host", NAME) == 400, "nor are two");
	ok(JUDGE(WEB_PLAIN, "Host", NAME, "Cookie", "a\x01") == 400, "nor control bytes");
}

static void test_origins(void)
{
	ok(JUDGE(WEB_PLAIN, "Host", NAME, "Origin", "http://evil.example") == 403,
	   "another's page gets nothing, not even to look");
	ok(JUDGE(WEB_CHANGES, "Host", NAME, "X-Envpod", "1") == 403, "changes need an origin");
	ok(JUDGE(WEB_CHANGES, "Host", NAME, "Origin", "http://" NAME) == 403, "and the mark");
	ok(JUDGE(WEB_CHANGES, "Host", NAME, "Origin", "http://" NAME, "X-Envpod", "1") == 0,
	   "both will do");
	ok(JUDGE(WEB_CHANGES, "Host", NAME, "Origin", "https://" NAME, "X-Envpod", "1") == 403,
	   "another scheme is another origin");
	ok(JUDGE(WEB_CHANGES, "Host", NAME, "Origin", "http://" NAME, "X-Envpod", "1",
		 "Sec-Fetch-Site", "same-site") == 403,
	   "what the browser says counts, too");
}

static void test_bodies(void)
{
	ok(JUDGE(WEB_PLAIN, "Host", NAME, "Content-Length", "0") == 0, "no body");
	ok(JUDGE(WEB_PLAIN, "Host", NAME, "Content-Length", "1") == 400, "one where none belongs");
	ok(JUDGE(WEB_PLAIN, "Host", NAME, "Transfer-Encoding", "chunked") == 400, "in chunks");
	ok(JUDGE(WEB_BODY, "Host", NAME) == 411, "none where one belongs");
	ok(JUDGE(WEB_BODY, "Host", NAME, "Content-Length", "5") == 0, "of known length");
	for (const char *const *odd = (const char *const[]){"-1", "+1", "1 ", "0x1", "1,1", "",
							    "99999999999999999999", NULL};
	     *odd; odd++)
		ok(JUDGE(WEB_BODY, "Host", NAME, "Content-Length", *odd) == 411, "length '%s'",
		   *odd);
	ok(JUDGE(WEB_BODY, "Host", NAME, "Content-Length", "5", "Transfer-Encoding", "chunked") ==
		   411,
	   "two ends");
}

static void test_sockets(void)
{
	static const char *const fields[] = {"Host",
					     NAME,
					     "Origin",
					     "http://" NAME,
					     "Upgrade",
					     "WebSocket",
					     "Connection",
					     "keep-alive, Upgrade",
					     "Sec-WebSocket-Version",
					     "13",
					     "Sec-WebSocket-Key",
					     KEY,
					     NULL};
	const char *less[sizeof(fields) / sizeof(fields[0])];

	ok(judge(WEB_SOCKET, fields) == 0, "a WebSocket's beginning");
	for (size_t leave = 4; fields[leave]; leave += 2) {
		size_t n = 0;

		for (size_t i = 0; fields[i]; i++)
			if (i / 2 != leave / 2)
				less[n++] = fields[i];
		less[n] = NULL;
		ok(judge(WEB_SOCKET, less) == 426, "none without %s", fields[leave]);
	}
}

static void test_secrets(void)
{
	static const char secret[] = "0123456789abcdef0123456789abcdef";
	char out[WEB_SECRET];

	ok(web_cookie("a=b; envpod_1=0123456789abcdef0123456789abcdef; c", "envpod_1", out) &&
		   strcmp(out, secret) == 0,
	   "among others");
	ok(!web_cookie("xenvpod_1=0123456789abcdef0123456789abcdef", "envpod_1", out),
	   "another's name that ends like ours");
	ok(!web_cookie("envpod_10=0123456789abcdef0123456789abcdef", "envpod_1", out),
	   "or begins like it");
	ok(!web_cookie("envpod_1=0123456789ABCDEF0123456789abcdef", "envpod_1", out), "not ours");
	ok(!web_cookie("envpod_1=0123456789abcdef0123456789abcdef0", "envpod_1", out), "too long");
	ok(!web_cookie("envpod_1=0123456789abcdef0123456789abcdef;envpod_1=x", "envpod_1", out),
	   "two, and one of them odd");
	ok(web_bearer("bearer 0123456789abcdef0123456789abcdef", out), "a bearer's");
	ok(!web_bearer("Basic 0123456789abcdef0123456789abcdef", out), "no other scheme");
}

static void test_texts(void)
{
	char out[8];

	ok(web_unescape("a%20b%C3%a4", out, sizeof(out)) && strcmp(out, "a b\xc3\xa4") == 0,
	   "escapes");
	ok(!web_unescape("a%00b", out, sizeof(out)), "no NUL");
	ok(!web_unescape("a%2", out, sizeof(out)) && !web_unescape("%zz", out, sizeof(out)) &&
		   !web_unescape("%", out, sizeof(out)),
	   "no half ones");
	ok(!web_unescape("12345678", out, sizeof(out)), "nothing longer than there is room for");
	ok(web_list_has(" a ,UPGRADE", "upgrade") && !web_list_has("upgrades", "upgrade"), "words");
}

int main(void)
{
	test_names();
	test_origins();
	test_bodies();
	test_sockets();
	test_secrets();
	test_texts();
	return done_testing();
}
