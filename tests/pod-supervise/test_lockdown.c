/* SPDX-License-Identifier: Apache-2.0 */
/* Each act in a child that locked down first: what was promised works, all else kills it. */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/lockdown.h"
#include "tests/lib/tap.h"

static int file, pair[2], tty;

static int act_nothing(void)
{
	return 0;
}

static int act_read_write(void)
{
	char byte = 'x';

	return write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1 ? 0 : 1;
}

static int act_memory(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && munmap(p, 1 << 20) == 0 ? 0 : 1;
}

static int act_exec_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int act_mprotect(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int act_open(void)
{
	return open("/dev/null", O_RDONLY) < 0;
}

static int act_exec(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int act_fork(void)
{
	return fork() < 0;
}

static int act_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int act_kill(void)
{
	return kill(getppid(), 0);
}

static int act_x32(void)
{
	return (int)syscall(0x40000000L | SYS_read, file, NULL, 0);
}

static int act_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, 0, 0);
}

static int act_size(void)
{
	struct winsize w = {.ws_row = 5, .ws_col = 7};

	return ioctl(tty, TIOCSWINSZ, &w);
}

static int act_sti(void)
{
	return ioctl(tty, TIOCSTI, "x");
}

static int act_file(void)
{
	char byte = 'x';

	return pwrite(file, &byte, 1, 0) == 1 && pread(file, &byte, 1, 0) == 1 &&
			       ftruncate(file, 0) == 0
		       ? 0
		       : 1;
}

static int act_send(void)
{
	return send(pair[0], "x", 1, MSG_NOSIGNAL) == 1 ? 0 : 1;
}

static int act_setuid(void)
{
	return setuid(0);
}

static const struct act {
	const char *name;
	unsigned promises;
	int (*run)(void);
	bool allowed;
} acts[] = {
	{"doing nothing", PROMISE_STDIO, act_nothing, true},
	{"read and write", PROMISE_STDIO, act_read_write, true},
	{"plain memory", PROMISE_STDIO, act_memory, true},
	{"executable memory", PROMISE_STDIO, act_exec_memory, false},
	{"making memory executable", PROMISE_STDIO, act_mprotect, false},
	{"opening a file", PROMISE_STDIO | PROMISE_FILE, act_open, false},
	{"running a program", PROMISE_STDIO, act_exec, false},
	{"forking", PROMISE_STDIO, act_fork, false},
	{"a socket of its own", PROMISE_ACCEPT, act_socket, false},
	{"signals to others", PROMISE_STDIO, act_kill, false},
	{"the x32 door", PROMISE_STDIO, act_x32, false},
	{"ptrace", PROMISE_STDIO, act_ptrace, false},
	{"becoming root again", PROMISE_STDIO, act_setuid, false},
	{"a window size, promised", PROMISE_TTY, act_size, true},
	{"a window size, not promised", PROMISE_FILE, act_size, false},
	{"typing into a terminal", PROMISE_TTY, act_sti, false},
	{"an open file, promised", PROMISE_FILE, act_file, true},
	{"an open file, not promised", PROMISE_TTY, act_file, false},
	{"sending, promised", PROMISE_ACCEPT, act_send, true},
	{"sending, not promised", PROMISE_FILE, act_send, false},
};

static int status_of(const struct act *act)
{
	const struct lockdown l = {.promises = act->promises, .uid = 65534, .gid = 65534};
	const struct rlimit no_core = {0, 0};
	int wstatus = 0;
	struct err e = {0};
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		if (lockdown(&l, &e) < 0)
			_exit(99);
		_exit(act->run());
	}
	waitpid(pid, &wstatus, 0);
	return WIFSIGNALED(wstatus) ? -WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

/* What /proc says of a child that locked down and waits. */
static void test_proc(void)
{
	static const char *const want[] = {"Uid:\t65534\t65534\t65534\t65534",
					   "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000",
					   "NoNewPrivs:\t1", "Seccomp:\t2"};
	const struct lockdown l = {.promises = PROMISE_STDIO, .uid = 65534, .gid = 65534};
	struct err e = {0};
	char path[64], text[8192] = "", byte = 0;
	int talk[2];
	pid_t pid;
	FILE *f;

	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, talk) == 0, "a way to talk");
	pid = fork();
	if (pid == 0) {
		if (lockdown(&l, &e) == 0 && write(talk[0], &byte, 1) == 1 &&
		    read(talk[0], &byte, 1) == 1)
			_exit(0);
		_exit(1);
	}
	ok(read(talk[1], &byte, 1) == 1, "the child is locked down");
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	if (f)
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ok(strstr(text, want[i]), "/proc/PID/status says %s", want[i]);
	if (f)
		fclose(f);
	ok(write(talk[1], &byte, 1) == 1 && waitpid(pid, NULL, 0) == pid, "it ends");
}

int main(void)
{
	if (geteuid() != 0) {
		skip_rest("needs root");
		return done_testing();
	}
	file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	tty = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (file < 0 || tty < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 2;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		is_int(status_of(&acts[i]), acts[i].allowed ? 0 : -SIGSYS, "%s %s", acts[i].name,
		       acts[i].allowed ? "works" : "kills");
	test_proc();
	return done_testing();
}
