/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/age.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"

/* --- the program --- */

/* PATH leads to age and its plugins, HOME to what these keep; nothing else is theirs. */
static void become(char *const argv[], int in, int out)
{
	static const char *const names[] = {"PATH", "HOME", "TERM"};
	const struct rlimit core = {1, 1}; /* 0 would still be piped to a handler */
	OWN_STRV struct strv env = {0};

	for (size_t i = 0; i < 3; i++)
		if (secure_getenv(names[i]))
			strv_fmt(&env, "%s=%s", names[i], secure_getenv(names[i]));
	strv_add(&env, "GOTRACEBACK=none");
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
		_exit(POD_EXIT_BEFORE_RUN);
	setrlimit(RLIMIT_CORE, &core);
	signal(SIGPIPE, SIG_DFL);
	close_range(3, ~0u, 0);
	execvpe(argv[0], argv, env.v);
	_exit(errno == ENOENT ? POD_EXIT_NOT_FOUND : POD_EXIT_CANNOT_RUN);
}

struct child {
	pid_t pid;
	int in, out; /* our ends */
};

static void child_finish(struct child *c)
{
	own_close(&c->in);
	own_close(&c->out);
}

static int start(struct child *c, char *const argv[], struct err *e)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || (c->pid = fork()) < 0) {
		err_set(e, errno, "start age");
		for (int i = 0; i < 2; i++) {
			own_close(&in[i]);
			own_close(&out[i]);
		}
		return -EIO;
	}
	if (c->pid == 0)
		become(argv, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	return 0;
}

static int end(const struct child *c, bool give_up, const char *what, struct err *e)
{
	int status;

	if (give_up)
		kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "wait for age");
	if (give_up || status == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == POD_EXIT_NOT_FOUND)
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "bundles for recipients need the program age, which is not here "
				  "(Debian: apt install age)");
	return err_set(e, ERR_PLAIN, "age could not %s (what it says stands above)", what);
}

/* --- text through it --- */

/* What it does not want to read is not pressed upon it: its status says why. */
static void give(struct child *c, const struct secret *in, size_t *given)
{
	ssize_t n = write(c->in, in->data + *given, in->len - *given);

	*given += n > 0 ? (size_t)n : 0;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || *given == in->len) {
		close(c->in);
		c->in = -1;
	}
}

/* Both ways at a time, until it closes its end. */
static int pump(struct child *c, const struct secret *in, struct secret *out, struct err *e)
{
	size_t given = 0, taken = 0;

	for (;;) {
		struct pollfd p[] = {{.fd = c->out, .events = POLLIN},
				     {.fd = c->in, .events = POLLOUT}};
		ssize_t n = 0;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "wait for age");
		if (c->in >= 0 && p[1].revents)
			give(c, in, &given);
		if (!p[0].revents)
			continue;
		n = read(c->out, out->data + taken, out->len - taken);
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "read what age writes");
		taken += n > 0 ? (size_t)n : 0;
		if (taken == out->len)
			return err_set(e, EFBIG, "read what age writes");
		if (n == 0)
			break;
	}
	secret_cut(out, taken);
	return 0;
}

static int pass(char *const argv[], const struct secret *in, struct secret *out, const char *what,
		struct err *e)
{
	OWN(child_finish) struct child c = {.in = -1, .out = -1};
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	int r = secret_new(out, AGE_MAX + 1, e), ended = 0;

	if (r == 0)
		r = start(&c, argv, e);
	if (r == 0) {
		r = pump(&c, in, out, e);
		ended = end(&c, r < 0, what, e);
	}
	signal(SIGPIPE, old);
	return r < 0 ? r : ended;
}

/* "-" would be standard input, where the text comes from. */
static int add_files(struct strv *argv, const char *option, const struct strv *files, struct err *e)
{
	for (size_t i = 0; i < files->n; i++) {
		if (strcmp(files->v[i], "-") == 0)
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
					  "%s - cannot be: standard input is for other things",
					  option);
		strv_add(argv, option);
		strv_add(argv, files->v[i]);
	}
	return 0;
}

int age_seal(const struct strv *recipients, const struct strv *files, const struct secret *text,
	     struct secret *sealed, struct err *e)
{
	OWN_STRV struct strv argv = {0};
	int r;

	strv_add(&argv, "age");
	strv_add(&argv, "--encrypt");
	for (size_t i = 0; i < recipients->n; i++) {
		strv_add(&argv, "-r");
		strv_add(&argv, recipients->v[i]);
	}
	r = add_files(&argv, "-R", files, e);
	return r == 0 ? pass(argv.v, text, sealed, "seal the bundle", e) : r;
}

int age_open(const struct strv *identities, const struct secret *sealed, struct secret *text,
	     struct err *e)
{
	OWN_STRV struct strv argv = {0};
	int r;

	strv_add(&argv, "age");
	strv_add(&argv, "--decrypt");
	r = add_files(&argv, "-i", identities, e);
	return r == 0 ? pass(argv.v, sealed, text, "open the bundle", e) : r;
}
