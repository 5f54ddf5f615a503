/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line holds 4096 bytes: what is long in it is cut by its escaped length, so that the hostile
 * name, each byte of which takes six, takes no room from the rest.
 */
#include "tools/pod-trace/tell.h"

#include <string.h>
#include <sys/wait.h>

#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "tools/pod-trace/bpf/record.h"
#include "tools/pod-trace/names.h"

#define ARGV_MAX  2200 /* escaped bytes */
#define PATH_ROOM 640
#define WORDS_MAX 256

static size_t escaped_size(unsigned char c)
{
	if (c < 0x20 || c == 0x7f)
		return 6;
	return c == '"' || c == '\\' ? 2 : c >= 0x80 ? 3 : 1;
}

/* As much of text as fits into *left; never half a character. */
static char *cut_text(const char *text, size_t *left)
{
	size_t n = 0;

	for (; text[n] && escaped_size((unsigned char)text[n]) <= *left; n++)
		*left -= escaped_size((unsigned char)text[n]);
	if (!text[n])
		return xstrdup(text);
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return xfmt("%.*s...", (int)n, text);
}

static void put_path(struct tell *t, struct event *ev, const char *key, const struct trace_names *n)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_FREE char *masked = NULL, *text = NULL;
	size_t left = PATH_ROOM;

	names_path(&path, n);
	masked = mask_text(&t->mask, path.data, false);
	text = cut_text(masked, &left);
	event_str(ev, key, text);
}

/* The words that may be written, those of secrets replaced.  *cut: there were more. */
static void read_argv(const struct tell *t, const struct trace_exec *x, struct strv *out, bool *cut)
{
	OWN_STRV struct strv words = {0};
	size_t bytes = x->argv_bytes <= sizeof(x->argv) ? x->argv_bytes : 0, left = ARGV_MAX;

	names_argv(&words, x->argv, bytes, WORDS_MAX);
	*cut = x->argv_all > bytes || words.n < x->argc;
	for (size_t i = 0; i < words.n; i++) {
		bool last = i + 1 == words.n;
		OWN_FREE char *masked = mask_text(&t->mask, words.v[i], *cut && last);
		OWN_FREE char *text = NULL;

		if (left < 8 || (t->mask.unknown && i > 0)) {
			*cut = true;
			return;
		}
		left -= 3; /* quotes and a comma */
		text = cut_text(masked, &left);
		strv_add(out, text);
	}
}

static char *join(const struct strv *words)
{
	OWN_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < words->n && text.len < COMMAND_TEXT; i++) {
		if (i)
			buf_char(&text, ' ');
		buf_str(&text, words->v[i]);
	}
	if (text.len >= COMMAND_TEXT) {
		text.len = COMMAND_TEXT - 4;
		while (text.len > 0 && ((unsigned char)text.data[text.len] & 0xc0) == 0x80)
			text.len--;
		buf_str(&text, "...");
	}
	return buf_take(&text);
}

/* In the pod; 65534 for who has no number there. */
static int64_t uid_in_pod(const struct tell *t, uint32_t uid)
{
	return (int64_t)pod_map_in(uid, t->base, t->identity);
}

static char *exe_text(struct tell *t, const struct trace_exec *x)
{
	OWN_BUF struct buf path = BUF_INIT;

	names_path(&path, &x->exe);
	return mask_text(&t->mask, path.len ? path.data : "?", false);
}

static void tell_exec(struct tell *t, const struct trace_exec *x)
{
	const struct command fresh = {
		.serial = x->head.serial, .root = x->head.root, .pid = x->head.pid};
	OWN_EVENT struct event ev = {0};
	OWN_STRV struct strv argv = {0};
	OWN_FREE char *text = NULL;
	bool cut;

	read_argv(t, x, &argv, &cut);
	text = join(&argv);
	if (!*text) { /* words that say nothing: which program it is, is known all the same */
		free(text);
		text = exe_text(t, x);
	}
	command_note(&t->commands, x->head.tgid, &fresh, text);
	if (!lines_allow(&t->lines))
		return;
	event_init(&ev, t->lines.pod, "trace", "exec");
	event_num(&ev, "command", (int64_t)x->head.serial);
	event_num(&ev, "run", (int64_t)x->head.root);
	event_num(&ev, "pid", x->head.pid);
	event_num(&ev, "parent", x->parent);
	event_num(&ev, "uid", uid_in_pod(t, x->head.uid));
	put_path(t, &ev, "exe", &x->exe);
	put_path(t, &ev, "cwd", &x->cwd);
	event_strv(&ev, "argv", argv.v);
	if (cut)
		event_bool(&ev, "cut", true);
	lines_add(&t->lines, &ev);
}

static void tell_exit(struct tell *t, const struct trace_exit *x)
{
	OWN_EVENT struct event ev = {0};
	int code = (int)x->code;

	if (!lines_allow(&t->lines))
		return;
	event_init(&ev, t->lines.pod, "trace", "exit");
	event_num(&ev, "command", (int64_t)x->head.serial);
	event_num(&ev, "run", (int64_t)x->head.root);
	event_num(&ev, "pid", x->head.pid);
	if (WIFSIGNALED(code))
		event_num(&ev, "signal", WTERMSIG(code));
	else
		event_num(&ev, "status", WEXITSTATUS(code));
	event_num(&ev, "duration_us", (int64_t)(x->ns / 1000));
	lines_add(&t->lines, &ev);
}

static void take_fork(struct tell *t, const struct trace_fork *x)
{
	command_fork(&t->commands, x->head.tgid, x->parent, x->head.serial);
}

void tell_record(struct tell *t, const void *data, size_t size)
{
	const struct trace_head *head = data;

	if (size < sizeof(*head))
		return;
	if (head->kind == TRACE_FORK && size >= sizeof(struct trace_fork))
		take_fork(t, data);
	else if (head->kind == TRACE_EXEC && size >= sizeof(struct trace_exec))
		tell_exec(t, data);
	else if (head->kind == TRACE_EXIT && size >= sizeof(struct trace_exit))
		tell_exit(t, data);
}
