/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent asks of the screen, one JSON object a line.  Each kind of it has its members, each
 * member its bounds; a line with anything else is refused.
 */
#ifndef POD_DISPLAY_WISH_H
#define POD_DISPLAY_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-display/keys.h"
#include "tools/pod-display/picture.h"
#include "tools/pod-display/screen.h"

#define WISH_LINE_MAX   65536 /* bytes of a line */
#define WISH_TEXT_MAX   16384 /* bytes of a text to type */
#define WISH_POINTS     256   /* of a path */
#define WISH_CHORDS     64
#define WISH_RECTS      16
#define WISH_TIMEOUT_MS 3600000

enum wish_kind {
	WISH_SIZE,
	WISH_POINTER,
	WISH_SHOT,
	WISH_WAIT_CHANGE,
	WISH_RECORD,
	WISH_MOVE,
	WISH_CLICK,
	WISH_DRAG,
	WISH_SCROLL,
	WISH_TYPE,
	WISH_KEY,
	WISH_KINDS
};

enum wish_field {
	FIELD_X,
	FIELD_Y,
	FIELD_BUTTON,
	FIELD_COUNT,
	FIELD_MODIFIERS,
	FIELD_DIRECTION,
	FIELD_PATH,
	FIELD_TEXT,
	FIELD_KEYS,
	FIELD_REGION,
	FIELD_IGNORE,
	FIELD_TIMEOUT,
	FIELD_SETTLE,
	FIELD_MIN_PIXELS,
	FIELD_FORMAT,
	FIELD_FPS,
	FIELD_DURATION,
	FIELDS
};

struct point {
	int x, y;
};

struct wish {
	enum wish_kind kind;
	uint32_t seen;     /* 1 << enum wish_field: which members were given; the others have their
			      defaults */
	int64_t n[FIELDS]; /* those that are numbers; FIELD_BUTTON and FIELD_DIRECTION as masks of
			      buttons, FIELD_FORMAT as enum picture_format */
	struct point path[WISH_POINTS];
	size_t points;
	struct chord keys[WISH_CHORDS];
	size_t chords;
	struct chord modifiers;
	struct rect region, ignore[WISH_RECTS];
	size_t ignored;
	struct buf text;
};

/* Is word one of these?  WISH_KINDS: no. */
enum wish_kind wish_kind(const char *word);
const char *wish_word(enum wish_kind kind);
/* Does it touch the keyboard or the pointer; does it show what is on the screen? */
bool wish_acts(enum wish_kind kind);
bool wish_looks(enum wish_kind kind);

/* 0; -EINVAL with e set (status 64) for what is no wish. */
int wish_parse(struct wish *w, const char *line, size_t len, struct err *e);
void wish_finish(struct wish *w);

static inline bool wish_has(const struct wish *w, enum wish_field f)
{
	return w->seen >> f & 1;
}

#endif
