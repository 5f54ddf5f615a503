/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod verify: a boundary score that was measured.  The pod is cloned as it is, the clone lives
 * in a network whose every address leads back here, pod-probe attacks it from inside, and it is
 * destroyed.  The program that attacks is the host's, in a sealed file of memory, so that nothing
 * in the pod has a hand in it; its answers come by a pipe and are held against the list that the
 * host has.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/envpod/beside.h"
#include "tools/envpod/front.h"
#include "tools/envpod/judge.h"
#include "tools/envpod/network.h"
#include "tools/envpod/planted.h"
#include "tools/envpod/score.h"
#include "tools/envpod/stage.h"
#include "tools/envpod/throwaway.h"

#define PATIENCE_MS 120000 /* for one pass over all probes */
#define PROGRAM_MAX (64u << 20)

struct verify {
	const char *pod;
	struct strv categories;
	struct throwaway clone;
	struct plan plan;
	struct planted planted;
	struct stage stage;
	struct beside beside;
	struct checks checks;
	int program; /* pod-probe, sealed */
};

static void verify_finish(struct verify *v)
{
	beside_finish(&v->beside);
	stage_finish(&v->stage);
	own_close(&v->program);
	planted_finish(&v->planted);
	checks_finish(&v->checks);
	plan_finish(&v->plan);
	strv_finish(&v->categories);
}

/* --- the program --- */

static int seal(int fd, struct err *e)
{
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return err_set(e, errno, "seal a copy of pod-probe");
	return 0;
}

static int open_program(struct verify *v, struct err *e)
{
	OWN_FREE char *path = tool_path("pod-probe", e);
	OWN_FD int from = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	if (!path)
		return -e->code;
	if (from < 0)
		return err_set(e, errno, "open %s", path);
	r = read_fd(from, &b, PROGRAM_MAX);
	v->program = (int)memfd_create("pod-probe", MFD_ALLOW_SEALING);
	if (r == 0 && v->program < 0)
		r = -errno;
	if (r == 0)
		r = write_full(v->program, b.data, b.len);
	return r < 0 ? err_set(e, -r, "copy %s", path) : seal(v->program, e);
}

/* --- words and pipes --- */

static void add_probe_words(struct strv *line, const struct verify *v, const char *option)
{
	front_words(line, "pod-probe", "--json", "--bait", "-", option, NULL);
	for (size_t i = 0; i < v->categories.n; i++)
		strv_add(line, v->categories.v[i]);
}

/* The plain user is the pod's own, and agent where its owner is root. */
static const char *user_of(const struct verify *v, enum pass pass)
{
	if (pass == AS_ROOT)
		return "root";
	return plan_u64(&v->plan, "user.uid", 0) ? plan_str(&v->plan, "user.name", "agent")
						 : "agent";
}

static void add_walls(struct strv *line, const struct verify *v)
{
	const char *key;

	for (size_t i = 0; (key = plan_next(&v->plan, "unbuilt", &i));)
		front_words(line, "--without", key, NULL);
	if (plan_str(&v->plan, "vault.env", NULL))
		front_words(line, "--without", "vault.env", NULL);
}

static void tell_unbuilt(const struct verify *v)
{
	const char *key;

	for (size_t i = 0; (key = plan_next(&v->plan, "unbuilt", &i));)
		say_warn("pod %s is measured without %s, which is not built yet", v->pod, esc(key));
}

/* The bait is in a hidden directory; so is the one that the caller stands in. */
static void compose(struct strv *line, const struct verify *v, enum pass pass)
{
	const char *unsafe = plan_is(&v->plan, "network", "unsafe") ? "--unsafe" : NULL;

	front_words(line, "pod-mount", "enter", NULL);
	if (unsafe)
		strv_add(line, unsafe);
	front_words(line, v->clone.name, "--", "pod-exec", "--cwd", v->clone.run, "--user",
		    user_of(v, pass), "--tty", "never", NULL);
	add_walls(line, v);
	if (unsafe)
		strv_add(line, unsafe);
	strv_add(line, "--exec-fd");
	strv_fmt(line, "%d", v->program);
	front_words(line, v->clone.name, "--", NULL);
	add_probe_words(line, v, NULL);
}

static int bait_fd(const struct verify *v, struct err *e)
{
	OWN_FD int fd = memfd_create("bait", MFD_CLOEXEC);

	if (fd < 0 || write_full(fd, v->planted.bait.data, v->planted.bait.len) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "write the bait");
	return take_fd(&fd);
}

/* All that comes until the end, or until there was time enough. */
static int collect(int fd, struct buf *b, struct err *e)
{
	int64_t end = clock_ms() + PATIENCE_MS;
	char text[8192];
	ssize_t n = 1;

	while (n > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - clock_ms();

		if (left <= 0 || b->len > VERDICTS_MAX)
			return err_set(e, ERR_PLAIN,
				       left <= 0 ? "the probes did not end in time"
						 : "the pod answers too much");
		if (poll(&p, 1, (int)left) > 0 && (n = read(fd, text, sizeof(text))) > 0)
			buf_add(b, text, (size_t)n);
	}
	return n < 0 ? err_set(e, errno, "read the answers") : 0;
}

/* Its status in *status; what it says in b. */
static int run_probe(const struct verify *v, const struct strv *line, struct buf *b, int *status,
		     struct err *e)
{
	OWN_FD int bait = bait_fd(v, e);
	struct spawn_io io = {.in = bait, .err = -1};
	int ends[2], pid, r;

	if (bait < 0)
		return bait;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	io.out = ends[1];
	pid = spawn_start(line->v, &io, e);
	close(ends[1]);
	r = pid < 0 ? pid : collect(ends[0], b, e);
	close(ends[0]);
	if (r < 0 && pid > 0)
		kill(pid, SIGKILL);
	if (pid > 0)
		*status = spawn_reap(pid);
	return r;
}

/* --- the steps --- */

static int list_checks(struct verify *v, struct err *e)
{
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf b = BUF_INIT;
	int status = 0, r;

	add_probe_words(&line, v, "--list");
	r = run_probe(v, &line, &b, &status, e);
	if (r == 0 && status)
		r = err_set(e, ERR_PLAIN, "pod-probe ended with %d", status);
	if (r == 0)
		r = checks_read(&v->checks, b.data, b.len, e);
	if (r == 0 && v->checks.n == 0)
		r = err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "there is no such category");
	return r;
}

static int measure(struct verify *v, enum pass pass, struct err *e)
{
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf answers = BUF_INIT, reached = BUF_INIT;
	int status = 0, r;

	compose(&line, v, pass);
	r = run_probe(v, &line, &answers, &status, e);
	if (r == 0 && status)
		r = err_set(e, ERR_PLAIN, "the probes ended with %d as %s", status,
			    user_of(v, pass));
	if (r == 0)
		r = checks_answer(&v->checks, pass, answers.data, answers.len, e);
	stage_drain(&v->stage, &reached);
	if (r == 0 && reached.len)
		judge_ways(&v->checks, pass, reached.data);
	judge_marks(&v->checks, pass, &v->planted, &v->plan);
	return r;
}

static int measure_all(struct verify *v, struct err *e)
{
	int r = planted_place(&v->planted, &v->clone, &v->plan, e);

	tell_unbuilt(v);
	planted_add(&v->planted, "neighbour", v->pod);
	if (r == 0)
		r = beside_start(&v->beside, &v->clone, &v->plan, &v->planted, e);
	if (r == 0)
		r = list_checks(v, e);
	if (r == 0)
		r = open_program(v, e);
	setenv("ENVPOD_VERIFY_SECRET", v->planted.secret, 1); /* what must not come along */
	if (r == 0)
		r = stage_start(&v->stage, v->planted.stage, e);
	if (r == 0)
		r = measure(v, AS_USER, e);
	if (r == 0)
		r = measure(v, AS_ROOT, e);
	if (r < 0)
		return r;
	judge_limits(&v->checks, v->clone.name);
	judge_user(&v->checks, &v->plan);
	judge_sockets(&v->checks);
	judge_causes(&v->checks, &v->plan);
	return 0;
}

/* In the clone's network from here on. */
static int verify_clone(struct verify *v)
{
	struct err e = {0};
	int status;

	if (planted_begin(&v->planted, &e) < 0 || stage_enter(&e) < 0)
		return say_err(&e);
	status = throwaway_begin(&v->clone, v->pod);
	if (status == POD_EXIT_OK && plan_open(&v->plan, &v->clone.pod, &e) < 0)
		status = say_err(&e);
	if (status == POD_EXIT_OK)
		status = network_up(&v->clone.pod, &v->plan, NULL);
	if (status == POD_EXIT_OK && measure_all(v, &e) < 0)
		status = say_err(&e);
	return status;
}

static int record(const struct verify *v)
{
	struct score s = score_of(&v->checks, NULL);
	OWN_STRV struct strv open = {0};
	OWN_EVENT struct event ev;
	struct err e = {0};

	for (size_t i = 0; i < v->checks.n; i++)
		if (check_verdict(&v->checks.v[i]) == OPEN)
			strv_add(&open, v->checks.v[i].id);
	event_init(&ev, v->pod, "envpod", "verify");
	event_num(&ev, "score", score_percent(&s));
	event_num(&ev, "held", s.held);
	event_num(&ev, "cannot_try", s.untried);
	event_strv(&ev, "open", open.n ? open.v : (char *[]){NULL});
	event_strv(&ev, "categories", v->categories.n ? v->categories.v : (char *[]){NULL});
	return record_event(&ev, true, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}

/* --print: what would be done, by the name of a clone that is not made. */
static int show(const struct verify *v)
{
	OWN_STRV struct strv clone = {0}, run = {0}, destroy = {0};

	front_words(&clone, "envpod", "clone", "--current", v->pod, "verify-CLONE", NULL);
	front_words(&run, "envpod", "run", "verify-CLONE", "--", NULL);
	add_probe_words(&run, v, NULL);
	front_words(&destroy, "envpod", "destroy", "--force", "verify-CLONE", NULL);
	front_run(&clone);
	front_run(&run);
	return front_run(&destroy);
}

static int verify(struct verify *v)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};
	int status, end;

	if (pod_open(&p, v->pod, &e) < 0)
		return say_err(&e);
	status = verify_clone(v);
	beside_finish(&v->beside);
	v->beside = (struct beside)BESIDE_INIT;
	stage_finish(&v->stage);
	v->stage = (struct stage)STAGE_INIT;
	end = throwaway_end(&v->clone);
	if (status == POD_EXIT_OK && end != POD_EXIT_OK)
		say_warn("the clone that was measured is left; envpod gc removes it");
	return status == POD_EXIT_OK ? record(v) : status;
}

int cmd_verify(int argc, char **argv)
{
	OWN(verify_finish)
	struct verify v = {
		.clone = THROWAWAY_INIT, .stage = STAGE_INIT, .beside = BESIDE_INIT, .program = -1};
	bool json = false, verbose = false;
	uint64_t min = 100;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{OPT_LIST, 0, "category", &v.categories, "CATEGORY", "only these probes"},
		{OPT_U64, 0, "min", &min, "N", "end with 1 below this score, not below 100"},
		{OPT_FLAG, 'v', "verbose", &verbose, NULL, "also what held, and why"},
		{0},
	};
	const struct opt_usage usage = {"envpod verify [OPTION]... POD",
					"Measure what holds of a pod's walls, in a clone of it.", 1,
					1, 0};
	struct score all;
	int status;

	opt_parse(opts, &usage, argc, argv);
	v.pod = argv[0];
	if (front_print)
		return show(&v);
	status = verify(&v);
	if (status)
		return status == POD_EXIT_NO ? POD_EXIT_FAILED : status;
	if (json)
		score_print_json(&v.checks, v.pod);
	else
		score_print(&v.checks, v.pod, verbose);
	all = score_of(&v.checks, NULL);
	return score_percent(&all) >= min ? POD_EXIT_OK : POD_EXIT_NO;
}
