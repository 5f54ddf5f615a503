/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/jsonw.h"
#include "libcommon/path.h"
#include "tests/lib/filter.h"
#include "tests/lib/tap.h"

static void strings(void)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
		{"\xc3\xa4\xf0\x9f\x98\x80", "\"\xc3\xa4\xf0\x9f\x98\x80\""},
		{"a\xff"
		 "b",
		 "\"a\xef\xbf\xbd"
		 "b\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN_BUF struct buf b = BUF_INIT;

		jw_string(&b, cases[i].text);
		is_str(b.data, cases[i].json, "string %zu: %s", i, cases[i].json);
	}
}

static void document(struct buf *b)
{
	char *list[] = {(char *)"x", (char *)"", (char *)"{", NULL};

	jw_open(b, '{');
	jw_kstr(b, "a\"b", "ends with colon:");
	jw_knum(b, "min", INT64_MIN);
	jw_kbool(b, "yes", true);
	jw_kstrv(b, "list", list);
	jw_kstrv(b, "none", NULL);
	jw_key(b, "in");
	jw_open(b, '{');
	jw_close(b, '}');
	jw_key(b, "rows");
	jw_open(b, '[');
	jw_open(b, '{');
	jw_kbool(b, "no", false);
	jw_close(b, '}');
	jw_open(b, '[');
	jw_close(b, ']');
	jw_number(b, -1);
	jw_close(b, ']');
	jw_close(b, '}');
}

/* Every byte there is, and every pair that could confuse the placing of commas. */
static void judged_by_jq(void)
{
	char *jq[] = {(char *)"jq", (char *)"-c", (char *)".", NULL};
	OWN_BUF struct buf all = BUF_INIT, got = BUF_INIT;
	char name[4] = "";

	jw_open(&all, '[');
	for (int i = 1; i < 256; i++) {
		name[0] = (char)i;
		jw_string(&all, name);
		name[1] = ',';
		jw_string(&all, name);
		name[1] = '\0';
	}
	jw_close(&all, ']');
	is_int(filter(jq, all.data, all.len, &got), 0,
	       "jq reads every byte and every byte before a comma");
	ok(got.len > 1000 && utf8_ok(got.data), "and finds text in it");
}

int main(void)
{
	OWN_BUF struct buf b = BUF_INIT, got = BUF_INIT;
	char *jq[] = {(char *)"jq", (char *)"-c", (char *)".", NULL};

	strings();
	document(&b);
	is_str(b.data,
	       "{\"a\\\"b\":\"ends with colon:\",\"min\":-9223372036854775808,\"yes\":true,"
	       "\"list\":[\"x\",\"\",\"{\"],\"none\":[],\"in\":{},\"rows\":[{\"no\":false},[],-1]}",
	       "commas stand where they belong");
	is_int(filter(jq, b.data, b.len, &got), 0, "jq reads it");
	judged_by_jq();
	return done_testing();
}
