/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that a model's API says it has counted, read out of its answer as it passes: JSON, JSON by
 * lines, or an event stream.  Fixed memory, whatever comes; numbers alone are taken.
 */
#ifndef POD_PROXY_USAGE_H
#define POD_PROXY_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum usage_api { USAGE_NONE, USAGE_ANTHROPIC, USAGE_OPENAI, USAGE_GEMINI, USAGE_OLLAMA };

enum usage_kind {
	USAGE_INPUT,
	USAGE_OUTPUT,
	USAGE_CACHE_READ,  /* Anthropic: not in INPUT; the others: of it */
	USAGE_CACHE_WRITE, /* likewise */
	USAGE_THOUGHT,     /* Gemini: not in OUTPUT */
	USAGE_KINDS
};
extern const char *const usage_words[USAGE_KINDS]; /* as the event calls them */

#define USAGE_DEPTH 8  /* levels of a document whose keys are looked at */
#define USAGE_PATH  96 /* bytes of keys, with dots between */

enum usage_state {
	USAGE_LINE, /* the beginning of a line of an event stream */
	USAGE_SKIP, /* the rest of a line that is none of ours */
	USAGE_VALUE,
	USAGE_NUMBER,
	USAGE_STRING, /* also a key */
	USAGE_ESCAPE, /* behind its backslash */
};

struct usage {
	enum usage_api api;
	bool any;                    /* something was said */
	uint64_t count[USAGE_KINDS]; /* the largest: they only grow within an answer */

	bool stream; /* of events: documents stand behind "data:" */
	enum usage_state state;
	unsigned line; /* bytes of "data:" that were there */
	unsigned depth;
	uint64_t objects;          /* bit i: level i is an object, no array */
	uint8_t ends[USAGE_DEPTH]; /* bytes of path that a level has */
	char path[USAGE_PATH];     /* of the value we are at */
	size_t len;                /* USAGE_PATH: none of ours */
	bool want_key, in_key;
	bool plain; /* digits alone, up to here */
	uint64_t number;
};

/* "anthropic", "openai", "gemini", "ollama"; USAGE_NONE for any other word. */
enum usage_api usage_api_of(const char *word);
const char *usage_api_word(enum usage_api api);
void usage_begin(struct usage *u, enum usage_api api, bool stream);
void usage_feed(struct usage *u, const char *data, size_t len);

#endif
