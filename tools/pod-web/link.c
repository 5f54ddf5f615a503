/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a pod-web that serves: links and sessions. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-web/cmds.h"

#define ANSWER_MAX 65536

static int open_door(const struct pod *p, struct err *e)
{
	OWN_FD int dir = openat(p->run, "desktop", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_sec = 5};
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/web.sock", dir);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (dir < 0 || fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, ERR_PLAIN,
			       "pod %s has no page that is served (envpod display %s starts one)",
			       p->name, p->name);
	return take_fd(&fd);
}

/* One line to it, all of its answer. */
static int ask(const char *pod, const char *line, struct buf *answer, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FD int fd = -1;
	int r = pod_open(&p, pod, e);

	if (r < 0)
		return r;
	fd = open_door(&p, e);
	if (fd < 0)
		return fd;
	r = write_full(fd, line, strlen(line));
	if (r == 0)
		r = read_fd(fd, answer, ANSWER_MAX);
	if (r < 0)
		return err_set(e, -r, "ask the pod-web of pod %s", pod);
	return answer->len ? 0 : err_set(e, ERR_PLAIN, "the pod-web of pod %s said nothing", pod);
}

/* The value of the only member of a line. */
static bool only_member(const struct buf *answer, const char *name, char *text, size_t size,
			int64_t *n)
{
	struct json j;
	char key[16];

	json_init(&j, answer->data, answer->len);
	return json_open(&j, '{') && json_member(&j, key, sizeof(key)) && strcmp(key, name) == 0 &&
	       (text ? json_string(&j, text, size) : json_integer(&j, n));
}

int cmd_link(int argc, char **argv)
{
	OWN_BUF struct buf answer = BUF_INIT;
	bool view = false;
	char link[256];
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 0, "view", &view, NULL, "whoever uses it may look, and touch nothing"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-web link [--view] POD",
		"Print a link to the desktop's page: it works once, within five minutes.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_check_caller(&e) < 0 ||
	    ask(argv[0], view ? "link view\n" : "link full\n", &answer, &e) < 0)
		return say_err(&e);
	if (!only_member(&answer, "link", link, sizeof(link), NULL))
		die(POD_EXIT_FAILED, "the pod-web of pod %s gave no link", argv[0]);
	puts(link);
	return say_end(POD_EXIT_OK);
}

struct row {
	uint64_t session;
	const char *role;
	uint64_t since_s, seen_s, viewers;
};

static const struct col cols[] = {
	{"session", COL_U64, offsetof(struct row, session), 8},
	{"role", COL_STR, offsetof(struct row, role), 5},
	{"since_s", COL_U64, offsetof(struct row, since_s), 8},
	{"seen_s", COL_U64, offsetof(struct row, seen_s), 8},
	{"viewers", COL_U64, offsetof(struct row, viewers), 0},
	{0},
};

static bool read_row(const char *line, size_t len, struct row *row, char role[16])
{
	struct json j;
	char key[16];

	*row = (struct row){.role = role};
	json_init(&j, line, len);
	if (!json_open(&j, '{'))
		return false;
	while (json_member(&j, key, sizeof(key))) {
		int64_t n = 0;

		if (strcmp(key, "role") == 0) {
			json_string(&j, role, 16);
			continue;
		}
		json_integer(&j, &n);
		for (const struct col *c = cols; c->name; c++)
			if (c->kind == COL_U64 && strcmp(key, c->name) == 0)
				*(uint64_t *)(void *)((char *)row + c->offset) = (uint64_t)n;
	}
	return json_end(&j);
}

int cmd_sessions(int argc, char **argv)
{
	OWN_BUF struct buf answer = BUF_INIT;
	bool json = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-web sessions [--json] POD",
					"List who is logged in to a desktop's page.", 1, 1, 0};
	struct out o = {.cols = cols};
	struct row row;
	char role[16];

	opt_parse(opts, &usage, argc, argv);
	o.form = json ? OUT_JSON : OUT_TEXT;
	if (pod_check_caller(&e) < 0 || ask(argv[0], "sessions\n", &answer, &e) < 0)
		return say_err(&e);
	for (char *line = answer.data, *end; (end = strchr(line, '\n')); line = end + 1)
		if (read_row(line, (size_t)(end - line), &row, role))
			out_row(&o, &row);
	return say_end(POD_EXIT_OK);
}

int cmd_revoke(int argc, char **argv)
{
	OWN_BUF struct buf answer = BUF_INIT;
	OWN_FREE char *line = NULL;
	bool all = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'a', "all", &all, NULL, "all sessions, and links that nobody used yet"},
		{0},
	};
	const struct opt_usage usage = {"pod-web revoke POD SESSION | --all POD",
					"End a session: its viewers are cut off.", 1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	uint64_t number = 0;
	int64_t ended = 0;

	if ((n == 2) == all || (!all && (unit_u64(argv[1], UINT32_MAX, &number) < 0 || !number)))
		die(POD_EXIT_USAGE, "revoke: a session's number, or --all");
	line = xfmt("revoke %llu\n", (unsigned long long)number);
	if (pod_check_caller(&e) < 0 || ask(argv[0], line, &answer, &e) < 0)
		return say_err(&e);
	if (!only_member(&answer, "ended", NULL, 0, &ended))
		die(POD_EXIT_FAILED, "the pod-web of pod %s did not answer", argv[0]);
	return all || ended > 0 ? POD_EXIT_OK : POD_EXIT_NO;
}
