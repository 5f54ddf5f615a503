/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define COMMAND_MS 60000

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

int prompt_possible(void)
{
	OWN_FD int tty = open_terminal();

	return tty >= 0;
}

/* One byte of typing; 1 at the end of the line.  Signals are keys here: the terminal is put back
 * as it was before anything ends. */
static int take_key(struct secret *s, size_t max, char key)
{
	if (key == '\n' || key == '\r' || key == 4)
		return 1;
	if (key == 3 || key == 28)
		return -ECANCELED;
	if (key == 127 || key == 8)
		s->len -= s->len > 0;
	else if (key == 21)
		s->len = 0;
	else if (s->len < max)
		s->data[s->len++] = key;
	else
		return -EFBIG;
	return 0;
}

static int type_line(struct secret *s, int tty, size_t max)
{
	int r = 0;
	char key;

	while (r == 0) {
		ssize_t n = read(tty, &key, 1);

		if (n < 0 && errno == EINTR)
			continue;
		r = n == 1 ? take_key(s, max, key) : -EIO;
	}
	return r < 0 ? r : 0;
}

int prompt_line(struct secret *s, size_t max, const char *text, struct err *e)
{
	OWN_FD int tty = open_terminal();
	struct termios old, hidden;
	int r;

	if (tty < 0 || tcgetattr(tty, &old) < 0)
		return err_set(e, ENOTTY, "ask for it");
	r = secret_new(s, max + 1, e);
	if (r < 0)
		return r;
	hidden = old;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	tcsetattr(tty, TCSAFLUSH, &hidden);
	write_full(tty, text, strlen(text));
	s->len = 0;
	r = type_line(s, tty, max);
	tcsetattr(tty, TCSAFLUSH, &old);
	write_full(tty, "\n", 1);
	s->data[s->len] = '\0';
	if (r == 0)
		return 0;
	secret_finish(s);
	return err_set(e, -r, "read what is typed");
}

int prompt_new(struct secret *s, size_t max, const char *text, const char *again, struct err *e)
{
	OWN_SECRET struct secret second = {0};
	int r = prompt_line(s, max, text, e);

	if (r == 0)
		r = prompt_line(&second, max, again, e);
	if (r < 0)
		return r;
	if (s->len == second.len && sodium_memcmp(s->data, second.data, s->len) == 0)
		return 0;
	secret_finish(s);
	return err_set(e, ERR_PLAIN, "the two are not the same; nothing was changed");
}

static void drop_newline(struct secret *s)
{
	if (s->len > 0 && s->data[s->len - 1] == '\n')
		secret_cut(s, s->len - 1);
}

static int check_passphrase(struct secret *s, bool is_new, struct err *e)
{
	if (s->len >= (is_new ? 8 : 1))
		return 0;
	secret_finish(s);
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  "a passphrase of less than eight characters is none");
}

int prompt_passphrase(struct secret *s, int fd, const char *text, int is_new, struct err *e)
{
	int r;

	if (fd >= 0)
		r = secret_read(s, fd, PROMPT_MAX, "the passphrase", e);
	else if (is_new)
		r = prompt_new(s, PROMPT_MAX, text, "Once more: ", e);
	else
		r = prompt_line(s, PROMPT_MAX, text, e);
	if (r < 0)
		return r;
	drop_newline(s);
	return check_passphrase(s, is_new, e);
}

/* --- a command --- */

static void become(char *const argv[], int out)
{
	OWN_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (dup2(null, 0) < 0 || dup2(out, 1) < 0)
		_exit(POD_EXIT_BEFORE_RUN);
	close_range(3, ~0u, 0);
	execv(argv[0], argv);
	_exit(errno == ENOENT ? POD_EXIT_NOT_FOUND : POD_EXIT_CANNOT_RUN);
}

/* All it prints, until it closes its end, is too slow, or says too much. */
static int hear(struct secret *s, int fd, struct err *e)
{
	int64_t end = clock_ms() + COMMAND_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t at = 0;
	int r = secret_new(s, PROMPT_MAX + 1, e);

	while (r == 0) {
		int64_t left = end - clock_ms();
		ssize_t n = 0;

		if (left <= 0 || (r = poll(&p, 1, (int)left)) == 0)
			return err_set(e, ETIMEDOUT, "wait for the key command");
		n = r < 0 ? -1 : read(fd, s->data + at, s->len - at);
		r = n < 0 && errno != EINTR ? err_set(e, errno, "listen to the key command") : 0;
		at += n > 0 ? (size_t)n : 0;
		if (at == s->len)
			return err_set(e, EFBIG, "listen to the key command");
		if (n == 0)
			break;
	}
	secret_cut(s, at);
	return r;
}

static int command_ended(pid_t pid, bool give_up, const char *name, struct err *e)
{
	int status;

	if (give_up)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "wait for the key command");
	if (give_up || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return 0;
	return err_set(e, ERR_PLAIN, "the key command %s ended with status %d", esc(name),
		       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int run_command(struct secret *s, struct strv *argv, struct err *e)
{
	OWN_FD int mine = -1, its = -1;
	int ends[2], r, ended;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	mine = ends[0];
	its = ends[1];
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "start the key command");
	if (pid == 0)
		become(argv->v, its);
	close(take_fd(&its));
	r = hear(s, mine, e);
	ended = command_ended(pid, r < 0, argv->v[0], e);
	return r < 0 ? r : ended;
}

int prompt_command(struct secret *s, const char *words, size_t len, struct err *e)
{
	OWN_STRV struct strv argv = {0};
	int r;

	for (const char *w = words; w < words + len; w += strlen(w) + 1)
		strv_add(&argv, w);
	if (argv.n == 0 || argv.v[0][0] != '/')
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "the key command is no path that begins with /");
	r = run_command(s, &argv, e);
	if (r == 0)
		drop_newline(s);
	if (r == 0 && s->len == 0)
		r = err_set(e, ERR_PLAIN, "the key command %s printed nothing", esc(argv.v[0]));
	if (r < 0)
		secret_finish(s);
	return r;
}
