/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-plugin/ask.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/jsonr.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-plugin/cage.h"

#define SAID_MAX  (NEED_MAX * 1024) /* bytes of all it says */
#define LINES_MAX 1024

const char *const question_words[] = {
	[ASK_DESCRIBE] = "describe", [ASK_PROBE] = "probe", [ASK_PLAN] = "plan"};

void said_finish(struct said *s)
{
	free(s->summary);
	strv_finish(&s->found);
	strv_finish(&s->notes);
	strv_finish(&s->errors);
	for (size_t i = 0; i < s->n_needs; i++)
		need_finish(&s->needs[i]);
	free(s->needs);
	*s = (struct said){0};
}

/* --- the child --- */

static void run_program(const struct plugin *p, enum question q, const char *pod, char *const *opts)
{
	OWN_STRV struct strv argv = {0};
	OWN_FREE char *name = xfmt("ENVPOD_POD_NAME=%s", pod);
	char *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", name, NULL};

	strv_add(&argv, p->name);
	strv_add(&argv, question_words[q]);
	for (size_t i = 0; opts && opts[i]; i++)
		strv_add(&argv, opts[i]);
	/* Not closed by the exec: a script is opened by this number. */
	fcntl(p->fd, F_SETFD, 0);
	fexecve(p->fd, argv.v, env);
	_exit(126);
}

static void child(const struct plugin *p, enum question q, const char *pod, char *const *opts,
		  int out)
{
	cage_child(out);
	if (setpgid(0, 0) < 0 || chdir("/") < 0)
		_exit(126);
	if (p->is_program)
		run_program(p, q, pod, opts);
	_exit(plugin_call(p, q, pod, opts));
}

/* --- what it says --- */

static int odd(struct err *e, const char *why)
{
	return err_status(e, POD_EXIT_FAILED, ERR_PLAIN, "it says what nobody understands: %s",
			  why);
}

static int take_log(struct said *s, struct json *j, struct err *e)
{
	OWN_FREE char *text = xcalloc(1, NEED_LINE_MAX);
	char level[16], key[16];

	if (!json_string(j, level, sizeof(level)) || !json_member(j, key, sizeof(key)) ||
	    strcmp(key, "text") != 0 || !json_string(j, text, NEED_LINE_MAX) ||
	    json_member(j, key, sizeof(key)) || !json_end(j))
		return odd(e, "a log without its text");
	strv_add(strcmp(level, "found") == 0   ? &s->found
		 : strcmp(level, "error") == 0 ? &s->errors
					       : &s->notes,
		 text);
	return 0;
}

static int take_summary(struct said *s, struct json *j, const char *name, struct err *e)
{
	OWN_FREE char *text = xcalloc(1, NEED_LINE_MAX);
	char said[64], key[16];
	int64_t abi = 0;

	if (!json_string(j, said, sizeof(said)) || strcmp(said, name) != 0)
		return odd(e, "its file is not called as it calls itself");
	while (json_member(j, key, sizeof(key))) {
		if (strcmp(key, "abi") == 0)
			json_integer(j, &abi);
		else if (strcmp(key, "summary") == 0)
			json_string(j, text, NEED_LINE_MAX);
		else
			json_wrong(j, "an unknown key");
	}
	if (!json_end(j) || !*text || s->summary)
		return odd(e, "it does not describe itself");
	if (abi != 1)
		return odd(e, "it was made for another version of envpod's interface (abi)");
	s->summary = take_ptr(text);
	return 0;
}

static int take_need(struct said *s, const char *line, size_t len, struct err *e)
{
	struct need n = {0};
	int r = need_parse(&n, line, len, e);

	if (r == 0 && s->n_needs == NEED_MAX)
		r = odd(e, "too many needs");
	if (r < 0) {
		need_finish(&n);
		return r;
	}
	s->needs = xrealloc(s->needs, (s->n_needs + 1) * sizeof(n));
	s->needs[s->n_needs++] = n;
	return 0;
}

static int take_line(struct said *s, const struct plugin *p, enum question q, const char *line,
		     size_t len, struct err *e)
{
	char key[16];
	struct json j;

	json_init(&j, line, len);
	if (!json_open(&j, '{') || !json_member(&j, key, sizeof(key)))
		return odd(e, "a line is no object of JSON");
	if (strcmp(key, "log") == 0)
		return take_log(s, &j, e);
	if (strcmp(key, "plugin") == 0 && q == ASK_DESCRIBE)
		return take_summary(s, &j, p->name, e);
	if (strcmp(key, "need") == 0 && q == ASK_PLAN)
		return take_need(s, line, len, e);
	return odd(e, "an answer to another question");
}

static int take_lines(struct said *s, const struct plugin *p, enum question q, const struct buf *b,
		      struct err *e)
{
	const char *at = b->len ? b->data : "", *end = at + b->len;
	int r = 0, lines = 0;

	while (at < end && r == 0) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		if (!eol || eol - at >= NEED_LINE_MAX || ++lines > LINES_MAX)
			return odd(e, "a line without an end, or too many");
		if (memchr(at, '\0', (size_t)(eol - at)))
			return odd(e, "a NUL byte");
		r = take_line(s, p, q, at, (size_t)(eol - at), e);
		at = eol + 1;
	}
	return r;
}

static int judge_end(struct said *s, enum question q, int status, struct err *e)
{
	const char *why = s->errors.n ? s->errors.v[0] : NULL; /* the nearest to the cause */

	if (status == POD_EXIT_NO && q != ASK_DESCRIBE)
		return 1;
	if (status != POD_EXIT_OK)
		return err_status(e, POD_EXIT_FAILED, ERR_PLAIN, "%s",
				  why ? esc(why) : "it fails and does not say why");
	if (q == ASK_DESCRIBE && !s->summary)
		return odd(e, "it does not describe itself");
	return 0;
}

/* Until it closes its output: 0, or what is wrong. */
static const char *listen_to(int from, struct buf *b, int64_t deadline)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	char chunk[4096];
	ssize_t n;

	for (;;) {
		int64_t left = deadline - clock_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return "it took too long";
		n = read(from, chunk, sizeof(chunk));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return strerror(errno);
		if (n == 0)
			return NULL;
		if (n > 0)
			buf_add(b, chunk, (size_t)n);
		if (b->len > SAID_MAX)
			return "it says more than it may";
	}
}

/* What is left of it, children too, ends with it. */
static int collect(pid_t pid, int from, struct buf *b, int *status, struct err *e)
{
	const int64_t deadline = clock_ms() + CAGE_SECONDS * 1000;
	const char *why = listen_to(from, b, deadline);

	/* It may have closed its output and gone on. */
	while (!why && waitpid(pid, status, WNOHANG) == 0) {
		if (clock_ms() >= deadline)
			why = "it took too long";
		usleep(1000);
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return why ? err_status(e, POD_EXIT_FAILED, ERR_PLAIN, "%s", why) : 0;
}

static int ask(const struct plugin *p, enum question q, const char *pod, char *const *opts,
	       struct said *s, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int from = -1, to = -1;
	int ends[2], status = 0, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	from = ends[0];
	to = ends[1];
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "start a process");
	if (pid == 0)
		child(p, q, pod, opts, to);
	setpgid(pid, pid); /* both do it: nobody knows who comes first */
	close(take_fd(&to));
	r = collect(pid, from, &b, &status, e);
	if (r == 0 && WIFSIGNALED(status))
		r = err_status(e, POD_EXIT_FAILED, ERR_PLAIN, "it died of signal %d",
			       WTERMSIG(status));
	if (r == 0)
		r = take_lines(s, p, q, &b, e);
	return r < 0 ? r : judge_end(s, q, WEXITSTATUS(status), e);
}

int plugin_ask(const struct plugin *p, enum question q, const char *pod, char *const *opts,
	       struct said *s, struct err *e)
{
	int r = ask(p, q, pod, opts, s, e);

	return r < 0 ? err_wrap(e, "plugin %s", p->name) : r;
}
