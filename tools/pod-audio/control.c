/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of control connections, as the display has them: a line of JSON, and a line back. */
#include <string.h>

#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "tools/pod-audio/front.h"

struct request {
	char verb[16];
	int64_t percent; /* -1: not given */
	int on;          /* -1: not given */
};

static bool read_switch(struct json *j, int *on)
{
	char c = json_peek(j);

	if (c != 't' && c != 'f')
		json_wrong(j, "want true or false");
	*on = c == 't';
	return json_skip(j);
}

static bool read_request(struct request *q, const char *line, size_t len)
{
	struct json j;
	char key[16];

	json_init(&j, line, len);
	if (!json_open(&j, '{'))
		return false;
	while (json_member(&j, key, sizeof(key))) {
		if (strcmp(key, "do") == 0)
			json_string(&j, q->verb, sizeof(q->verb));
		else if (strcmp(key, "percent") == 0)
			json_integer(&j, &q->percent);
		else if (strcmp(key, "on") == 0)
			read_switch(&j, &q->on);
		else
			json_skip(&j);
	}
	return json_end(&j);
}

static const char *do_mute(struct front *f, const struct request *q)
{
	f->encoder.muted = q->on < 0 ? !f->encoder.muted : q->on;
	return NULL;
}

static const char *do_volume(struct front *f, const struct request *q)
{
	if (q->percent < 0 || q->percent > 100)
		return "volume wants \"percent\", 0 to 100";
	f->encoder.volume = (unsigned)q->percent;
	return NULL;
}

static const char *do_state(struct front *f, const struct request *q)
{
	(void)f;
	(void)q;
	return NULL;
}

static const struct verb {
	const char *word;
	const char *(*run)(struct front *f, const struct request *q); /* what is wrong, or NULL */
} verbs[] = {{"mute", do_mute}, {"volume", do_volume}, {"state", do_state}};

static const char *run(struct front *f, const char *line, size_t len)
{
	struct request q = {.percent = -1, .on = -1};

	if (!read_request(&q, line, len))
		return "want one object, {\"do\":…}";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].word, q.verb) == 0)
			return verbs[i].run(f, &q);
	return "\"do\" is mute, volume or state";
}

void control_answer(struct front *f, const char *line, size_t len, struct buf *answer)
{
	const char *wrong = run(f, line, len);

	jw_open(answer, '{');
	jw_kbool(answer, "ok", !wrong);
	if (wrong) {
		jw_kstr(answer, "error", "request");
		jw_kstr(answer, "message", wrong);
	} else {
		jw_kbool(answer, "muted", f->encoder.muted);
		jw_knum(answer, "volume", f->encoder.volume);
		jw_kbool(answer, "sounds", f->encoder.sounds);
		jw_knum(answer, "listeners", (int64_t)front_hearers(f));
		jw_knum(answer, "frames", (int64_t)f->frames);
		jw_knum(answer, "packets", (int64_t)f->packets);
	}
	jw_close(answer, '}');
	buf_char(answer, '\n');
}
