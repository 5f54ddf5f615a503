/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in its one form, and what is none; parameters against what an action takes; digests. */
#include <stdio.h>
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-queue/canon.h"
#include "tools/pod-queue/catalog.h"

static const struct {
	const char *in, *out; /* NULL: refused */
} samples[] = {
	{" {\"b\" : 1 , \"a\" : [ true, null ] } ", "{\"a\":[true,null],\"b\":1}"},
	{"\"\\u0041\\/\\u00e9\\ud83d\\ude00\"", "\"A/\xc3\xa9\xf0\x9f\x98\x80\""},
	{"\"\\u001f\\n\\u007f\"", "\"\\u001f\\n\\u007f\""},
	{"[\"a\",\"b\",[],{}]", "[\"a\",\"b\",[],{}]"},
	{"-0.5e+10", "-0.5e+10"},
	{"{\"a\":1,\"\\u0061\":2}", NULL},
	{"\"\\u0000\"", NULL},
	{"\"\\ud800\"", NULL},
	{"\"\\ud800\\u0041\"", NULL},
	{"\"\\udc00\"", NULL},
	{"\"\xff\"", NULL},
	{"\"a\nb\"", NULL},
	{"\"\\x\"", NULL},
	{"01", NULL},
	{"1.", NULL},
	{".5", NULL},
	{"+1", NULL},
	{"1e", NULL},
	{"truer", NULL},
	{"[1,]", NULL},
	{"{\"a\"}", NULL},
	{"{a:1}", NULL},
	{"", NULL},
	{"1 2", NULL},
	{"[[[[[[[[[[[[[1]]]]]]]]]]]]]", NULL},
};

static void forms(void)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		OWN_BUF struct buf out = BUF_INIT;
		const char *fault = NULL;
		size_t at = 0;
		int r = canon_value(&out, samples[i].in, strlen(samples[i].in), &fault, &at);
		bool good = samples[i].out ? r == 0 && strcmp(out.data, samples[i].out) == 0
					   : r < 0 && fault && at <= strlen(samples[i].in);

		ok(good, "canon_value: sample %zu", i);
	}
}

static void parameters(void)
{
	static const struct {
		const char *params;
		bool fits;
	} calls[] = {
		{"{\"url\":\"x\"}", true},
		{"{\"n\":-1,\"url\":\"x\"}", true},
		{"{\"recursive\":false,\"url\":\"x\"}", true},
		{"{\"headers\":{\"a\":\"b\"},\"url\":\"x\"}", true},
		{"{\"body\":[1],\"url\":\"x\"}", true},
		{"{}", false},
		{"{\"url\":1}", false},
		{"{\"n\":\"1\",\"url\":\"x\"}", false},
		{"{\"recursive\":0,\"url\":\"x\"}", false},
		{"{\"headers\":[],\"url\":\"x\"}", false},
		{"{\"other\":1,\"url\":\"x\"}", false},
	};
	struct param v[CATALOG_PARAMS];
	size_t n = params_parse(v, CATALOG_PARAMS,
				"url* body:any headers:map n:number recursive:flag");
	OWN_BUF struct buf text = BUF_INIT;

	params_print(v, n, &text);
	ok(strcmp(text.data, "url*:text body:any headers:map n:number recursive:flag") == 0,
	   "params_print: %s", text.data);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct err e = {0};

		ok((entry_check(v, n, calls[i].params, &e) == 0) == calls[i].fits,
		   "entry_check: %s %s", calls[i].params, e.msg);
	}
}

/* printf 'look\0staged\0ab\0{}' | sha256sum */
static void digest(void)
{
	struct action a = {.name = "look", .tier = TIER_STAGED, .params = (char *)"{}"};
	char hex[ACTION_HEX];

	action_digest(&a, "ab", hex);
	ok(strcmp(hex, "985d8d496114ed5114d5bf77c05a219837d6c2191fe8ce989763661ef0b8dbbd") == 0,
	   "action_digest: %s", hex);
}

int main(void)
{
	forms();
	parameters();
	digest();
	return done_testing();
}
