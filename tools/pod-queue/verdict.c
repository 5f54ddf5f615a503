/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/verdict.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/lockdown.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-queue/canon.h"

#define TEXT_MAX 1000 /* bytes of error and never that are kept */
#define PART_MAX \
	(2u << 20) /* canonical JSON is no longer than what it was made of, but for escapes */

void verdict_finish(struct verdict *v)
{
	buf_finish(&v->result);
	buf_finish(&v->undo);
	buf_finish(&v->error);
	buf_finish(&v->never);
}

static void take_flag(struct json *j, bool *to)
{
	char c = json_peek(j);

	if (c != 't' && c != 'f')
		json_wrong(j, "true or false was expected");
	*to = c == 't';
	json_skip(j);
}

/* Cut between characters. */
static void take_text(struct json *j, struct buf *to)
{
	buf_clear(to);
	if (json_peek(j) == 'n') {
		json_skip(j);
		return;
	}
	json_text(j, to);
	if (to->len <= TEXT_MAX)
		return;
	for (to->len = TEXT_MAX; to->len > 0 && (to->data[to->len] & 0xc0) == 0x80;)
		to->len--;
	to->data[to->len] = '\0';
}

static void take_value(struct json *j, struct buf *to, bool object)
{
	const char *from, *fault = NULL;
	size_t at;
	char c = json_peek(j);

	buf_clear(to);
	from = j->p;
	if (object && c != '{' && c != 'n')
		json_wrong(j, "an object was expected");
	if (!json_skip(j) || (object && c == 'n'))
		return;
	if (canon_value(to, from, (size_t)(j->p - from), &fault, &at) < 0)
		json_wrong(j, fault);
}

static void take_member(struct verdict *v, struct json *j, const char *key, bool *has_ok)
{
	if (strcmp(key, "ok") == 0) {
		*has_ok = true;
		take_flag(j, &v->ok);
	} else if (strcmp(key, "result") == 0)
		take_value(j, &v->result, false);
	else if (strcmp(key, "undo") == 0)
		take_value(j, &v->undo, true);
	else if (strcmp(key, "error") == 0)
		take_text(j, &v->error);
	else if (strcmp(key, "irreversible") == 0)
		take_text(j, &v->never);
	else
		json_skip(j);
}

int verdict_parse(struct verdict *v, const char *data, size_t len, struct err *e)
{
	bool has_ok = false;
	struct json j;
	char key[64];

	*v = (struct verdict){0};
	json_init(&j, data, len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key)))
			take_member(v, &j, key, &has_ok);
	json_end(&j);
	if (!j.fault && !has_ok)
		j.fault = "\"ok\" is missing";
	if (!j.fault)
		return 0;
	verdict_finish(v);
	*v = (struct verdict){0};
	return err_set(e, ERR_PLAIN, "the executor's answer is none: %s", j.fault);
}

/* --- in a child --- */

/* What comes back: this, then the parts, each as long as it says. */
struct head {
	int32_t ok; /* or -1: error is what was wrong with it */
	uint32_t len[4];
};

static void parts_of(struct verdict *v, struct buf *parts[4])
{
	parts[0] = &v->result;
	parts[1] = &v->undo;
	parts[2] = &v->error;
	parts[3] = &v->never;
}

static void __attribute__((noreturn)) be_reader(const struct buf *text, uid_t uid, int to)
{
	const struct lockdown l = {.promises = PROMISE_STDIO, .uid = uid, .gid = uid};
	struct verdict v = {0};
	struct err e = {0};
	struct head h;
	struct buf *parts[4];

	if (lockdown(&l, &e) < 0)
		_exit(1);
	h.ok = verdict_parse(&v, text->data ? text->data : "", text->len, &e) < 0 ? -1 : v.ok;
	if (h.ok < 0)
		buf_str(&v.error, e.msg);
	parts_of(&v, parts);
	for (int i = 0; i < 4; i++)
		h.len[i] = (uint32_t)parts[i]->len;
	write_full(to, &h, sizeof(h));
	for (int i = 0; i < 4; i++)
		write_full(to, parts[i]->data, parts[i]->len);
	_exit(0);
}

static int take_part(struct buf *to, int from, uint32_t len)
{
	OWN_FREE char *data = NULL;

	if (len > PART_MAX)
		return -EFBIG;
	data = xcalloc(1, len + 1u);
	if (read_full(from, data, len) != (ssize_t)len || memchr(data, '\0', len))
		return -EBADMSG;
	buf_add(to, data, len);
	return 0;
}

static int take_all(struct verdict *v, int from, struct err *e)
{
	struct buf *parts[4];
	struct head h;
	int r = read_full(from, &h, sizeof(h)) == (ssize_t)sizeof(h) ? 0 : -EBADMSG;

	parts_of(v, parts);
	for (int i = 0; i < 4 && r == 0; i++)
		r = take_part(parts[i], from, h.len[i]);
	if (r < 0)
		return err_set(e, -r, "read the executor's answer");
	v->ok = h.ok == 1;
	if (h.ok >= 0)
		return 0;
	err_set(e, ERR_PLAIN, "%s", v->error.data ? v->error.data : "the answer is none");
	return -EINVAL;
}

int verdict_read(struct verdict *v, const struct buf *text, uid_t uid, struct err *e)
{
	int ends[2], r;
	pid_t pid;

	*v = (struct verdict){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	OWN_FD int from = ends[0];
	pid = fork();
	if (pid == 0)
		be_reader(text, uid, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return err_set(e, errno, "start a reader");
	r = take_all(v, from, e);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}
