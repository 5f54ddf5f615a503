/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of JSON that keeps the path of keys to where it is, and nothing else.  A path is
 * compared from the root, so that what a model writes (in strings) or a tool is given (deeper down)
 * cannot pass for a count.  It need not refuse what is no JSON: a wrong document has no numbers
 * there.
 */
#include "tools/pod-proxy/usage.h"

#include <string.h>

#define NUMBER_MAX 1000000000000000u

const char *const usage_words[USAGE_KINDS] = {"input_tokens", "output_tokens", "cache_read_tokens",
					      "cache_write_tokens", "thought_tokens"};

static const struct {
	enum usage_api api;
	const char *path;
	enum usage_kind kind;
} counts[] = {
	{USAGE_ANTHROPIC, "usage.input_tokens", USAGE_INPUT},
	{USAGE_ANTHROPIC, "usage.output_tokens", USAGE_OUTPUT},
	{USAGE_ANTHROPIC, "usage.cache_read_input_tokens", USAGE_CACHE_READ},
	{USAGE_ANTHROPIC, "usage.cache_creation_input_tokens", USAGE_CACHE_WRITE},
	{USAGE_ANTHROPIC, "message.usage.input_tokens", USAGE_INPUT},
	{USAGE_ANTHROPIC, "message.usage.output_tokens", USAGE_OUTPUT},
	{USAGE_ANTHROPIC, "message.usage.cache_read_input_tokens", USAGE_CACHE_READ},
	{USAGE_ANTHROPIC, "message.usage.cache_creation_input_tokens", USAGE_CACHE_WRITE},
	{USAGE_OPENAI, "usage.prompt_tokens", USAGE_INPUT},
	{USAGE_OPENAI, "usage.completion_tokens", USAGE_OUTPUT},
	{USAGE_OPENAI, "usage.prompt_tokens_details.cached_tokens", USAGE_CACHE_READ},
	{USAGE_OPENAI, "usage.input_tokens", USAGE_INPUT},
	{USAGE_OPENAI, "usage.output_tokens", USAGE_OUTPUT},
	{USAGE_OPENAI, "usage.input_tokens_details.cached_tokens", USAGE_CACHE_READ},
	{USAGE_OPENAI, "response.usage.input_tokens", USAGE_INPUT},
	{USAGE_OPENAI, "response.usage.output_tokens", USAGE_OUTPUT},
	{USAGE_OPENAI, "response.usage.input_tokens_details.cached_tokens", USAGE_CACHE_READ},
	{USAGE_GEMINI, "usageMetadata.promptTokenCount", USAGE_INPUT},
	{USAGE_GEMINI, "usageMetadata.candidatesTokenCount", USAGE_OUTPUT},
	{USAGE_GEMINI, "usageMetadata.cachedContentTokenCount", USAGE_CACHE_READ},
	{USAGE_GEMINI, "usageMetadata.thoughtsTokenCount", USAGE_THOUGHT},
	{USAGE_OLLAMA, "prompt_eval_count", USAGE_INPUT},
	{USAGE_OLLAMA, "eval_count", USAGE_OUTPUT},
};

static const char *const apis[] = {"none", "anthropic", "openai", "gemini", "ollama"};

const char *usage_api_word(enum usage_api api)
{
	return apis[api];
}

enum usage_api usage_api_of(const char *word)
{
	for (unsigned i = 1; i < sizeof(apis) / sizeof(apis[0]); i++)
		if (strcmp(apis[i], word) == 0)
			return (enum usage_api)i;
	return USAGE_NONE;
}

static void document(struct usage *u)
{
	u->state = USAGE_VALUE;
	u->depth = 0;
	u->objects = 0;
	u->len = 0;
	u->want_key = u->in_key = false;
}

void usage_begin(struct usage *u, enum usage_api api, bool stream)
{
	*u = (struct usage){.api = api, .stream = stream};
	document(u);
	if (stream)
		u->state = USAGE_LINE;
}

static void record(struct usage *u)
{
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t *count = &u->count[counts[i].kind];

		if (counts[i].api != u->api || strlen(counts[i].path) != u->len ||
		    memcmp(counts[i].path, u->path, u->len) != 0)
			continue;
		*count = u->number > *count ? u->number : *count;
		u->any = true;
	}
}

static void path_add(struct usage *u, char c)
{
	if (u->len < USAGE_PATH - 1)
		u->path[u->len++] = c;
	else
		u->len = USAGE_PATH;
}

/* Back to what the level we are in is called. */
static void path_back(struct usage *u)
{
	if (u->depth == 0)
		u->len = 0;
	else
		u->len = u->depth <= USAGE_DEPTH ? u->ends[u->depth - 1] : USAGE_PATH;
}

static bool in_object(const struct usage *u)
{
	return u->depth > 0 && u->depth <= 64 && (u->objects >> (u->depth - 1) & 1);
}

static void enter(struct usage *u, bool object)
{
	uint64_t bit = u->depth < 64 ? UINT64_C(1) << u->depth : 0;

	if (u->depth < USAGE_DEPTH)
		u->ends[u->depth] = (uint8_t)u->len;
	u->objects = object ? u->objects | bit : u->objects & ~bit;
	u->depth += u->depth < UINT32_MAX;
	u->want_key = object;
}

static void leave(struct usage *u)
{
	u->depth -= u->depth > 0;
	path_back(u);
}

static void string_begins(struct usage *u)
{
	u->state = USAGE_STRING;
	u->in_key = u->want_key;
	u->want_key = false;
	if (!u->in_key)
		return;
	path_back(u);
	if (u->len)
		path_add(u, '.');
}

static void at_value(struct usage *u, char c)
{
	switch (c) {
	case '{':
	case '[':
		enter(u, c == '{');
		break;
	case '}':
	case ']':
		leave(u);
		break;
	case ',':
		path_back(u);
		u->want_key = in_object(u);
		break;
	case '"':
		string_begins(u);
		break;
	default:
		if (c != '-' && (c < '0' || c > '9'))
			break;
		u->state = USAGE_NUMBER;
		u->plain = c != '-';
		u->number = c == '-' ? 0 : (uint64_t)(c - '0');
	}
}

static void at_number(struct usage *u, char c)
{
	if (c >= '0' && c <= '9') {
		u->number = u->number * 10 + (uint64_t)(c - '0');
		u->plain = u->plain && u->number < NUMBER_MAX;
		u->number = u->plain ? u->number : 0;
		return;
	}
	if (c && strchr(".eE+-", c)) {
		u->plain = false;
		return;
	}
	if (u->plain)
		record(u);
	u->state = USAGE_VALUE;
	at_value(u, c);
}

static void at_string(struct usage *u, char c)
{
	if (c == '\\') {
		u->state = USAGE_ESCAPE;
		u->len = u->in_key ? USAGE_PATH : u->len;
	} else if (c == '"') {
		u->state = USAGE_VALUE;
		u->in_key = false;
	} else if (u->in_key) {
		path_add(u, c == '.' ? '\\' : c);
	}
}

static void at_line(struct usage *u, char c)
{
	static const char field[] = "data:";

	u->line = c == field[u->line] ? u->line + 1 : 0;
	if (u->line == sizeof(field) - 1)
		document(u);
	else if (u->line == 0)
		u->state = USAGE_SKIP;
}

static void step(struct usage *u, char c)
{
	if (u->stream && (c == '\n' || c == '\r')) {
		u->state = USAGE_LINE;
		u->line = 0;
		return;
	}
	switch (u->state) {
	case USAGE_LINE:
		at_line(u, c);
		break;
	case USAGE_SKIP:
		break;
	case USAGE_VALUE:
		at_value(u, c);
		break;
	case USAGE_NUMBER:
		at_number(u, c);
		break;
	case USAGE_STRING:
		at_string(u, c);
		break;
	case USAGE_ESCAPE:
		u->state = USAGE_STRING;
		break;
	}
}

void usage_feed(struct usage *u, const char *data, size_t len)
{
	for (size_t i = 0; u->api && i < len; i++)
		step(u, data[i]);
}
