/* SPDX-License-Identifier: Apache-2.0 */
/* Tools at work for us.  What they print is kept, up to a bound, and never read here. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-queue/steward.h"

#define TEXT_MAX (64u << 10)

struct child *child_free(struct steward *s)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (!s->children[i].pid)
			return &s->children[i];
	return NULL;
}

size_t children_running(const struct steward *s)
{
	size_t n = 0;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		n += s->children[i].pid && s->children[i].kind != CHILD_TELLS;
	return n;
}

bool child_of_kind(const struct steward *s, enum child_kind kind)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (s->children[i].pid && s->children[i].kind == kind)
			return true;
	return false;
}

bool child_has(const struct steward *s, const char *id)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (s->children[i].pid && strcmp(s->children[i].id, id) == 0)
			return true;
	return false;
}

void child_drop(const struct steward *s, uint32_t serial)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		const struct child *c = &s->children[i];

		if (c->pid && c->kind == CHILD_TELLS && c->serial == serial)
			kill(c->pid, SIGTERM);
	}
}

/* What goes beyond the bound is read and let go: a writer must not wait for us. */
static void on_text(void *arg, uint32_t events)
{
	struct child *c = arg;
	char data[16384];
	ssize_t n = read(c->out.fd, data, sizeof(data));

	(void)events;
	if (n <= 0 && !(n < 0 && (errno == EAGAIN || errno == EINTR))) {
		loop_remove(&c->s->loop, &c->out);
		return;
	}
	if (n > 0 && c->text.len < TEXT_MAX)
		buf_add(&c->text, data,
			(size_t)n < TEXT_MAX - c->text.len ? (size_t)n : TEXT_MAX - c->text.len);
}

/*
 * In the child: signals as they were before we had a loop, and nobody's input.  Who changes the
 * host outlives us, and must not die of a word that nobody reads any more.
 */
static void prepare(enum child_kind kind)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, kind == CHILD_GOVERNS ? SIG_IGN : SIG_DFL);
	setsid();
}

/* By name, so that who executes takes it for his own, and not for another's. */
static void pass_lock(int fd)
{
	char number[16];

	fcntl(fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", fd);
	setenv("ENVPOD_ACTION_FD", number, 1);
}

/* Files lie long in queue/input; what is read there must be what was approved. */
static int check_input(const struct child *c, struct err *e)
{
	crypto_hash_sha256_state s;
	unsigned char data[65536], hash[crypto_hash_sha256_BYTES];
	char now[ACTION_HEX];
	ssize_t n;

	if (!*c->input_hash)
		return 0;
	crypto_hash_sha256_init(&s);
	while ((n = read_full(0, data, sizeof(data))) > 0)
		crypto_hash_sha256_update(&s, data, (size_t)n);
	crypto_hash_sha256_final(&s, hash);
	sodium_bin2hex(now, sizeof(now), hash, sizeof(hash));
	if (n < 0 || lseek(0, 0, SEEK_SET) < 0)
		return err_set(e, n < 0 ? (int)-n : errno, "read queue/input/%s", c->id);
	return strcmp(now, c->input_hash) == 0
		       ? 0
		       : err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				    "what was to be read from queue/input/%s is not what was "
				    "approved",
				    c->id);
}

static pid_t start(const struct child *c, char *const argv[], int out, int kept, struct err *e)
{
	OWN_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (pid != 0)
		return pid < 0 ? err_set(e, errno, "start %s", argv[0]) : pid;
	prepare(c->kind);
	dup2(c->input >= 0 ? c->input : null, 0);
	dup2(out, 1);
	dup2(out, 2);
	if (kept >= 0)
		pass_lock(kept);
	if (check_input(c, e) == 0)
		spawn_exec(argv, e);
	say_error("%s", e->msg);
	_exit(err_exit(e));
}

int child_start(struct steward *s, struct child *c, char *const argv[], int kept, struct err *e)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	OWN_FD int in = ends[0], out = ends[1];

	pid = start(c, argv, out, kept, e);
	own_close(&c->input);
	c->input = -1;
	if (pid < 0)
		return pid;
	fcntl(in, F_SETFL, O_NONBLOCK);
	buf_clear(&c->text);
	buf_str(&c->text, "");
	c->s = s;
	c->pid = pid;
	c->out = (struct watch){.fd = take_fd(&in), .fn = on_text, .arg = c};
	if (loop_add(&s->loop, &c->out, EPOLLIN) < 0) {
		close(c->out.fd);
		c->out.fd = -1;
	}
	return 0;
}

static void tell(struct steward *s, struct child *c, int status)
{
	bool ok = WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 1);

	if (!ok)
		answer_error(s, c->serial, "failed",
			     c->text.len ? c->text.data : "the question could not be answered");
	else
		answer_lines(s, c->serial, c->text.data, c->text.len);
}

static void ended(struct steward *s, struct child *c, int status)
{
	char how[64];

	while (c->out.fd >= 0) {
		size_t before = c->text.len;

		on_text(c, EPOLLIN);
		if (c->out.fd >= 0 && c->text.len == before)
			break; /* a grandchild holds it open: what it says is not ours to wait for
				*/
	}
	if (c->out.fd >= 0)
		loop_remove(&s->loop, &c->out);
	if (c->kind == CHILD_TELLS)
		tell(s, c, status);
	else if (c->kind == CHILD_GOVERNS)
		govern_ended(s, c, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	else if (WIFSIGNALED(status)) {
		snprintf(how, sizeof(how), "its executor was killed by signal %d",
			 WTERMSIG(status));
		due_ended(s, c->id, how);
	} else
		due_ended(s, c->id,
			  c->text.len ? c->text.data : "its executor ended without a word");
	buf_finish(&c->text);
	c->pid = 0;
}

void children_reap(struct steward *s)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *c = &s->children[i];
		int status;

		if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid)
			ended(s, c, status);
	}
}

/* Whoever executes ends with us, on record as interrupted by the next steward. */
void children_finish(struct steward *s)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (s->children[i].pid && s->children[i].kind != CHILD_GOVERNS) {
			kill(s->children[i].pid, SIGTERM);
			waitpid(s->children[i].pid, NULL, 0);
		}
}
