/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/usage.h"

/* "input output cache_read cache_write thought", or "-": nothing was said; at each step. */
static void counts(const char *api, bool stream, const char *text, const char *want)
{
	char got[200];
	bool good = true;

	for (size_t step = 1; good && step <= strlen(text); step++) {
		struct usage u;

		usage_begin(&u, usage_api_of(api), stream);
		for (size_t at = 0; at < strlen(text); at += step)
			usage_feed(&u, text + at,
				   strlen(text + at) < step ? strlen(text + at) : step);
		snprintf(got, sizeof(got),
			 "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, u.count[0],
			 u.count[1], u.count[2], u.count[3], u.count[4]);
		good = strcmp(u.any ? got : "-", want) == 0;
	}
	ok(good, "%s: %.*s", api, (int)strcspn(text, "\n"), text);
	if (!good)
		diag("got %s", got);
}

static void plain(void)
{
	counts("anthropic", false,
	       "{\"id\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"\\\"usage\\\":{\"}],\n"
	       " \"usage\": {\"input_tokens\": 12, \"cache_creation_input_tokens\":3,"
	       "\"cache_read_input_tokens\":4,\"output_tokens\":56}}",
	       "12 56 4 3 0");
	counts("openai", false,
	       "{\"choices\":[{\"index\":0}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":"
	       "12,\"total_tokens\":21,\"prompt_tokens_details\":{\"cached_tokens\":5}}}",
	       "9 12 5 0 0");
	counts("gemini", false,
	       "[{\"usageMetadata\":{\"promptTokenCount\":4}},\n,{\"usageMetadata\":{"
	       "\"promptTokenCount\":4,\"candidatesTokenCount\":30,\"thoughtsTokenCount\":7}}]",
	       "4 30 0 0 7");
	counts("ollama", false,
	       "{\"done\":false,\"context\":[1,2,3]}\n{\"done\":true,\"prompt_eval_count\":26,"
	       "\"eval_count\":298}\n",
	       "26 298 0 0 0");
}

static void streams(void)
{
	counts("anthropic", true,
	       "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
	       "{\"input_tokens\":25,\"output_tokens\":1}}}\n\n"
	       "event: ping\ndata: {\"type\":\"ping\"}\n\n: {\"usage\":{\"output_tokens\":99}}\n\n"
	       "data: {\"delta\":{\"text\":\"}}}\\\"\"}}\n\n"
	       "event: message_delta\r\ndata: {\"usage\":{\"output_tokens\":15}}\r\n\r\n",
	       "25 15 0 0 0");
	counts("openai", true,
	       "data: {\"choices\":[{}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{"
	       "\"prompt_tokens\":8,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
	       "8 2 0 0 0");
	counts("openai", true,
	       "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":1,"
	       "\"output_tokens\":2,\"input_tokens_details\":{\"cached_tokens\":3}}}}\n\n",
	       "1 2 3 0 0");
	counts("anthropic", true,
	       "data: {\"usage\":{\"input_tokens\":1}\ndata: {\"usage\":{\"output_tokens\":2}}\n",
	       "1 2 0 0 0");
}

/* What a model writes, or a tool is given, is no count. */
static void lies(void)
{
	counts("anthropic", false,
	       "{\"content\":[{\"input\":{\"usage\":{\"input_tokens\":7}}}],"
	       "\"text\":\"{\\\"usage\\\":{\\\"input_tokens\\\":7}}\"}",
	       "-");
	counts("anthropic", false, "{\"usage.input_tokens\":7,\"usage\":{\"a\\u0062\":7}}", "-");
	counts("anthropic", false,
	       "{\"usage\":{\"input_tokens\":-1,\"output_tokens\":1.5,"
	       "\"cache_read_input_tokens\":1e9,\"cache_creation_input_tokens\":\"7\"}}",
	       "-");
	counts("anthropic", false, "{\"usage\":{\"input_tokens\":99999999999999999999999999}}",
	       "-");
	counts("anthropic", false,
	       "{\"usage\":{\"input_tokens\":5},\"usage\":{\"input_tokens\":3}}", "5 0 0 0 0");
	counts("anthropic", false,
	       "}}]]{\"usage\":{\"x\":[[[[[[[[[[{\"input_tokens\":7}]]]]]]]]]],"
	       "\"input_tokens\":1}}",
	       "1 0 0 0 0");
	counts("openai", false, "{\"usage\":{\"input_tokens\":5", "-");
}

static void deep(void)
{
	struct usage u;

	usage_begin(&u, USAGE_ANTHROPIC, false);
	for (int i = 0; i < 1000; i++)
		usage_feed(&u, "{\"usage\":", 9);
	for (int i = 0; i < 1000; i++)
		usage_feed(&u, "}", 1);
	usage_feed(&u, "{\"usage\":{\"input_tokens\":1}}", 28);
	is_int((intmax_t)u.count[USAGE_INPUT], 1, "a thousand levels deep, and back");
}

int main(void)
{
	is_int(usage_api_of("mistral"), USAGE_NONE, "an API that is none of ours");
	plain();
	streams();
	lies();
	deep();
	return done_testing();
}
