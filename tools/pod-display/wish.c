/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/wish.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonr.h"
#include "libcommon/path.h"

#define BIT(f)     (1u << FIELD_##f)
#define SIDE       (PICTURE_SIDE_MAX - 1)
#define PIXELS_MAX ((int64_t)PICTURE_SIDE_MAX * PICTURE_SIDE_MAX)

/* --- the tables --- */

static const struct {
	const char *word;
	bool acts, looks;
	uint32_t may, must;
} kinds[WISH_KINDS] = {
	[WISH_SIZE] = {"size", false, false, 0, 0},
	[WISH_POINTER] = {"pointer", false, false, 0, 0},
	[WISH_SHOT] = {"shot", false, true, BIT(FORMAT) | BIT(REGION), 0},
	[WISH_WAIT_CHANGE] = {"wait-change", false, true,
			      BIT(REGION) | BIT(IGNORE) | BIT(TIMEOUT) | BIT(SETTLE) |
				      BIT(MIN_PIXELS),
			      0},
	[WISH_RECORD] = {"record", false, true, BIT(FPS), 0},
	[WISH_MOVE] = {"move", true, false, BIT(X) | BIT(Y), BIT(X) | BIT(Y)},
	[WISH_CLICK] = {"click", true, false,
			BIT(X) | BIT(Y) | BIT(BUTTON) | BIT(COUNT) | BIT(MODIFIERS), 0},
	[WISH_DRAG] = {"drag", true, false,
		       BIT(PATH) | BIT(BUTTON) | BIT(MODIFIERS) | BIT(DURATION), BIT(PATH)},
	[WISH_SCROLL] = {"scroll", true, false,
			 BIT(X) | BIT(Y) | BIT(DIRECTION) | BIT(COUNT) | BIT(MODIFIERS),
			 BIT(DIRECTION)},
	[WISH_TYPE] = {"type", true, false, BIT(TEXT), BIT(TEXT)},
	[WISH_KEY] = {"key", true, false, BIT(KEYS) | BIT(COUNT), BIT(KEYS)},
};

/* A word in the place of a number. */
struct word {
	const char *word;
	int64_t n;
};

static const struct word buttons[] = {{"left", 1}, {"middle", 2}, {"right", 4}, {0}};
static const struct word directions[] = {{"up", 8}, {"down", 16}, {"left", 32}, {"right", 64}, {0}};
static const struct word formats[] = {{"raw", PICTURE_RAW},
				      {"png", PICTURE_PNG},
				      {"jpeg", PICTURE_JPEG},
				      {"jpg", PICTURE_JPEG},
				      {0}};

static bool read_number(struct json *j, struct wish *w, enum wish_field f);
static bool read_word(struct json *j, struct wish *w, enum wish_field f);
static bool read_path(struct json *j, struct wish *w, enum wish_field f);
static bool read_text(struct json *j, struct wish *w, enum wish_field f);
static bool read_keys(struct json *j, struct wish *w, enum wish_field f);
static bool read_modifiers(struct json *j, struct wish *w, enum wish_field f);
static bool read_region(struct json *j, struct wish *w, enum wish_field f);
static bool read_ignore(struct json *j, struct wish *w, enum wish_field f);

static const struct {
	const char *name;
	bool (*read)(struct json *j, struct wish *w, enum wish_field f);
	int64_t least, most, preset;
	const struct word *words;
} fields[FIELDS] = {
	[FIELD_X] = {"x", read_number, 0, SIDE, 0, NULL},
	[FIELD_Y] = {"y", read_number, 0, SIDE, 0, NULL},
	[FIELD_BUTTON] = {"button", read_word, 0, 0, 1, buttons},
	[FIELD_COUNT] = {"count", read_number, 1, 100, 1, NULL},
	[FIELD_MODIFIERS] = {"modifiers", read_modifiers, 0, 0, 0, NULL},
	[FIELD_DIRECTION] = {"direction", read_word, 0, 0, 0, directions},
	[FIELD_PATH] = {"path", read_path, 0, 0, 0, NULL},
	[FIELD_TEXT] = {"text", read_text, 0, 0, 0, NULL},
	[FIELD_KEYS] = {"keys", read_keys, 0, 0, 0, NULL},
	[FIELD_REGION] = {"region", read_region, 0, 0, 0, NULL},
	[FIELD_IGNORE] = {"ignore", read_ignore, 0, 0, 0, NULL},
	[FIELD_TIMEOUT] = {"timeout", read_number, 0, WISH_TIMEOUT_MS, 30000, NULL},
	[FIELD_SETTLE] = {"settle", read_number, 0, 60000, 0, NULL},
	[FIELD_MIN_PIXELS] = {"min_pixels", read_number, 1, PIXELS_MAX, 1, NULL},
	[FIELD_FORMAT] = {"format", read_word, 0, 0, PICTURE_PNG, formats},
	[FIELD_FPS] = {"fps", read_number, 1, 30, 10, NULL},
	[FIELD_DURATION] = {"duration", read_number, 0, 60000, 0, NULL},
};

enum wish_kind wish_kind(const char *word)
{
	int k = 0;

	while (k < WISH_KINDS && strcmp(kinds[k].word, word) != 0)
		k++;
	return (enum wish_kind)k;
}

const char *wish_word(enum wish_kind kind)
{
	return kinds[kind].word;
}

bool wish_acts(enum wish_kind kind)
{
	return kinds[kind].acts;
}

bool wish_looks(enum wish_kind kind)
{
	return kinds[kind].looks;
}

/* --- members: each takes exactly one value, or leaves a fault --- */

static bool wrong(struct json *j, const char *fault)
{
	json_wrong(j, fault);
	return false;
}

static bool read_between(struct json *j, int64_t least, int64_t most, int64_t *n)
{
	return json_integer(j, n) &&
	       ((*n >= least && *n <= most) || wrong(j, "the number is out of its bounds"));
}

static bool read_number(struct json *j, struct wish *w, enum wish_field f)
{
	return read_between(j, fields[f].least, fields[f].most, &w->n[f]);
}

static bool read_word(struct json *j, struct wish *w, enum wish_field f)
{
	char text[16];

	if (!json_string(j, text, sizeof(text)))
		return false;
	for (const struct word *o = fields[f].words; o->word; o++)
		if (strcmp(o->word, text) == 0) {
			w->n[f] = o->n;
			return true;
		}
	return wrong(j, "the word is none of those that may stand here");
}

/* [N, N, …], exactly so many. */
static bool read_tuple(struct json *j, int *to, int n)
{
	int64_t value;
	int i = 0;

	if (!json_open(j, '['))
		return false;
	for (; json_element(j); i++) {
		if (i == n)
			return wrong(j, "the list is too long");
		if (!read_between(j, 0, SIDE, &value))
			return false;
		to[i] = (int)value;
	}
	return !j->fault && (i == n || wrong(j, "the list is too short"));
}

static bool read_path(struct json *j, struct wish *w, enum wish_field f)
{
	(void)f;
	if (!json_open(j, '['))
		return false;
	while (json_element(j)) {
		int at[2];

		if (w->points == WISH_POINTS)
			return wrong(j, "the path has too many points");
		if (!read_tuple(j, at, 2))
			return false;
		w->path[w->points++] = (struct point){at[0], at[1]};
	}
	return !j->fault && (w->points >= 2 || wrong(j, "a path has two points or more"));
}

static bool read_rect(struct json *j, struct rect *r)
{
	int at[4];

	if (!read_tuple(j, at, 4))
		return false;
	*r = (struct rect){at[0], at[1], at[2], at[3]};
	return (r->w > 0 && r->h > 0) || wrong(j, "the rectangle is empty");
}

static bool read_region(struct json *j, struct wish *w, enum wish_field f)
{
	(void)f;
	return read_rect(j, &w->region);
}

static bool read_ignore(struct json *j, struct wish *w, enum wish_field f)
{
	(void)f;
	if (!json_open(j, '['))
		return false;
	while (json_element(j)) {
		if (w->ignored == WISH_RECTS)
			return wrong(j, "there are too many rectangles");
		if (!read_rect(j, &w->ignore[w->ignored++]))
			return false;
	}
	return !j->fault;
}

static bool read_text(struct json *j, struct wish *w, enum wish_field f)
{
	(void)f;
	if (!json_text(j, &w->text))
		return false;
	if (w->text.len > WISH_TEXT_MAX)
		return wrong(j, "the text is too long");
	for (size_t at = 0, n; at < w->text.len; at += n) {
		uint32_t c;

		n = utf8_next(w->text.data + at, w->text.len - at, &c);
		if (n == 0 || key_of_char(c) == 0)
			return wrong(j, "the text has a character that no key types");
	}
	return true;
}

static bool read_chord(struct json *j, struct chord *c)
{
	struct err e = {0};
	char text[256];

	if (!json_string(j, text, sizeof(text)))
		return false;
	return chord_parse(c, text, &e) == 0 || wrong(j, "there is no such key");
}

static bool read_modifiers(struct json *j, struct wish *w, enum wish_field f)
{
	(void)f;
	return read_chord(j, &w->modifiers);
}

static bool read_keys(struct json *j, struct wish *w, enum wish_field f)
{
	(void)f;
	if (!json_open(j, '['))
		return false;
	while (json_element(j)) {
		if (w->chords == WISH_CHORDS)
			return wrong(j, "there are too many keys");
		if (!read_chord(j, &w->keys[w->chords++]))
			return false;
	}
	return !j->fault && (w->chords > 0 || wrong(j, "there is no key in it"));
}

/* --- the line --- */

static int refuse(struct err *e, const char *what, const char *why)
{
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s: %s", what, why);
}

/* What is wanted stands anywhere in the object: members are judged by it, so it is found first. */
static int find_kind(struct wish *w, const char *line, size_t len, struct err *e)
{
	char key[32], word[32] = "";
	struct json j;

	json_init(&j, line, len);
	if (!json_open(&j, '{'))
		return refuse(e, "the request", "is no JSON object");
	while (json_member(&j, key, sizeof(key)))
		if (strcmp(key, "do") == 0 && !word[0])
			json_string(&j, word, sizeof(word));
		else
			json_skip(&j);
	if (j.fault || !json_end(&j))
		return refuse(e, "the request", j.fault);
	w->kind = wish_kind(word);
	return w->kind < WISH_KINDS ? 0 : refuse(e, esc(word), "there is no such request");
}

static int take_member(struct wish *w, struct json *j, const char *key, struct err *e)
{
	int f = 0;

	while (f < FIELDS && strcmp(fields[f].name, key) != 0)
		f++;
	if (f == FIELDS || !(kinds[w->kind].may >> f & 1))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s: %s is no member of it",
				  kinds[w->kind].word, esc(key));
	if (w->seen >> f & 1)
		return refuse(e, kinds[w->kind].word, "a member is given twice");
	w->seen |= 1u << f;
	if (!fields[f].read(j, w, (enum wish_field)f))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s: %s: %s", kinds[w->kind].word,
				  key, j->fault ? j->fault : "is wrong");
	return 0;
}

static int read_members(struct wish *w, const char *line, size_t len, struct err *e)
{
	struct json j;
	char key[32];

	json_init(&j, line, len);
	json_open(&j, '{');
	while (json_member(&j, key, sizeof(key))) {
		if (strcmp(key, "do") == 0)
			json_skip(&j);
		else if (take_member(w, &j, key, e) < 0)
			return -e->code;
	}
	for (int f = 0; f < FIELDS; f++)
		if (kinds[w->kind].must & ~w->seen & 1u << f)
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s: %s is missing",
					  kinds[w->kind].word, fields[f].name);
	return wish_has(w, FIELD_X) == wish_has(w, FIELD_Y)
		       ? 0
		       : refuse(e, kinds[w->kind].word, "x and y stand together");
}

int wish_parse(struct wish *w, const char *line, size_t len, struct err *e)
{
	memset(w, 0, sizeof(*w));
	for (int f = 0; f < FIELDS; f++)
		w->n[f] = fields[f].preset;
	if (len > WISH_LINE_MAX)
		return refuse(e, "the request", "is too long");
	if (find_kind(w, line, len, e) < 0)
		return -e->code;
	return read_members(w, line, len, e);
}

void wish_finish(struct wish *w)
{
	buf_finish(&w->text);
}
