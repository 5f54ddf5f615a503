/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter: samples and events in, firings out.  Rules run in a child, as those of a pod do, and
 * when one is too much for it the next child is given the lines of that look again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/lockdown.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-monitor/cmds.h"
#include "tools/pod-monitor/program.h"
#include "tools/pod-monitor/sampler.h"

#define LINE_MAX_BYTES (1u << 20)

struct test {
	struct policy policy;
	struct state *state;
	pid_t child;
	int to, from;       /* lines, and what is told of them */
	struct buf pending; /* the lines of the look at hand */
	uint64_t line;
	bool fired;
};

/* --- the child --- */

static int out_fd;

static void child_tell(void *arg, enum verdict verdict, size_t rule)
{
	const struct told told = {(uint32_t)verdict, (uint32_t)rule};

	(void)arg;
	if (write_full(out_fd, &told, sizeof(told)) < 0)
		_exit(POD_EXIT_OK);
}

static bool is_event(const struct line *l)
{
	return l->event[0] && l->src[0];
}

/* Only of what may be a sample anything is told. */
static void child_line(struct engine *e, const char *text, size_t len)
{
	struct sample sample;
	struct line l;

	line_read(&l, text, len);
	if (is_event(&l)) {
		engine_event(e, text, len);
		return;
	}
	if (sample_read(&sample, jv_parse_sized(text, (int)len)) == 0)
		engine_look(e, &sample);
	else
		child_tell(NULL, VERDICT_WRONG, 0);
	child_tell(NULL, VERDICT_READY, 0);
}

static void child(const struct test *t, int in)
{
	static struct engine e; /* too large for a stack */
	const struct lockdown l = {.promises = PROMISE_FILE | PROMISE_ALARM};
	OWN_FILE FILE *lines = fdopen(in, "r");
	OWN_FREE char *text = NULL;
	struct err err = {0};
	size_t size = 0;
	ssize_t n;

	if (!lines || setvbuf(lines, NULL, _IOFBF, BUFSIZ) != 0)
		_exit(POD_EXIT_FAILED);
	clearenv();
	e = (struct engine){
		.policy = &t->policy, .state = t->state, .pod = "test", .tell = child_tell};
	if (!engine_init(&e))
		_exit(POD_EXIT_CONFIG);
	program_bound();
	if (lockdown(&l, &err) < 0)
		die(POD_EXIT_FAILED, "%s", err.msg);
	while ((n = getline(&text, &size, lines)) > 0)
		child_line(&e, text, (size_t)(n - (text[n - 1] == '\n')));
	_exit(POD_EXIT_OK);
}

static void end_child(struct test *t)
{
	own_close(&t->to);
	own_close(&t->from);
	t->to = t->from = -1;
	if (t->child > 0)
		waitpid(t->child, NULL, 0);
	t->child = 0;
}

static int start_child(struct test *t, struct err *e)
{
	int to[2], from[2];

	end_child(t);
	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	t->child = fork();
	if (t->child == 0) {
		close(to[1]);
		close(from[0]);
		out_fd = from[1];
		child(t, to[0]);
	}
	close(to[0]);
	close(from[1]);
	t->to = to[1];
	t->from = from[0];
	return t->child < 0 ? err_set(e, errno, "start an evaluator") : 0;
}

/* --- the parent --- */

static const char *const words[VERDICTS] = {
	[VERDICT_FIRES] = "fires", [VERDICT_CLEARS] = "clears", [VERDICT_FAILS] = "fails",
	[VERDICT_BROKEN] = "off",  [VERDICT_OFF] = "off",
};

static void print(struct test *t, enum verdict verdict, size_t number)
{
	const struct rule *rule = &t->policy.rules[number];
	const struct sample *last = state_last(t->state);
	OWN_BUF struct buf b = BUF_INIT;
	char ts[UNIT_TIME_LEN];

	unit_time(last ? last->ns : 0, ts);
	jw_open(&b, '{');
	jw_kstr(&b, "ts", ts);
	jw_kstr(&b, "rule", rule->name);
	jw_kstr(&b, "what", words[verdict]);
	if (verdict == VERDICT_FIRES) {
		jw_key(&b, "response");
		jw_open(&b, '[');
		for (size_t i = 0; i < rule->n; i++)
			jw_string(&b, response_names[rule->responses[i].type]);
		jw_close(&b, ']');
		t->fired = true;
	}
	jw_close(&b, '}');
	puts(b.data);
}

/* Until the child has done with a look: 1; it died of it: 0; the line is none: -EINVAL. */
static int hear(struct test *t)
{
	struct told told;
	bool wrong = false;

	while (read_full(t->from, &told, sizeof(told)) == sizeof(told)) {
		if (told.verdict == VERDICT_READY)
			return wrong ? -EINVAL : 1;
		wrong |= told.verdict == VERDICT_WRONG;
		if (told.verdict < VERDICTS && words[told.verdict] && told.rule < t->policy.n)
			print(t, (enum verdict)told.verdict, told.rule);
		if (told.verdict == VERDICT_BROKEN)
			t->state->rules[told.rule].off = 1;
	}
	return 0;
}

static int give_pending(struct test *t)
{
	return write_full(t->to, t->pending.data, t->pending.len) < 0 ? 0 : hear(t);
}

/* Whoever killed the child is off; each rule can do so once. */
static int recover(struct test *t, struct err *e)
{
	for (size_t tries = 0; tries <= t->policy.n; tries++) {
		uint32_t rule = t->state->running;
		int r;

		if (rule && rule <= t->policy.n) {
			t->state->rules[rule - 1].off = 1;
			print(t, VERDICT_OFF, rule - 1);
		}
		t->state->running = 0;
		r = start_child(t, e);
		if (r < 0)
			return r;
		r = give_pending(t);
		if (r)
			return r;
	}
	return err_set(e, ERR_PLAIN, "line %llu: the evaluator keeps dying",
		       (unsigned long long)t->line);
}

static int take_line(struct test *t, const char *text, size_t len, struct err *e)
{
	struct line l;
	int r;

	line_read(&l, text, len);
	buf_add(&t->pending, text, len);
	if (text[len - 1] != '\n')
		buf_char(&t->pending, '\n');
	if (is_event(&l) && t->pending.len <= LINE_MAX_BYTES)
		return 1;
	if (is_event(&l))
		r = write_full(t->to, t->pending.data, t->pending.len) < 0 ? -EPIPE : 1;
	else
		r = give_pending(t);
	if (r == 0)
		r = recover(t, e);
	if (r < 0 && !e->code)
		err_set(e, ERR_PLAIN, "line %llu is neither a sample nor an event",
			(unsigned long long)t->line);
	buf_clear(&t->pending);
	return r;
}

static int run(struct test *t, struct err *e)
{
	OWN_FREE char *text = NULL;
	size_t size = 0;
	ssize_t n;
	int r = start_child(t, e);

	while (r >= 0 && (n = getline(&text, &size, stdin)) > 0) {
		t->line++;
		if (n == 1)
			continue;
		if ((size_t)n > LINE_MAX_BYTES)
			return err_set(e, ERR_PLAIN, "line %llu is longer than a megabyte",
				       (unsigned long long)t->line);
		r = take_line(t, text, (size_t)n, e);
	}
	return r < 0 ? r : 0;
}

int cmd_test(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-monitor test FILE",
		"Say what a file of rules would have done to the samples on standard input.", 1, 1,
		0};
	struct test t = {.to = -1, .from = -1};
	OWN_BUF struct buf json = BUF_INIT;
	struct err e = {0};
	int r;

	opt_parse(opts, &usage, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	r = policy_compile(argv[0], &json, &e);
	if (r == 0)
		r = policy_parse(&t.policy, json.data, json.len, &e);
	t.state = r < 0 ? NULL : state_anonymous(&e);
	if (t.state)
		r = run(&t, &e);
	end_child(&t);
	state_close(t.state);
	policy_finish(&t.policy);
	buf_finish(&t.pending);
	if (r < 0)
		return say_err(&e);
	return say_end(t.fired ? POD_EXIT_OK : POD_EXIT_NO);
}
