/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-supervise/line.h"

#define HEAD \
	"{\"v\":1,\"ts\":\"2026-01-02T03:04:05.678901Z\",\"pod\":\"web\",\"src\":\"dns\",\"event\":\"x\""

static bool is_event(const char *line)
{
	return line_is_event(line, strlen(line), "web", "dns");
}

static void good(void)
{
	static const char *const lines[] = {
		HEAD "}",
		HEAD ",\"a\":-1.5e+3,\"b\":[],\"c\":{},\"d\":[1,\"x\",null,true,false]}",
		HEAD ",\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}",
		HEAD ",\"s\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}",
		HEAD ",\"in\":{\"seq\":1,\"chain\":\"x\"}}",
		NULL};

	for (const char *const *l = lines; *l; l++)
		ok(is_event(*l), "good: %s", *l + sizeof(HEAD) - 1);
}

static void bad(void)
{
	static const char *const lines[] = {
		"",
		"{",
		"{}",
		"[]",
		HEAD,
		HEAD "} ",
		HEAD "}}",
		HEAD ",}",
		HEAD ",\"a\"}",
		HEAD ",\"a\":}",
		HEAD ",\"a\":01}",
		HEAD ",\"a\":+1}",
		HEAD ",\"a\":1.}",
		HEAD ",\"a\":NaN}",
		HEAD ",\"a\":\"\n\"}",
		HEAD ",\"a\":\"\\x\"}",
		HEAD ",\"a\":\"\\u12\"}",
		HEAD ",\"a\":\"\xff\"}",
		HEAD ",\"a\":\"\xc0\x80\"}",
		HEAD ",\"a\":\"\xed\xa0\x80\"}",
		HEAD ",\"a\":\"\xf5\x80\x80\x80\"}",
		HEAD ",\"a\":\"\xe2\x82\"}",
		HEAD ",\"seq\":1}",
		HEAD ",\"chain\":\"x\"}",
		HEAD ",\"s\\u0065q\":1}",
		HEAD ",\"src\":\"exec\"}",
		HEAD ",\"pod\":\"other\"}",
		HEAD ",\"a\":[[[[[[[[1]]]]]]]]}",
		"{\"v\":2,\"ts\":\"2026-01-02T03:04:05.678901Z\",\"pod\":\"web\",\"src\":\"dns\",\"event\":\"x\"}",
		"{\"v\":1,\"ts\":\"2026-01-02 03:04:05.678901Z\",\"pod\":\"web\",\"src\":\"dns\",\"event\":\"x\"}",
		"{\"v\":1,\"ts\":\"2026-01-02T03:04:05.678901Z\",\"pod\":\"web\",\"src\":\"exec\",\"event\":\"x\"}",
		"{\"v\":1,\"ts\":\"2026-01-02T03:04:05.678901Z\",\"pod\":\"webb\",\"src\":\"dns\",\"event\":\"x\"}",
		NULL};

	for (const char *const *l = lines; *l; l++)
		ok(!is_event(*l), "bad: %s", *l);
}

static void bounds(void)
{
	OWN_BUF struct buf b = BUF_INIT;

	buf_str(&b, HEAD ",\"a\":\"");
	while (b.len < LINE_MAX_BYTES - 2)
		buf_char(&b, 'x');
	buf_str(&b, "\"}");
	ok(b.len == LINE_MAX_BYTES && line_is_event(b.data, b.len, "web", "dns"), "the longest");
	b.len -= 2;
	buf_str(&b, "x\"}");
	ok(!line_is_event(b.data, b.len, "web", "dns"), "one byte more");
}

int main(void)
{
	good();
	bad();
	bounds();
	return done_testing();
}
