/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject [-r] [-o FILE] ACTION N COMMAND [ARG]...: let something happen at the Nth system call of
 * COMMAND and its children that changes a file (-r: or looks at one).
 *
 *     kill              SIGKILL, before the call is made
 *     EIO ENOSPC EINTR  the call is not made and fails with that
 *     none              nothing: to count
 *
 * FILE gets "hit CALL" when there was an Nth call, else "missed COUNT".  The status is COMMAND's.
 * A filter stops the command at those calls alone, so that it is as fast as without.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum kind { CHANGES, LOOKS, OPENS, CLONES };

struct call {
	long nr;
	const char *name;
	enum kind kind;
};

#define CALL(name, kind)                \
	{                               \
		SYS_##name, #name, kind \
	}

static const struct call calls[] = {
	CALL(mkdirat, CHANGES),      CALL(mknodat, CHANGES),
	CALL(symlinkat, CHANGES),    CALL(linkat, CHANGES),
	CALL(unlinkat, CHANGES),     CALL(renameat, CHANGES),
	CALL(renameat2, CHANGES),
#ifdef SYS_rename /* the old calls, where the machine has them */
	CALL(mkdir, CHANGES),        CALL(rmdir, CHANGES),
	CALL(symlink, CHANGES),      CALL(link, CHANGES),
	CALL(unlink, CHANGES),       CALL(rename, CHANGES),
	CALL(chmod, CHANGES),        CALL(chown, CHANGES),
#endif
	CALL(write, CHANGES),        CALL(pwrite64, CHANGES),
	CALL(writev, CHANGES),       CALL(copy_file_range, CHANGES),
	CALL(sendfile, CHANGES),     CALL(ftruncate, CHANGES),
	CALL(fallocate, CHANGES),    CALL(fchmod, CHANGES),
	CALL(fchmodat, CHANGES),     CALL(fchown, CHANGES),
	CALL(fchownat, CHANGES),     CALL(utimensat, CHANGES),
	CALL(setxattr, CHANGES),     CALL(lsetxattr, CHANGES),
	CALL(fsetxattr, CHANGES),    CALL(removexattr, CHANGES),
	CALL(lremovexattr, CHANGES), CALL(fremovexattr, CHANGES),
	CALL(fsync, CHANGES),        CALL(fdatasync, CHANGES),
	CALL(syncfs, CHANGES),       CALL(ioctl, CLONES),
	CALL(openat, OPENS),         CALL(openat2, OPENS),
	CALL(read, LOOKS),           CALL(pread64, LOOKS),
	CALL(getdents64, LOOKS),     CALL(newfstatat, LOOKS),
	CALL(fstat, LOOKS),          CALL(statx, LOOKS),
	CALL(readlinkat, LOOKS),     CALL(faccessat, LOOKS),
	CALL(lseek, LOOKS),          CALL(getxattr, LOOKS),
	CALL(lgetxattr, LOOKS),      CALL(fgetxattr, LOOKS),
	CALL(listxattr, LOOKS),      CALL(llistxattr, LOOKS),
	CALL(flistxattr, LOOKS),
};

static const struct {
	const char *word;
	int code; /* 0: kill, -1: none */
} actions[] = {{"kill", 0}, {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"none", -1}};

struct injector {
	bool reads;
	const char *report;
	int code;
	unsigned long at, seen;
	const struct call *hit;
	pid_t child;
	int status;
};

static void fail(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* --- the command --- */

static void install_filter(void)
{
	struct sock_filter f[COUNT(calls) + 3];
	struct sock_fprog prog = {COUNT(f), f};
	const unsigned short n = COUNT(calls);

	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, nr));
	for (unsigned short i = 0; i < n; i++)
		f[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							(unsigned)calls[i].nr,
							(unsigned char)(n - i), 0);
	f[1 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	f[2 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		fail("install the filter (root is needed)");
}

static void run_command(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		fail("be traced");
	raise(SIGSTOP); /* until the tracer has set its options */
	install_filter();
	execvp(argv[0], argv);
	fail(argv[0]);
}

/* --- the tracer --- */

static const struct call *find_call(uint64_t nr)
{
	for (size_t i = 0; i < COUNT(calls); i++)
		if ((uint64_t)calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

/* The flags of openat are an argument, those of openat2 the first word of a struct. */
static bool opens_for_change(pid_t pid, const struct call *c, const uint64_t *args)
{
	uint64_t flags = args[2];

	if (c->nr == SYS_openat2) {
		errno = 0;
		flags = (uint64_t)ptrace(PTRACE_PEEKDATA, pid, args[2], 0);
		if (errno)
			fail("read the flags of openat2");
	}
	return flags & (O_CREAT | O_TRUNC);
}

static bool counts(const struct injector *in, pid_t pid, const struct call *c, const uint64_t *args)
{
	switch (c->kind) {
	case CHANGES:
		return true;
	case CLONES:
		return args[1] == FICLONE;
	case OPENS:
		return in->reads || opens_for_change(pid, c, args);
	default:
		return in->reads;
	}
}

/* Number -1: the kernel makes no call, and what lies in the result's register is the result. */
static void refuse_call(pid_t pid, int code)
{
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)};

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) < 0)
		fail("read registers");
#if defined(__x86_64__)
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)-code;
#elif defined(__aarch64__)
	int none = -1;
	struct iovec number = {&none, sizeof(none)};

	if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number) < 0)
		fail("skip the call");
	regs.regs[0] = (unsigned long long)-code;
#else
#error which register holds the result?
#endif
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov) < 0)
		fail("write registers");
}

static void at_call(struct injector *in, pid_t pid)
{
	struct __ptrace_syscall_info info;
	const struct call *c;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		fail("look at the call");
	c = find_call(info.seccomp.nr);
	if (!c || !counts(in, pid, c, info.seccomp.args) || ++in->seen != in->at || in->code < 0)
		return;
	in->hit = c;
	if (in->code == 0)
		kill(in->child, SIGKILL);
	if (in->code == 0)
		kill(pid, SIGKILL);
	else
		refuse_call(pid, in->code);
}

/* The signal to hand on: stops of our own making are not the command's. */
static int signal_of(struct injector *in, pid_t pid, int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
		at_call(in, pid);
		return 0;
	}
	return status >> 16 || sig == SIGSTOP || sig == SIGTRAP ? 0 : sig;
}

static void trace(struct injector *in)
{
	const int options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status;
	pid_t pid;

	if (waitpid(in->child, &status, 0) < 0 || ptrace(PTRACE_SETOPTIONS, in->child, 0, options))
		fail("trace");
	ptrace(PTRACE_CONT, in->child, 0, 0);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, signal_of(in, pid, status));
		else if (pid == in->child)
			in->status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static void report(const struct injector *in)
{
	FILE *f = in->report ? fopen(in->report, "we") : stderr;

	if (!f)
		fail(in->report);
	if (in->hit)
		fprintf(f, "hit %s\n", in->hit->name);
	else
		fprintf(f, "missed %lu\n", in->seen);
	fclose(f);
}

static bool read_action(struct injector *in, const char *word)
{
	for (size_t i = 0; i < COUNT(actions); i++)
		if (strcmp(actions[i].word, word) == 0) {
			in->code = actions[i].code;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	struct injector in = {.status = 125};
	int c;

	while ((c = getopt(argc, argv, "+ro:")) != -1) {
		if (c == 'r')
			in.reads = true;
		else if (c == 'o')
			in.report = optarg;
		else
			return 64;
	}
	if (argc - optind < 3 || !read_action(&in, argv[optind])) {
		fprintf(stderr, "usage: inject [-r] [-o FILE] ACTION N COMMAND [ARG]...\n");
		return 64;
	}
	in.at = strtoul(argv[optind + 1], NULL, 10);
	in.child = fork();
	if (in.child < 0)
		fail("fork");
	if (in.child == 0)
		run_command(argv + optind + 2);
	trace(&in);
	report(&in);
	return in.status;
}
