/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader that no broken JSON can throw off: servers differ in what they forgive, so it takes
 * whatever looks like a string for one, and only says that the rest was not as it should be.
 */
#include <string.h>
#include <unistr.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-screen/api.h"

#define DEPTH_MAX  64u /* below, places have no names of their own */
#define PATH_SIZE  400u
#define KEY_SIZE   48u
#define TEXT_MIN   4u /* shorter strings say nothing */
#define JOINED_MAX (4u << 20)
#define WORD_MAX   24u /* a string of this length may be a word of a text that is said in a list */
#define KEY_MIN    12u /* shorter keys are names */

const char *const api_names[APIS] = {"unknown",          "anthropic", "openai-chat",
				     "openai-responses", "gemini",    "ollama"};

/* Keys of the outermost object, by which shapes are told apart. */
enum mark {
	MARK_MESSAGES = 1,
	MARK_SYSTEM = 2,
	MARK_CONTENTS = 4,
	MARK_INPUT = 8,
	MARK_PROMPT = 16,
	MARK_OLLAMA = 32,
	MARK_ANTHROPIC = 64,
	MARK_CHAT = 128,
};

static const struct {
	const char *key;
	enum mark mark;
} marks[] = {
	{"messages", MARK_MESSAGES},
	{"system", MARK_SYSTEM},
	{"contents", MARK_CONTENTS},
	{"systemInstruction", MARK_CONTENTS},
	{"system_instruction", MARK_CONTENTS},
	{"generationConfig", MARK_CONTENTS},
	{"input", MARK_INPUT},
	{"instructions", MARK_INPUT},
	{"previous_response_id", MARK_INPUT},
	{"prompt", MARK_PROMPT},
	{"keep_alive", MARK_OLLAMA},
	{"options", MARK_OLLAMA},
	{"template", MARK_OLLAMA},
	{"anthropic_version", MARK_ANTHROPIC},
	{"stop_sequences", MARK_ANTHROPIC},
	{"thinking", MARK_ANTHROPIC},
	{"top_k", MARK_ANTHROPIC},
	{"max_completion_tokens", MARK_CHAT},
	{"response_format", MARK_CHAT},
	{"frequency_penalty", MARK_CHAT},
	{"stream_options", MARK_CHAT},
};

struct level {
	bool is_object, is_key_due;
	unsigned index;
	size_t path_len; /* of what stands before this level's own part */
};

struct walk {
	const char *body;
	size_t i, len;
	struct level levels[DEPTH_MAX];
	unsigned depth; /* may be more than there are levels */
	unsigned marks;
	bool is_broken, has_ended;
	struct buf path, text;
	struct join {
		struct buf plain;  /* texts of one list, together */
		struct buf spaced; /* the short ones of them, with blanks between */
		unsigned texts, words;
	} joins[DEPTH_MAX];
	api_text *found;
	void *arg;
};

static struct level *innermost(struct walk *w)
{
	return w->depth && w->depth <= DEPTH_MAX ? &w->levels[w->depth - 1] : NULL;
}

static void cut_path(struct walk *w, size_t len)
{
	if (w->path.len > len) {
		w->path.len = len;
		w->path.data[len] = 0;
	}
}

/* --- strings --- */

static int hex4(const char *s)
{
	int n = 0;

	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef",
			   *at = s[i] ? strchr(digits, s[i] | 0x20) : NULL;

		if (!at)
			return -1;
		n = n << 4 | (int)(at - digits);
	}
	return n;
}

static void put_point(struct walk *w, uint32_t c)
{
	uint8_t utf8[6];
	const int n = u8_uctomb(utf8, c ? c : ' ', sizeof(utf8));

	if (n > 0)
		buf_add(&w->text, utf8, (size_t)n);
	else
		buf_str(&w->text, "\xef\xbf\xbd"); /* half a pair */
}

/* "\uXXXX" at i, and the other half of its pair; what follows it. */
static size_t unicode(struct walk *w, size_t i)
{
	const int high = w->len - i >= 6 ? hex4(w->body + i + 2) : -1;
	int low = -1;

	if (high < 0) {
		w->is_broken = true;
		return i + 2;
	}
	if (high >= 0xd800 && high < 0xdc00 && w->len - i >= 12 && w->body[i + 6] == '\\' &&
	    w->body[i + 7] == 'u')
		low = hex4(w->body + i + 8);
	if (low >= 0xdc00 && low < 0xe000) {
		put_point(w,
			  0x10000u + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
		return i + 12;
	}
	put_point(w, (uint32_t)high);
	return i + 6;
}

static size_t escape(struct walk *w, size_t i)
{
	static const char from[] = "nrtbf\"\\/", to[] = "\n\r\t\b\f\"\\/";
	const char c = i + 1 < w->len ? w->body[i + 1] : 0;
	const char *at = c ? strchr(from, c) : NULL;

	if (c == 'u')
		return unicode(w, i);
	w->is_broken |= !at;
	buf_char(&w->text, at ? to[at - from] : c ? c : ' ');
	return i + 2;
}

/* The string whose quote is at i, into w->text; what follows it. */
static size_t string(struct walk *w, size_t i)
{
	buf_clear(&w->text);
	for (i++; i < w->len && w->body[i] != '"';) {
		const size_t start = i;

		if (w->body[i] == '\\') {
			i = escape(w, i);
			continue;
		}
		while (i < w->len && w->body[i] != '"' && w->body[i] != '\\')
			i++;
		buf_add(&w->text, w->body + start, i - start);
	}
	w->is_broken |= i >= w->len;
	return i < w->len ? i + 1 : w->len;
}

/* --- texts in parts --- */

/* The last part of the path is that key. */
static bool is_at(const struct walk *w, const char *end)
{
	const size_t n = strlen(end);

	return w->path.len > n && memcmp(w->path.data + w->path.len - n, end, n) == 0;
}

#define JOINED_TAIL (32u << 10)

static void tell_join(struct walk *w, const struct join *j)
{
	const char *path = w->path.data ? w->path.data : "";

	if (j->texts > 1)
		w->found(w->arg, path, j->plain.data, j->plain.len);
	if (j->words > 1)
		w->found(w->arg, path, j->spaced.data, j->spaced.len);
}

/* The end stays, as its list goes on. */
static void cut_join(struct buf *b)
{
	const size_t keep = b->len < JOINED_TAIL ? b->len : JOINED_TAIL;

	if (!keep)
		return;
	memmove(b->data, b->data + b->len - keep, keep);
	b->len = keep;
}

/* Where the list is that the string stands in, by itself or as the text of a part; 0: nowhere. */
static unsigned list_of(const struct walk *w)
{
	if (w->depth == 0 || w->depth > DEPTH_MAX)
		return 0;
	if (!w->levels[w->depth - 1].is_object)
		return w->depth;
	return w->depth > 1 && !w->levels[w->depth - 2].is_object && is_at(w, ".text")
		       ? w->depth - 1
		       : 0;
}

/* A model reads the parts of a list as one text: so does who hides something in their seams, or
 * says it in pieces that are too short to say anything. */
static void join(struct walk *w)
{
	const unsigned list = list_of(w);
	struct join *j = list ? &w->joins[list - 1] : NULL;

	if (!j)
		return;
	if (j->plain.len > JOINED_MAX) {
		tell_join(w, j);
		cut_join(&j->plain);
		cut_join(&j->spaced);
	}
	j->texts++;
	buf_add(&j->plain, w->text.data, w->text.len);
	if (w->text.len > WORD_MAX)
		return;
	buf_str(&j->spaced, j->words++ ? " " : "");
	buf_add(&j->spaced, w->text.data, w->text.len);
}

/* The innermost list ends. */
static void end_join(struct walk *w)
{
	struct join *j = w->depth <= DEPTH_MAX ? &w->joins[w->depth - 1] : NULL;

	if (!j)
		return;
	tell_join(w, j);
	buf_finish(&j->plain);
	buf_finish(&j->spaced);
	j->texts = j->words = 0;
}

/* --- places --- */

static void enter(struct walk *w, bool is_object)
{
	if (w->depth < DEPTH_MAX)
		w->levels[w->depth] = (struct level){is_object, is_object, 0, w->path.len};
	w->depth++;
	if (!is_object && w->depth <= DEPTH_MAX && w->path.len < PATH_SIZE)
		buf_str(&w->path, "[0]");
}

static void leave(struct walk *w, bool is_object)
{
	const struct level *l = innermost(w);

	if (!w->depth || (l && l->is_object != is_object)) {
		w->is_broken = true;
		return;
	}
	if (l)
		cut_path(w, l->path_len);
	if (!is_object)
		end_join(w);
	w->depth--;
	w->has_ended |= w->depth == 0;
}

static void comma(struct walk *w)
{
	struct level *l = innermost(w);

	w->is_broken |= !w->depth;
	if (!l)
		return;
	cut_path(w, l->path_len);
	l->is_key_due = l->is_object;
	if (!l->is_object && w->path.len < PATH_SIZE)
		buf_fmt(&w->path, "[%u]", ++l->index);
}

static void key(struct walk *w, struct level *l)
{
	const size_t n = w->text.len < KEY_SIZE ? w->text.len : KEY_SIZE;

	l->is_key_due = false;
	cut_path(w, l->path_len);
	if (w->depth == 1 && w->text.data)
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
			if (strcmp(marks[i].key, w->text.data) == 0)
				w->marks |= marks[i].mark;
	if (w->path.len >= PATH_SIZE)
		return;
	if (w->path.len)
		buf_char(&w->path, '.');
	buf_add(&w->path, w->text.data ? w->text.data : "", n);
}

static void take_string(struct walk *w)
{
	struct level *l = innermost(w);
	const bool is_key = l && l->is_object && l->is_key_due;

	w->i = string(w, w->i);
	if (is_key)
		key(w, l);
	else if (w->text.len)
		join(w);
	if (w->text.len >= (is_key ? KEY_MIN : TEXT_MIN))
		w->found(w->arg, w->path.data ? w->path.data : "", w->text.data, w->text.len);
}

static enum api shape(const struct walk *w)
{
	const unsigned m = w->marks;

	if (m & MARK_CONTENTS)
		return API_GEMINI;
	if (m & MARK_OLLAMA || (m & MARK_PROMPT && !(m & MARK_MESSAGES)))
		return API_OLLAMA;
	if (m & MARK_MESSAGES)
		return m & (MARK_SYSTEM | MARK_ANTHROPIC) && !(m & MARK_CHAT) ? API_ANTHROPIC
									      : API_OPENAI_CHAT;
	return m & MARK_INPUT ? API_OPENAI_RESPONSES : API_UNKNOWN;
}

enum api api_read(const char *body, size_t len, api_text *found, void *arg, bool *understood)
{
	struct walk w = {.body = body, .len = len, .found = found, .arg = arg};
	enum api api;

	while (w.i < w.len) {
		const char c = body[w.i];

		w.is_broken |= w.has_ended && !strchr(" \t\r\n", c);
		if (c == '"') {
			take_string(&w);
			continue;
		}
		if (c == '{' || c == '[')
			enter(&w, c == '{');
		else if (c == '}' || c == ']')
			leave(&w, c == '}');
		else if (c == ',')
			comma(&w);
		else
			w.is_broken |= !c || !strchr("0123456789+-.eE:tfnrualse \t\r\n", c);
		w.i++;
	}
	api = shape(&w);
	*understood = api != API_UNKNOWN && !w.is_broken && w.has_ended && !w.depth;
	for (unsigned i = 0; i < DEPTH_MAX; i++) {
		tell_join(&w, &w.joins[i]); /* of a list that never ends */
		buf_finish(&w.joins[i].plain);
		buf_finish(&w.joins[i].spaced);
	}
	buf_finish(&w.path);
	buf_finish(&w.text);
	return api;
}
