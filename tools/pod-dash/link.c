/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the pod-dash that serves: links, tokens, sessions, its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-dash/ask.h"
#include "tools/pod-dash/cmds.h"

#define ANSWER_MAX 65536
#define STOP_MS    6000

int dash_dir(struct err *e)
{
	OWN_FREE char *path = xfmt("%s/dash", pod_run_dir());
	int fd;

	if ((mkdir(pod_run_dir(), 0711) < 0 && errno != EEXIST) ||
	    (mkdir(path, 0700) < 0 && errno != EEXIST))
		return err_set(e, errno, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

static int open_door(struct err *e)
{
	OWN_FD int dir = dash_dir(e), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_sec = 5};
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/door", dir);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (dir < 0 || fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, ERR_PLAIN,
			       "no dashboard is served (envpod dashboard starts one)");
	return take_fd(&fd);
}

int dash_ask(const char *line, struct buf *answer, struct err *e)
{
	OWN_FD int fd = open_door(e);
	int r = fd < 0 ? fd : write_full(fd, line, strlen(line));

	if (fd < 0)
		return r;
	if (r == 0)
		r = read_fd(fd, answer, ANSWER_MAX);
	if (r < 0)
		return err_set(e, -r, "ask the dashboard");
	return answer->len ? 0 : err_set(e, ERR_PLAIN, "the dashboard said nothing");
}

/* What its answer says under that name. */
static bool member(const struct buf *answer, const char *name, char *text, size_t size)
{
	struct json j;
	char key[16];

	json_init(&j, answer->data, answer->len);
	if (!json_open(&j, '{'))
		return false;
	while (json_member(&j, key, sizeof(key))) {
		if (strcmp(key, name) == 0)
			return json_string(&j, text, size);
		json_skip(&j);
	}
	return false;
}

static void check_role(const char *role)
{
	for (int i = 0; i < ROLES; i++)
		if (strcmp(role, role_names[i]) == 0)
			return;
	die(POD_EXIT_USAGE, "--role %s: want view, operate or admin", role);
}

/* One line to it, and what it says, as it is. */
static int pass(const char *line, struct buf *answer)
{
	struct err e = {0};

	if (pod_check_caller(&e) < 0 || dash_ask(line, answer, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}

int cmd_link(int argc, char **argv)
{
	const char *role = "operate";
	const struct opt opts[] = {
		{OPT_STR, 0, "role", &role, "ROLE", "view, operate (unless said) or admin"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-dash link [--role ROLE]",
		"Print a link to the dashboard: it logs in once, within five minutes.", 0, 0, 0};
	OWN_BUF struct buf answer = BUF_INIT;
	OWN_FREE char *line = NULL;
	char link[256];
	int status;

	opt_parse(opts, &usage, argc, argv);
	check_role(role);
	line = xfmt("link %s\n", role);
	status = pass(line, &answer);
	if (status == 0 && !member(&answer, "link", link, sizeof(link)))
		die(POD_EXIT_FAILED, "the dashboard gave no link");
	if (status == 0)
		puts(link);
	return say_end(status);
}

int cmd_token(int argc, char **argv)
{
	const char *role = "view";
	const struct opt opts[] = {
		{OPT_STR, 0, "role", &role, "ROLE", "view (unless said), operate or admin"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-dash token [--role ROLE]",
		"Make a token that a script sends as Authorization: Bearer TOKEN; it is not shown again.",
		0, 0, 0};
	OWN_BUF struct buf answer = BUF_INIT;
	OWN_FREE char *line = NULL;
	int status;

	opt_parse(opts, &usage, argc, argv);
	check_role(role);
	line = xfmt("token %s\n", role);
	status = pass(line, &answer);
	if (status == 0)
		fwrite(answer.data, 1, answer.len, stdout);
	return say_end(status);
}

int cmd_sessions(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-dash sessions", "List who is logged in, as JSON.", 0,
					0, 0};
	OWN_BUF struct buf answer = BUF_INIT;
	int status;

	opt_parse(opts, &usage, argc, argv);
	status = pass("sessions\n", &answer);
	if (status == 0)
		fwrite(answer.data, 1, answer.len, stdout);
	return say_end(status);
}

int cmd_revoke(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-dash revoke NUMBER",
		"End a login or a token by its number; 0: all, and all links.", 1, 1, 0};
	OWN_BUF struct buf answer = BUF_INIT;
	OWN_FREE char *line = NULL;
	uint64_t number;

	opt_parse(opts, &usage, argc, argv);
	if (unit_u64(argv[0], UINT32_MAX, &number) < 0)
		die(POD_EXIT_USAGE, "%s: want a number", argv[0]);
	line = xfmt("revoke %llu\n", (unsigned long long)number);
	return pass(line, &answer);
}

int cmd_stop(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-dash stop",
					"End the dashboard, and every login to it.", 0, 0, 0};
	struct err e = {0};
	OWN_FD int dir = -1;
	char text[32];
	uint64_t pid;

	opt_parse(opts, &usage, argc, argv);
	dir = pod_check_caller(&e) < 0 ? -1 : dash_dir(&e);
	if (dir < 0)
		return say_err(&e);
	if (read_line_at(dir, "pid", text, sizeof(text)) < 0 ||
	    unit_u64(text, INT32_MAX, &pid) < 0 || faccessat(dir, "door", F_OK, 0) < 0 ||
	    kill((pid_t)pid, SIGTERM) < 0)
		die(POD_EXIT_FAILED, "no dashboard is served");
	for (int i = 0; i < STOP_MS / 20 && kill((pid_t)pid, 0) == 0; i++)
		usleep(20000);
	return kill((pid_t)pid, 0) == 0 ? POD_EXIT_BUSY : POD_EXIT_OK;
}
