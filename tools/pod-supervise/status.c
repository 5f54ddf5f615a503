/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/slot.h"

struct row {
	uint64_t run;
	const char *state, *pid, *status, *ended;
};

static const struct col cols[] = {
	{"run", COL_U64, offsetof(struct row, run), 3},
	{"state", COL_STR, offsetof(struct row, state), 7},
	{"pid", COL_STR, offsetof(struct row, pid), 7},
	{"status", COL_STR, offsetof(struct row, status), 6},
	{"ended", COL_STR, offsetof(struct row, ended), 0},
	{0},
};

/* "STATUS TIME" of an ended run, split in place. */
static bool read_status(int logdir, unsigned number, char *text, size_t size, struct row *row)
{
	char *blank;

	if (read_line_at(logdir, slot_name("run", number, "status"), text, size) < 0)
		return false;
	blank = strchr(text, ' ');
	if (!blank)
		return false;
	*blank = '\0';
	row->state = "ended";
	row->status = text;
	row->ended = blank + 1;
	return true;
}

/* Its supervisor was killed before it could write anything down: the pid file was left behind. */
static bool was_killed(const struct pod *p, unsigned number, struct row *row)
{
	char text[64];

	if (read_line_at(p->run, slot_name("supervise", number, "pid"), text, sizeof(text)) < 0 ||
	    !*text)
		return false;
	row->state = "killed";
	return true;
}

/* One run: true when it lives. */
static bool show(const struct pod *p, int logdir, unsigned number, struct out *o)
{
	OWN(run_finish) struct run r = RUN_INIT;
	struct row row = {.run = number};
	char pid[16], text[64];
	bool lives = run_look(p, number, &r);

	snprintf(pid, sizeof(pid), "%d", (int)r.pid);
	if (lives) {
		row.state = "running";
		row.pid = pid;
	}
	if (lives || read_status(logdir, number, text, sizeof(text), &row) ||
	    was_killed(p, number, &row))
		out_row(o, &row);
	return lives;
}

int cmd_status(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FD int logdir = -1;
	bool json = false, any = false;
	struct out o = {.cols = cols};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-supervise status [--json] POD",
		"List a pod's background runs: status 0 if one lives, else 1.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	o.form = json ? OUT_JSON : OUT_TEXT;
	if (pod_open(&p, argv[0], &e) < 0)
		return say_err(&e);
	logdir = openat(p.dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	for (unsigned n = 1; n <= SLOT_MAX; n++)
		any |= show(&p, logdir, n, &o);
	return any ? POD_EXIT_OK : POD_EXIT_NO;
}
