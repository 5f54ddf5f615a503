/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses below a base, headers that are two, keys in headers. */
#include "tools/pod-action-http/headers.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"

static const char *joined(const char *base, const char *asked)
{
	static char *last;
	struct err e = {0};

	free(last);
	last = url_of(base, asked, &e);
	return last ? last : "refused";
}

static void check_urls(void)
{
	static const char *const bad[] = {"ftp://h/",
					  "http://",
					  "https:///x",
					  "http://u@h/",
					  "http://u:p@h/",
					  "http://h/a b",
					  "http://h/a\nb",
					  "file:///etc/passwd",
					  "//h/",
					  "h",
					  "http://h\\@other/",
					  ""};
	struct err e = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(url_check(bad[i], &e) < 0, "%s is refused", bad[i]);
	ok(url_check("https://h:8443/a?b=c#d", &e) == 0, "a port, a query");
	ok(url_check("HTTP://h", &e) == 0, "a scheme in capitals");
}

static void check_base(void)
{
	const char *base = "https://api.example.com/v1/";

	is_str(joined(base, "items"), "https://api.example.com/v1/items", "the rest");
	is_str(joined(base, "/items"), "https://api.example.com/v1/items", "the rest with a slash");
	is_str(joined(base, "https://api.example.com/v1/x?y"), "https://api.example.com/v1/x?y",
	       "the whole");
	is_str(joined(base, "https://api.example.com/v2/x"), "refused", "beside it");
	is_str(joined(base, "https://api.example.com/v10"), "refused", "a longer name");
	is_str(joined(base, "https://api.example.com.evil/v1/x"), "refused", "another host");
	is_str(joined(base, "../v2/x"), "refused", "above it");
	is_str(joined(base, "%2e%2E/v2"), "refused", "above it, coded");
	is_str(joined(NULL, "http://h/"), "http://h/", "no base");
}

static void check_headers(void)
{
	static const char *const bad[][2] = {{"Host", "x"},      {"content-length", "5"},
					     {"A B", "x"},       {"", "x"},
					     {"A", "x\r\nB: y"}, {"A", "x\ny"},
					     {"A:", "x"},        {"transfer-encoding", "chunked"},
					     {"Expect", ""}};
	OWN_STRV struct strv out = {0};
	struct err e = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(header_add(&out, bad[i][0], bad[i][1], &e) < 0, "%s: %s is refused", bad[i][0],
		   bad[i][1]);
	ok(out.n == 0, "none of them is there");
	header_add(&out, "X-One", "1", &e);
	header_add(&out, "X-None", "", &e);
	is_str(out.v[0], "X-One: 1", "a header");
	is_str(out.v[1], "X-None;", "an empty one, as libcurl wants it");
}

static void check_keys(void)
{
	static const char *const want[][2] = {
		{NULL, "Authorization: Bearer k"},
		{"bearer", "Authorization: Bearer k"},
		{"basic", "Authorization: Basic Oms="},
		{"basic:u", "Authorization: Basic dTpr"},
		{"header:X-Key", "X-Key: k"},
		{"X-API-Key: {value}", "X-API-Key: k"},
		{"Authorization: token {value};v=1", "Authorization: token k;v=1"},
	};
	struct err e = {0};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		OWN_STRV struct strv out = {0};

		header_auth(&out, want[i][0], "k", &e);
		is_str(out.n ? out.v[0] : "", want[i][1], "a key by scheme");
	}
	OWN_STRV struct strv out = {0};
	ok(header_auth(&out, "nonsense", "k", &e) < 0, "another scheme is refused");
	ok(header_auth(&out, "header:Host", "k", &e) < 0, "no key in Host");
}

int main(void)
{
	check_urls();
	check_base();
	check_headers();
	check_keys();
	return done_testing();
}
