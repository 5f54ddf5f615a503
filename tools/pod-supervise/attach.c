/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/frame.h"
#include "tools/pod-supervise/keys.h"
#include "tools/pod-supervise/slot.h"

struct attach {
	int sock, signals;
	bool is_tty;   /* standard input is a terminal, and raw */
	bool no_input; /* it has ended, or was not wanted */
	bool failed;   /* the supervisor takes no more */
	bool detached;
	struct termios before;
	struct keys keys;
	unsigned char in[FRAME_HEAD + FRAME_MAX];
	size_t in_len;
	int status; /* -1 while attached */
};

static void attach_finish(struct attach *a)
{
	if (a->is_tty)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &a->before);
	own_close(&a->sock);
	own_close(&a->signals);
}

static int connect_run(const struct pod *p, unsigned number, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", p->run,
		 slot_name("supervise", number, "sock"));
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(e, errno, "attach to run %u of pod %s", number, p->name);
	return take_fd(&fd);
}

/* Keys go through as they are: Ctrl-C is the run's, not ours. */
static int make_raw(struct attach *a, struct err *e)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &a->before) < 0)
		return 0;
	raw = a->before;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return err_set(e, errno, "switch the terminal to raw keys");
	a->is_tty = true;
	return 0;
}

/* The window's size; and what would end us with the terminal still raw. */
static int watch_signals(struct attach *a, struct err *e)
{
	static const int taken[] = {SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&set, taken[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	a->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return a->signals < 0 ? err_set(e, errno, "watch for signals") : 0;
}

static void lost(struct attach *a)
{
	say_error("the supervisor went away");
	a->status = POD_EXIT_FAILED;
}

static void send_frame(struct attach *a, enum frame_type type, const void *data, size_t len)
{
	OWN_BUF struct buf b = BUF_INIT;
	const char *p = data;
	size_t sent = 0;

	for (size_t n; len > 0; p += n, len -= n) {
		n = len < FRAME_MAX ? len : FRAME_MAX;
		frame_add(&b, type, p, n);
	}
	while (sent < b.len && !a->failed) {
		ssize_t n = send(a->sock, b.data + sent, b.len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			a->failed = a->no_input = true; /* what it still says is read */
	}
}

static void send_size(struct attach *a)
{
	struct winsize w;

	if (a->is_tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
		const unsigned char size[] = {
			(unsigned char)(w.ws_row >> 8), (unsigned char)w.ws_row,
			(unsigned char)(w.ws_col >> 8), (unsigned char)w.ws_col};

		send_frame(a, FRAME_SIZE, size, sizeof(size));
	}
}

static void take_keys(struct attach *a)
{
	OWN_BUF struct buf out = BUF_INIT;
	char chunk[4096];
	ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	a->no_input = n <= 0;
	if (n <= 0)
		return;
	if (!a->is_tty)
		send_frame(a, FRAME_INPUT, chunk, (size_t)n);
	else if (keys_take(&a->keys, chunk, (size_t)n, &out))
		a->detached = true;
	if (out.len)
		send_frame(a, FRAME_INPUT, out.data, out.len);
}

static void take_frames(struct attach *a)
{
	struct frame f;
	int n;

	while ((n = frame_parse(&f, a->in, a->in_len)) > 0 && a->status < 0) {
		if (f.type == FRAME_EXIT)
			a->status = f.data[0];
		else if (f.type == FRAME_OUTPUT && write_full(STDOUT_FILENO, f.data, f.len) < 0)
			a->status = POD_EXIT_FAILED;
		a->in_len -= (size_t)n;
		memmove(a->in, a->in + n, a->in_len);
	}
	if (n < 0)
		lost(a);
}

static void take_output(struct attach *a)
{
	ssize_t n = recv(a->sock, a->in + a->in_len, sizeof(a->in) - a->in_len, 0);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		lost(a);
		return;
	}
	a->in_len += (size_t)n;
	take_frames(a);
}

static void take_signal(struct attach *a)
{
	struct signalfd_siginfo info;

	if (read(a->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		send_size(a);
	else
		a->status = POD_EXIT_SIGNAL + (int)info.ssi_signo;
}

static void loop(struct attach *a)
{
	while (a->status < 0 && !a->detached) {
		struct pollfd fds[] = {
			{.fd = a->sock, .events = POLLIN},
			{.fd = a->no_input ? -1 : STDIN_FILENO, .events = POLLIN},
			{.fd = a->signals, .events = POLLIN},
		};

		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[2].revents)
			take_signal(a);
		if (fds[0].revents)
			take_output(a);
		else if (fds[1].revents)
			take_keys(a);
	}
}

static int attach(const char *pod, unsigned number, bool no_input)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN(run_finish) struct run r = RUN_INIT;
	OWN(attach_finish) struct attach a = {.sock = -1, .signals = -1, .status = -1};
	struct err e = {0};

	if (pod_open(&p, pod, &e) < 0 || run_find(&p, number, &r, &e) < 0)
		return say_err(&e);
	a.no_input = no_input;
	a.sock = connect_run(&p, r.number, &e);
	if (a.sock < 0 || watch_signals(&a, &e) < 0 || (!no_input && make_raw(&a, &e) < 0))
		return say_err(&e);
	if (a.is_tty)
		say_note("detach with Ctrl-P Ctrl-Q");
	send_size(&a);
	loop(&a);
	if (!a.detached)
		return a.status;
	fprintf(stderr, "\r\nDetached; the run goes on (envpod fg %s comes back).\r\n", pod);
	return POD_EXIT_OK;
}

int cmd_attach(int argc, char **argv)
{
	uint64_t number = 0;
	bool no_input = false;
	const struct opt opts[] = {
		{OPT_U64, 'r', "run", &number, "N", "this run, not the newest"},
		{OPT_FLAG, 0, "no-input", &no_input, NULL, "watch only"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-supervise attach [OPTION]... POD",
		"Join the terminal of a background run; Ctrl-P Ctrl-Q leaves it again.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (number > SLOT_MAX)
		die(POD_EXIT_USAGE, "--run: there are at most %d runs", SLOT_MAX);
	return attach(argv[0], (unsigned)number, no_input);
}
