/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter is written by hand: a table of numbers becomes one comparison each, which is what a
 * filter library would make of it, without linking one into every small program.
 */
#include "libcommon/lockdown.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "lockdown: which AUDIT_ARCH_ is this machine?"
#endif

#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | __O_TMPFILE)

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (UINT64_C(1) << 13)
#endif

/* No devices, sockets or pipes, and nothing is executed. */
#define MAKING                                                         \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |  \
	 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |   \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE)

enum arg_rule { ANY, EQUALS, WITHOUT };

static const struct row {
	unsigned promise;
	int nr;
	enum arg_rule rule; /* of argument arg's low 32 bits */
	unsigned arg, value;
} table[] = {
	{PROMISE_STDIO, SYS_read, ANY, 0, 0},
	{PROMISE_STDIO, SYS_write, ANY, 0, 0},
	{PROMISE_STDIO, SYS_ppoll, ANY, 0, 0},
#ifdef SYS_poll
	{PROMISE_STDIO, SYS_poll, ANY, 0, 0},
#endif
	{PROMISE_STDIO, SYS_close, ANY, 0, 0},
	{PROMISE_STDIO, SYS_restart_syscall, ANY, 0, 0},
	{PROMISE_STDIO, SYS_rt_sigreturn, ANY, 0, 0},
	{PROMISE_STDIO, SYS_brk, ANY, 0, 0},
	{PROMISE_STDIO, SYS_munmap, ANY, 0, 0},
	{PROMISE_STDIO, SYS_mremap, ANY, 0, 0},
	{PROMISE_STDIO, SYS_mmap, WITHOUT, 2, PROT_EXEC},
	{PROMISE_STDIO, SYS_mprotect, WITHOUT, 2, PROT_EXEC},
	{PROMISE_STDIO, SYS_madvise, ANY, 0, 0},
	{PROMISE_STDIO, SYS_futex, ANY, 0, 0}, /* pthread_once() of libraries */
	{PROMISE_STDIO, SYS_getpid, ANY, 0,
	 0}, /* random generators look whether they were forked */
	{PROMISE_STDIO, SYS_clock_gettime, ANY, 0, 0},
	{PROMISE_STDIO, SYS_getrandom, ANY, 0, 0},
	{PROMISE_STDIO, SYS_sigaltstack, ANY, 0, 0}, /* the address sanitizer asks at each exit */
	{PROMISE_STDIO, SYS_exit, ANY, 0, 0},
	{PROMISE_STDIO, SYS_exit_group, ANY, 0, 0},
	{PROMISE_ACCEPT, SYS_accept4, ANY, 0, 0},
	{PROMISE_ACCEPT, SYS_recvfrom, ANY, 0, 0},
	{PROMISE_ACCEPT, SYS_sendto, ANY, 0, 0},
	{PROMISE_ACCEPT, SYS_getsockopt, ANY, 0, 0},
	{PROMISE_ACCEPT, SYS_shutdown, ANY, 0, 0},
	{PROMISE_SOUND, SYS_recvmsg, ANY, 0, 0},
	{PROMISE_SOUND, SYS_sendmsg, ANY, 0, 0},
	{PROMISE_SOUND, SYS_eventfd2, ANY, 0, 0},
	{PROMISE_SOUND, SYS_epoll_create1, ANY, 0, 0},
	{PROMISE_SOUND, SYS_timerfd_create, ANY, 0, 0},
	{PROMISE_SOUND, SYS_timerfd_settime, ANY, 0, 0},
	{PROMISE_SOUND, SYS_timerfd_gettime, ANY, 0, 0},
	{PROMISE_SOUND, SYS_memfd_create, ANY, 0, 0},
	{PROMISE_SOUND, SYS_ftruncate, ANY, 0, 0},
	{PROMISE_SOUND, SYS_fcntl, ANY, 0, 0},
	{PROMISE_SOUND, SYS_fstat, ANY, 0, 0},
	{PROMISE_SOUND, SYS_mlock, ANY, 0, 0},
	{PROMISE_SOUND, SYS_munlock, ANY, 0, 0},
	{PROMISE_SOUND, SYS_rt_sigprocmask, ANY, 0, 0},
	{PROMISE_SOUND, SYS_sched_yield, ANY, 0, 0},
	{PROMISE_SOUND, SYS_gettid, ANY, 0, 0},
	{PROMISE_SOUND, SYS_shutdown, ANY, 0, 0},
	{PROMISE_SOUND, SYS_clock_nanosleep, ANY, 0, 0},
	{PROMISE_SOUND, SYS_getsockopt, ANY, 0, 0},
	{PROMISE_ROOM, SYS_setsockopt, EQUALS, 2, SO_SNDBUF},
	{PROMISE_FILE, SYS_pread64, ANY, 0, 0},
	{PROMISE_FILE, SYS_pwrite64, ANY, 0, 0},
	{PROMISE_STDIO, SYS_lseek, ANY, 0, 0},
	{PROMISE_FILE, SYS_ftruncate, ANY, 0, 0},
	{PROMISE_FILE, SYS_fstat, ANY, 0, 0},
	{PROMISE_FILE, SYS_fdatasync, ANY, 0, 0},
	{PROMISE_RECORD, SYS_openat, ANY, 0, 0},
	{PROMISE_RECORD, SYS_flock, ANY, 0, 0},
	{PROMISE_RECORD, SYS_fcntl, ANY, 0, 0},
	{PROMISE_RECORD, SYS_getdents64, ANY, 0, 0},
	{PROMISE_RECORD, SYS_newfstatat, ANY, 0, 0},
	{PROMISE_EPOLL, SYS_epoll_pwait, ANY, 0, 0},
#ifdef SYS_epoll_wait
	{PROMISE_EPOLL, SYS_epoll_wait, ANY, 0, 0},
#endif
	{PROMISE_EPOLL, SYS_epoll_ctl, ANY, 0, 0},
	{PROMISE_INET, SYS_socket, EQUALS, 0, AF_INET},
	{PROMISE_INET, SYS_socket, EQUALS, 0, AF_INET6},
	{PROMISE_INET, SYS_connect, ANY, 0, 0},
	{PROMISE_INET, SYS_setsockopt, ANY, 0, 0},
	{PROMISE_INET, SYS_getsockname, ANY, 0, 0},
	{PROMISE_INET, SYS_recvmsg, ANY, 0, 0},
	{PROMISE_TAKE, SYS_recvmsg, ANY, 0, 0},
	{PROMISE_INET, SYS_recvmmsg, ANY, 0, 0},
	{PROMISE_INET, SYS_sendmsg, ANY, 0, 0},
	{PROMISE_INET, SYS_sendmmsg, ANY, 0, 0},
	{PROMISE_LOCK, SYS_flock, ANY, 0, 0},
	{PROMISE_MLOCK, SYS_mlock, ANY, 0, 0},
	{PROMISE_MLOCK, SYS_mlock2, ANY, 0, 0},
	{PROMISE_MLOCK, SYS_munlock, ANY, 0, 0},
	{PROMISE_ALARM, SYS_setitimer, ANY, 0, 0},
	{PROMISE_FLAGS, SYS_fcntl, EQUALS, 1, F_GETFL},
	{PROMISE_FLAGS, SYS_fcntl, EQUALS, 1, F_SETFL},
	{PROMISE_FLAGS, SYS_fcntl, EQUALS, 1, F_SETFD},
	{PROMISE_FLAGS, SYS_getpeername, ANY, 0, 0},
	{PROMISE_SERVE, SYS_setsockopt, ANY, 0, 0},
	{PROMISE_SERVE, SYS_sendmsg, ANY, 0, 0},
	{PROMISE_SERVE, SYS_writev, ANY, 0, 0},
	{PROMISE_READ_FILES, SYS_openat, WITHOUT, 2, WRITING},
	{PROMISE_READ_FILES, SYS_newfstatat, ANY, 0, 0},
	{PROMISE_READ_FILES, SYS_fstat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_openat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_openat2, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_newfstatat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_fstat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_fstatfs, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_linkat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_symlinkat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_mkdirat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_unlinkat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_renameat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_renameat2, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_fchmod, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_utimensat, ANY, 0, 0},
	{PROMISE_MAKE_FILES, SYS_ftruncate, ANY, 0, 0},
	{PROMISE_OWN_FDS, SYS_readlinkat, ANY, 0, 0},
#ifdef SYS_readlink
	{PROMISE_OWN_FDS, SYS_readlink, ANY, 0, 0},
#endif
	{PROMISE_OWN_FDS, SYS_newfstatat, ANY, 0, 0},
	{PROMISE_SPLICE, SYS_splice, ANY, 0, 0},
	{PROMISE_SPLICE, SYS_pipe2, ANY, 0, 0},
	{PROMISE_SOCKETS, SYS_sendmsg, ANY, 0, 0},
	{PROMISE_SOCKETS, SYS_recvmsg, ANY, 0, 0},
	{PROMISE_SOCKETS, SYS_writev, ANY, 0, 0},
	{PROMISE_SOCKETS, SYS_setsockopt, ANY, 0, 0},
	{PROMISE_SOCKETS, SYS_uname, ANY, 0, 0}, /* getnameinfo() of a Unix socket */
	{PROMISE_SOCKETS, SYS_ioctl, EQUALS, 1, SIOCOUTQ},
	{PROMISE_SOCKETS, SYS_fcntl, EQUALS, 1, F_DUPFD_CLOEXEC},
	{PROMISE_UNIX, SYS_socket, EQUALS, 0, AF_UNIX},
	{PROMISE_UNIX, SYS_connect, ANY, 0, 0},
	{PROMISE_TTY, SYS_ioctl, EQUALS, 1, TIOCSWINSZ},
	{PROMISE_TTY, SYS_ioctl, EQUALS, 1, TIOCGWINSZ},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static void add(struct buf *b, struct sock_filter op)
{
	buf_add(b, &op, sizeof(op));
}

static void add_load(struct buf *b, size_t offset)
{
	add(b, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

/* Behind each comparison stands the next one; an argument is loaded over the number, so that the
 * number is loaded again before the next row. */
static void add_row(struct buf *b, const struct row *row)
{
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	unsigned op = row->rule == EQUALS ? BPF_JEQ : BPF_JSET;
	bool equals = row->rule == EQUALS;

	if (row->rule == ANY) {
		add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)row->nr, 0,
						    1));
		add(b, allow);
		return;
	}
	add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)row->nr, 0, 4));
	add_load(b, offsetof(struct seccomp_data, args) + row->arg * sizeof(__u64));
	add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, row->value, equals ? 0 : 1,
					    equals ? 1 : 0));
	add(b, allow);
	add_load(b, offsetof(struct seccomp_data, nr));
}

static void compile(struct buf *b, unsigned promises)
{
	const struct sock_filter kill = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

	add_load(b, offsetof(struct seccomp_data, arch));
	add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	add(b, kill);
	add_load(b, offsetof(struct seccomp_data, nr));
	/* The x32 numbers need no rule of their own: none of them is in the table. */
	for (size_t i = 0; i < ROWS; i++)
		if ((table[i].promise & promises) == table[i].promise)
			add_row(b, &table[i]);
	add(b, kill);
}

static int drop_ids(const struct lockdown *l, struct err *e)
{
	if (l->uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(l->gid, l->gid, l->gid) < 0 ||
	    setresuid(l->uid, l->uid, l->uid) < 0)
		return err_set(e, errno, "give up root's ids");
	return 0;
}

static int drop_caps(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}, {0}};

	if (syscall(SYS_capset, &head, none) < 0)
		return err_set(e, errno, "give up capabilities");
	return 0;
}

/* Links and names from one directory to another, which the first Landlock never allows. */
static uint64_t refer(const struct lockdown *l)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return l->n_write_beneath && version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
}

static int allow_beneath(int set, int dir, uint64_t access)
{
	struct landlock_path_beneath_attr at = {.allowed_access = access, .parent_fd = dir};

	return (int)syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &at, 0);
}

/* Files by Landlock: none but those named.  A kernel without it leaves that to ids and filter. */
static int close_files(const struct lockdown *l, struct err *e)
{
	const struct landlock_ruleset_attr all = {
		.handled_access_fs = ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) | refer(l)};
	OWN_FD int set = -1;

	if (l->promises & (PROMISE_RECORD | PROMISE_OWN_FDS))
		return 0;
	set = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (set < 0)
		return 0;
	for (size_t i = 0; i < l->n_read_beneath; i++)
		if (allow_beneath(set, l->read_beneath[i], LANDLOCK_ACCESS_FS_READ_FILE) < 0)
			return err_set(e, errno, "allow reading a directory");
	for (size_t i = 0; i < l->n_write_beneath; i++)
		if (allow_beneath(set, l->write_beneath[i], MAKING | refer(l)) < 0)
			return err_set(e, errno, "allow writing to a directory");
	if (syscall(SYS_landlock_restrict_self, set, 0) < 0)
		return err_set(e, errno, "close all other files");
	return 0;
}

int lockdown(const struct lockdown *l, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct sock_fprog prog;
	int r;

	tzset(); /* or gmtime(), at the first event, would look for the host's time zone */
	/* Programs are not run any more, so that no bounding set needs to be emptied. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "set no_new_privs");
	r = drop_ids(l, e);
	if (r == 0)
		r = drop_caps(e);
	if (r < 0)
		return r;
	if (l->death && prctl(PR_SET_PDEATHSIG, l->death) < 0)
		return err_set(e, errno, "end with the parent");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "hide from ptrace");
	r = close_files(l, e);
	if (r < 0)
		return r;
	compile(&b, l->promises);
	prog = (struct sock_fprog){.len = (unsigned short)(b.len / sizeof(struct sock_filter)),
				   .filter = (struct sock_filter *)(void *)b.data};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    l->threads ? SECCOMP_FILTER_FLAG_TSYNC : 0, &prog) != 0)
		return err_set(e, errno, "load the filter of system calls");
	return 0;
}
