/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonr.h"
#include "libcommon/path.h"
#include "tools/pod-display/ask.h"

static const struct {
	const char *name;
	size_t at;
} numbers[] = {
	{"x", offsetof(struct answer, x)},
	{"y", offsetof(struct answer, y)},
	{"width", offsetof(struct answer, width)},
	{"height", offsetof(struct answer, height)},
	{"bytes", offsetof(struct answer, bytes)},
	{"at", offsetof(struct answer, at)},
	{"pixels", offsetof(struct answer, pixels)},
	{"waited", offsetof(struct answer, waited)},
	{0},
};

static void read_bool(struct json *j, bool *to)
{
	*to = json_peek(j) == 't';
	json_skip(j);
}

static void read_rect(struct json *j, struct answer *a)
{
	int64_t n[4] = {0};
	int i = 0;

	json_open(j, '[');
	for (; json_element(j); i++)
		if (i == 4 || !json_integer(j, &n[i]) || n[i] < 0 || n[i] > PICTURE_SIDE_MAX)
			json_wrong(j, "a rectangle is wrong");
	if (i != 4 || a->n_rects == WISH_RECTS)
		json_wrong(j, "a rectangle is wrong");
	else
		a->rects[a->n_rects++] = (struct rect){(int)n[0], (int)n[1], (int)n[2], (int)n[3]};
}

static void read_number(struct json *j, struct answer *a, const char *key)
{
	int64_t n, *to;

	for (size_t i = 0; numbers[i].name; i++)
		if (strcmp(numbers[i].name, key) == 0) {
			if (!json_integer(j, &n) || n < 0)
				json_wrong(j, "a number is wrong");
			else {
				to = (void *)((char *)a + numbers[i].at);
				*to = n;
			}
			return;
		}
	json_skip(j);
}

static void read_member(struct json *j, struct answer *a, const char *key)
{
	int64_t n;

	if (strcmp(key, "ok") == 0) {
		read_bool(j, &a->ok);
	} else if (strcmp(key, "changed") == 0) {
		read_bool(j, &a->changed);
	} else if (strcmp(key, "message") == 0) {
		json_string(j, a->message, sizeof(a->message));
	} else if (strcmp(key, "status") == 0) {
		if (json_integer(j, &n) && n > 0 && n < 126)
			a->status = (int)n;
	} else if (strcmp(key, "rects") == 0) {
		for (json_open(j, '['); json_element(j);)
			read_rect(j, a);
	} else {
		read_number(j, a, key);
	}
}

int answer_parse(struct answer *a, const char *line, size_t len, struct err *e)
{
	struct json j;
	char key[32];

	*a = (struct answer){.ok = false};
	json_init(&j, line, len);
	json_open(&j, '{');
	while (json_member(&j, key, sizeof(key)))
		read_member(&j, a, key);
	if (j.fault || !json_end(&j))
		return err_set(e, ERR_PLAIN, "the display's answer cannot be read: %s", j.fault);
	if (a->bytes > ANSWER_BYTES_MAX)
		return err_set(e, EFBIG, "hear what the display answers");
	if (!a->ok)
		return err_status(e, a->status ? a->status : POD_EXIT_FAILED, ERR_PLAIN, "%s",
				  esc(a->message[0] ? a->message : "the display refuses"));
	return 0;
}
