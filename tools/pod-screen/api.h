/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a body for a model's API says to the model: every string of it, wherever it stands, and
 * every long key, so that no field is left out because nobody thought of it.  The shape is known
 * besides: Anthropic's Messages, OpenAI's Chat Completions and Responses, Gemini, Ollama.
 */
#ifndef POD_SCREEN_API_H
#define POD_SCREEN_API_H

#include <stdbool.h>
#include <stddef.h>

enum api {
	API_UNKNOWN,
	API_ANTHROPIC,
	API_OPENAI_CHAT,
	API_OPENAI_RESPONSES,
	API_GEMINI,
	API_OLLAMA,
	APIS
};

extern const char *const api_names[APIS];

/* where is its path, as "messages[0].content[1].text". */
typedef void api_text(void *arg, const char *where, const char *text, size_t len);

/*
 * Call found with each text.  *understood: the body is well-formed JSON of a known shape; if not,
 * the caller looks at its bytes, too.  Never fails: what is broken is read as far as it goes.
 */
enum api api_read(const char *body, size_t len, api_text *found, void *arg, bool *understood);

#endif
