/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands for inside a pod: a line to the socket, a line back, printed as it came.  They need
 * no privileges and know no secrets; whatever they refuse here is refused there, too.
 */
#include "tools/pod-queue/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-queue/action.h"
#include "tools/pod-queue/cmds.h"

#define SOCKET     "/run/envpod/queue.sock"
#define ANSWER_MAX (ACTION_FILE * 2)

static const char *socket_path(void)
{
	const char *given = secure_getenv("ENVPOD_QUEUE_SOCKET");

	return given && *given ? given : SOCKET;
}

static int reach(struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *path = socket_path();

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		return err_set(e, fd < 0 ? errno : ENAMETOOLONG, "reach %s", path);
	memcpy(at.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, errno,
			       "reach the queue at %s (this is for inside a pod whose "
			       "pod file says queue.socket: yes)",
			       path);
	return take_fd(&fd);
}

int agent_ask(const struct buf *line, struct buf *answer, struct err *e)
{
	OWN_FD int fd = reach(e);
	char data[65536];
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	r = write_full(fd, line->data, line->len);
	if (r < 0)
		return err_set(e, -r, "ask the queue");
	while (!answer->len || answer->data[answer->len - 1] != '\n') {
		n = read(fd, data, sizeof(data));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || answer->len + (size_t)n > ANSWER_MAX)
			return err_set(e, n < 0 ? errno : EPIPE, "hear what the queue answers");
		buf_add(answer, data, (size_t)n);
	}
	return 0;
}

static const struct {
	const char *word;
	int status;
} meanings[] = {
	{"executed", POD_EXIT_OK},
	{"approved", POD_EXIT_OK},
	{"failed", POD_EXIT_FAILED},
	{"denied", POD_EXIT_REFUSED},
	{"blocked", POD_EXIT_REFUSED},
	{"cancelled", POD_EXIT_REFUSED},
	{"conflict", POD_EXIT_REFUSED},
	{"queued", POD_EXIT_BUSY},
	{"running", POD_EXIT_BUSY},
	{"busy", POD_EXIT_BUSY},
	{"full", POD_EXIT_BUSY},
	{"rate_limited", POD_EXIT_BUSY},
	{"bad_request", POD_EXIT_USAGE},
	{"bad_params", POD_EXIT_USAGE},
	{"unknown_action", POD_EXIT_USAGE},
	{"not_found", POD_EXIT_FAILED},
};

int agent_status(const char *word)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcmp(meanings[i].word, word) == 0)
			return meanings[i].status;
	return POD_EXIT_FAILED;
}

struct heard {
	bool ok;
	char id[ACTION_ID], status[32], error[32];
};

static int hear(const struct buf *answer, struct heard *h, struct err *e)
{
	struct json j;
	char key[32];

	*h = (struct heard){.ok = false};
	json_init(&j, answer->data, answer->len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key))) {
			if (strcmp(key, "ok") == 0) {
				h->ok = json_peek(&j) == 't';
				json_skip(&j);
			} else if (strcmp(key, "id") == 0)
				json_string(&j, h->id, sizeof(h->id));
			else if (strcmp(key, "status") == 0)
				json_string(&j, h->status, sizeof(h->status));
			else if (strcmp(key, "error") == 0)
				json_string(&j, h->error, sizeof(h->error));
			else
				json_skip(&j);
		}
	return json_end(&j) ? 0 : err_set(e, ERR_PLAIN, "understand the queue: %s", j.fault);
}

/* With waits, what became of it is the exit status; else only whether it was heard. */
static int talk(struct buf *line, bool waits, struct heard *h)
{
	OWN_BUF struct buf answer = BUF_INIT;
	struct err e = {0};

	jw_close(line, '}');
	buf_char(line, '\n');
	if (agent_ask(line, &answer, &e) < 0 || hear(&answer, h, &e) < 0)
		return say_err(&e);
	fwrite(answer.data, 1, answer.len, stdout);
	if (!h->ok)
		return say_end(agent_status(h->error));
	return say_end(waits ? agent_status(h->status) : POD_EXIT_OK);
}

static void begin(struct buf *line, const char *type)
{
	jw_open(line, '{');
	jw_kstr(line, "type", type);
}

static int plain(const char *type)
{
	OWN_BUF struct buf line = BUF_INIT;
	struct heard h;

	begin(&line, type);
	return talk(&line, false, &h);
}

static int of_id(const char *type, const char *id, uint64_t timeout, bool waits)
{
	OWN_BUF struct buf line = BUF_INIT;
	struct heard h;

	begin(&line, type);
	jw_kstr(&line, "id", id);
	if (waits)
		jw_knum(&line, "timeout", (int64_t)timeout);
	return talk(&line, waits, &h);
}

int agent_actions(void)
{
	return plain("list_actions");
}

int agent_cancel(const char *id)
{
	return of_id("cancel", id, 0, false);
}

int cmd_list(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-queue list", "List this pod's actions.", 0, 0, 0};

	opt_parse(opts, &usage, argc, argv);
	return plain("list");
}

int cmd_poll(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-queue poll ID", "Say how it stands.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	return of_id("poll", argv[0], 0, false);
}

int cmd_wait(int argc, char **argv)
{
	uint64_t timeout = 600;
	const struct opt opts[] = {
		{OPT_U64, 't', "timeout", &timeout, "SECONDS", "at most so long (600)"},
		{0},
	};
	const struct opt_usage usage = {"pod-queue wait [OPTION]... ID",
					"Wait until the action has ended.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	return of_id("wait", argv[0], timeout, true);
}

/* Sent; and with --wait: waited for, so that one answer is printed. */
static int send_off(struct buf *line, bool waits, uint64_t timeout)
{
	OWN_BUF struct buf answer = BUF_INIT;
	struct err e = {0};
	struct heard h;

	if (!waits)
		return talk(line, false, &h);
	jw_close(line, '}');
	buf_char(line, '\n');
	if (agent_ask(line, &answer, &e) < 0 || hear(&answer, &h, &e) < 0)
		return say_err(&e);
	if (h.ok && *h.id)
		return of_id("wait", h.id, timeout, true);
	fwrite(answer.data, 1, answer.len, stdout);
	return say_end(agent_status(h.error));
}

int cmd_submit(int argc, char **argv)
{
	const char *tier = "staged", *key = NULL;
	uint64_t timeout = 600;
	bool waits = false;
	const struct opt opts[] = {
		{OPT_STR, 't', "tier", &tier, "TIER", "as the reference has it (staged)"},
		{OPT_STR, 'k', "key", &key, "KEY", "a second one with this key is the same"},
		{OPT_FLAG, 'w', "wait", &waits, NULL, "wait until a person has answered"},
		{OPT_U64, 0, "timeout", &timeout, "SECONDS", "--wait: at most so long (600)"},
		{0},
	};
	const struct opt_usage usage = {"pod-queue submit [OPTION]... DESCRIPTION",
					"Ask a person for something, in words.", 1, 1, 0};
	OWN_BUF struct buf line = BUF_INIT;

	opt_parse(opts, &usage, argc, argv);
	begin(&line, "submit");
	jw_kstr(&line, "description", argv[0]);
	jw_kstr(&line, "tier", tier);
	if (key)
		jw_kstr(&line, "key", key);
	return send_off(&line, waits, timeout);
}

/* NAME=TEXT, or NAME:=JSON. */
static void add_param(struct buf *b, const char *word)
{
	const char *eq = strchr(word, '=');
	bool raw = eq && eq > word && eq[-1] == ':';
	OWN_FREE char *name = NULL;

	if (!eq || eq == word || (raw && eq == word + 1))
		die(POD_EXIT_USAGE, "%s: a parameter is NAME=TEXT or NAME:=JSON", esc(word));
	name = xfmt("%.*s", (int)(eq - word - raw), word);
	jw_key(b, name);
	if (raw)
		buf_str(b, eq + 1);
	else
		jw_string(b, eq + 1);
}

int cmd_call(int argc, char **argv)
{
	const char *key = NULL, *params = NULL;
	uint64_t timeout = 600;
	bool waits = false;
	const struct opt opts[] = {
		{OPT_STR, 'p', "params", &params, "JSON", "all parameters, as one object"},
		{OPT_STR, 'k', "key", &key, "KEY", "a second one with this key is the same"},
		{OPT_FLAG, 'w', "wait", &waits, NULL, "wait until it has ended"},
		{OPT_U64, 0, "timeout", &timeout, "SECONDS", "--wait: at most so long (600)"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-queue call [OPTION]... ACTION [NAME=TEXT | NAME:=JSON]...",
		"Ask for an action.", 1, 0, 0};
	OWN_BUF struct buf line = BUF_INIT;
	int n = opt_parse(opts, &usage, argc, argv);

	begin(&line, "call");
	jw_kstr(&line, "action", argv[0]);
	if (key)
		jw_kstr(&line, "key", key);
	jw_key(&line, "params");
	if (params && n == 1) {
		buf_str(&line, params);
	} else if (params) {
		die(POD_EXIT_USAGE, "call: --params holds all parameters, or none");
	} else {
		jw_open(&line, '{');
		for (int i = 1; i < n; i++)
			add_param(&line, argv[i]);
		jw_close(&line, '}');
	}
	if (memchr(line.data, '\n', line.len))
		die(POD_EXIT_USAGE, "call: JSON in one line, please");
	return send_off(&line, waits, timeout);
}
