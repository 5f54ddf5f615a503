/* SPDX-License-Identifier: Apache-2.0 */
/* A filter: texts in, verdicts out.  Before the first foreign byte it can do nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-screen/choice.h"
#include "tools/pod-screen/cmds.h"
#include "tools/pod-screen/verdict.h"

#define BODY_MAX (64u << 20)

struct scan {
	struct screen screen;
	struct ruleset set;
	struct choice choice;
	bool api, json, reveal, has_hit;
};

static void tell(struct scan *s, struct verdict *v)
{
	OWN_BUF struct buf b = BUF_INIT;

	s->has_hit |= v->hits.n > 0 || v->hits.more > 0;
	if (s->json) {
		verdict_json(&b, v, true);
		puts(b.data);
	} else {
		verdict_print(v);
	}
	verdict_finish(v);
}

static void scan_words(struct scan *s, int argc, char **argv)
{
	struct verdict v = {.input = "arguments"};
	OWN_BUF struct buf text = BUF_INIT;

	for (int i = 0; i < argc; i++)
		buf_fmt(&text, "%s%s", i ? " " : "", argv[i]);
	v.bytes = text.len;
	if (s->api)
		verdict_body(&v, &s->screen, text.data, text.len);
	else
		screen_text(&s->screen, text.data, text.len, 0, NULL, &v.hits);
	tell(s, &v);
}

/* Any length, a window at a time: each begins with the end of the one before. */
static int scan_stream(struct scan *s, int fd, struct verdict *v, struct err *e)
{
	OWN_FREE char *window = xcalloc(1, WINDOW);
	size_t have = 0;

	for (;;) {
		const ssize_t got = read_full(fd, window + have, WINDOW - have);

		if (got < 0)
			return err_set(e, (int)-got, "read %s", esc(v->input));
		v->bytes += (uint64_t)got;
		screen_text(&s->screen, window, have + (size_t)got, v->bytes - have - (size_t)got,
			    NULL, &v->hits);
		if (have + (size_t)got < WINDOW)
			return 0;
		memmove(window, window + WINDOW - OVERLAP, OVERLAP);
		have = OVERLAP;
	}
}

static int scan_body(struct scan *s, int fd, struct verdict *v, struct err *e)
{
	OWN_BUF struct buf body = BUF_INIT;
	const int r = read_fd(fd, &body, BODY_MAX);

	if (r == -EFBIG)
		return err_set(e, ERR_PLAIN,
			       "%s: a body has at most %u bytes; screen it without --api",
			       esc(v->input), BODY_MAX);
	if (r < 0)
		return err_set(e, -r, "read %s", esc(v->input));
	verdict_body(v, &s->screen, body.data ? body.data : "", body.len);
	return 0;
}

static int scan_file(struct scan *s, int fd, const char *name, struct err *e)
{
	struct verdict v = {.input = name};
	const int r = s->api ? scan_body(s, fd, &v, e) : scan_stream(s, fd, &v, e);

	if (r == 0)
		tell(s, &v);
	verdict_finish(&v);
	return r;
}

/* All files are opened while it can be done. */
static int scan_all(struct scan *s, const struct strv *files, int argc, char **argv, struct err *e)
{
	const struct lockdown promises = {.promises = PROMISE_FILE};
	OWN_FREE int *fds = xcalloc(files->n + 1, sizeof(*fds));
	int r;

	for (size_t i = 0; i < files->n; i++) {
		fds[i] = strcmp(files->v[i], "-") == 0
				 ? STDIN_FILENO
				 : open(files->v[i], O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fds[i] < 0)
			return err_set(e, errno, "open %s", esc(files->v[i]));
	}
	if (setvbuf(stdout, NULL, _IOFBF, BUFSIZ) != 0)
		return err_set(e, ENOMEM, "make room for the answer");
	r = lockdown(&promises, e);
	if (r == 0 && argc > 0)
		scan_words(s, argc, argv);
	for (size_t i = 0; r == 0 && i < files->n; i++)
		r = scan_file(s, fds[i], files->v[i], e);
	if (r == 0 && argc == 0 && !files->n)
		r = scan_file(s, STDIN_FILENO, "-", e);
	return r;
}

int cmd_scan(int argc, char **argv)
{
	struct scan s = {0};
	struct strv files = {0};
	const struct opt opts[] = {
		{OPT_LIST, 'f', "file", &files, "FILE", "screen this file; - is standard input"},
		{OPT_FLAG, 'a', "api", &s.api, NULL, "the texts in a body for a model's API"},
		{OPT_FLAG, 'j', "json", &s.json, NULL, "one JSON object for each input"},
		CHOICE_OPTS(s.choice),
		{OPT_FLAG, 0, "reveal", &s.reveal, NULL,
		 "print credentials and personal data that are found, too"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-screen scan [OPTION]... [TEXT]...",
		"Screen a text for injections, credentials, exfiltration and personal data.", 0, 0,
		0};
	struct err e = {0};
	int r;

	argc = opt_parse(opts, &usage, argc, argv);
	r = choice_load(&s.choice, &s.set, &s.screen, &e);
	s.screen.reveal = s.reveal;
	if (r == 0)
		r = scan_all(&s, &files, argc, argv, &e);
	screen_finish(&s.screen);
	rules_finish(&s.set);
	choice_finish(&s.choice);
	strv_finish(&files);
	if (r < 0)
		return say_err(&e);
	return say_end(s.has_hit ? POD_EXIT_NO : POD_EXIT_OK);
}
