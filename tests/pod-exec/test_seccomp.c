/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled filter against two oracles: the rules read literally, for every number and every
 * value next to one that a rule tests; and libseccomp, where its language says the same.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/spawn.h"
#include "tests/lib/tap.h"
#include "tools/pod-exec/seccomp.h"
#include "tools/pod-exec/seccomp_bpf.h"

#define NUMBERS 600

/* A machine for the instructions that filters are made of; 1 << 30 for anything else. */
static uint32_t simulate(const struct sock_filter *v, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &v[pc];
		bool yes;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)d + i->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		default:
			return 1u << 30;
		}
		pc += yes ? i->jt : i->jf;
	}
	return 1u << 30;
}

static bool holds(const struct rule_test *t, uint64_t arg)
{
	switch (t->op) {
	case OP_EQ:
		return arg == t->value;
	case OP_NE:
		return arg != t->value;
	case OP_LT:
		return arg < t->value;
	case OP_LE:
		return arg <= t->value;
	case OP_GT:
		return arg > t->value;
	case OP_GE:
		return arg >= t->value;
	case OP_MASKED:
		return (arg & t->mask) == t->value;
	}
	return false;
}

/* What the header promises, read literally. */
static uint32_t expected(const struct rules *r, const struct seccomp_data *d)
{
	for (size_t i = 0; i < r->n; i++) {
		bool all = r->v[i].nr == d->nr;

		for (size_t t = 0; t < r->v[i].ntests; t++)
			all = all && holds(&r->v[i].tests[t], d->args[r->v[i].tests[t].index]);
		if (all)
			return r->v[i].action;
	}
	return d->nr > r->highest ? r->unknown : r->fallback;
}

/* The values around one that a rule tests, each argument in turn and all alike. */
static unsigned long long compare_at(const struct rules *r, const struct bpf *b, int nr, uint64_t v)
{
	const uint64_t near[] = {
		v,      v - 1,           v + 1,        ~v, v | 1ull << 32, v | 1ull << 63, v ^ 1,
		v << 1, v & 0xffffffffu, v & ~0xffull, 0,  ~0ull};
	unsigned long long wrong = 0;

	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		for (unsigned arg = 0; arg <= 6; arg++) {
			struct seccomp_data d = {.nr = nr, .arch = AUDIT_ARCH_X86_64};

			for (unsigned j = 0; j < 6; j++)
				d.args[j] = arg == 6 || j == arg ? near[i] : 0;
			wrong += simulate(b->v, b->n, &d) != expected(r, &d);
		}
	return wrong;
}

static unsigned long long compare(const struct rules *r, const struct bpf *b)
{
	unsigned long long wrong = 0;

	for (int nr = 0; nr <= NUMBERS; nr++) {
		wrong += compare_at(r, b, nr, 0);
		for (size_t i = 0; i < r->n; i++)
			for (size_t t = 0; r->v[i].nr == nr && t < r->v[i].ntests; t++)
				wrong += compare_at(r, b, nr, r->v[i].tests[t].value) +
					 compare_at(r, b, nr, r->v[i].tests[t].mask);
	}
	return wrong;
}

/* Two tests together: netlink sockets need the family and the protocol. */
static unsigned long long compare_pairs(const struct rules *r, const struct bpf *b, int nr)
{
	unsigned long long wrong = 0;

	for (uint64_t family = 0; family < 50; family++)
		for (uint64_t protocol = 0; protocol < 50; protocol++) {
			struct seccomp_data d = {
				.nr = nr, .arch = AUDIT_ARCH_X86_64, .args = {family, 0, protocol}};

			wrong += simulate(b->v, b->n, &d) != expected(r, &d);
		}
	return wrong;
}

static void parse(struct rules *r, const char *text)
{
	struct err e = {0};

	if (!ok(rules_parse(r, text, strlen(text), &e) == 0, "rules are read"))
		diag("%s", e.msg);
}

static void compile(struct bpf *b, const struct rules *r, const char *what)
{
	struct err e = {0};

	b->n = 0;
	if (!ok(bpf_compile(b, r, &e) == 0, "%s compiles", what))
		diag("%s", e.msg);
}

/* pod-config stands beside the folder this test was built into. */
static void find_tools(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	OWN_FREE char *dir = NULL;

	path[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 3 && strrchr(path, '/'); i++)
		*strrchr(path, '/') = '\0';
	dir = xfmt("%s/bin", path);
	setenv("ENVPOD_TOOLS", dir, 0);
}

static bool read_profile(const char *name, struct buf *text)
{
	char *argv[] = {"pod-config", "seccomp", (char *)name, NULL};
	OWN_FD int fd = memfd_create("rules", MFD_CLOEXEC);
	struct err e = {0};

	return spawn_wait(argv, &(struct spawn_io){.in = -1, .out = fd, .err = -1}, &e) == 0 &&
	       lseek(fd, 0, SEEK_SET) == 0 && read_fd(fd, text, RULES_TEXT_MAX) == 0;
}

/* Can libseccomp say it?  Not where rules of one call lead to different actions. */
static bool plain(const struct rules *r, int nr)
{
	const struct rule *first = NULL;

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].nr != nr)
			continue;
		if (first && r->v[i].action != first->action)
			return false;
		first = &r->v[i];
	}
	return true;
}

static int oracle_add(scmp_filter_ctx ctx, const struct rule *r)
{
	static const enum scmp_compare ops[] = {
		[OP_EQ] = SCMP_CMP_EQ,           [OP_NE] = SCMP_CMP_NE, [OP_LT] = SCMP_CMP_LT,
		[OP_LE] = SCMP_CMP_LE,           [OP_GT] = SCMP_CMP_GT, [OP_GE] = SCMP_CMP_GE,
		[OP_MASKED] = SCMP_CMP_MASKED_EQ};
	struct scmp_arg_cmp args[RULE_TESTS];
	uint32_t action = r->action == SECCOMP_RET_ALLOW ? SCMP_ACT_ALLOW
							 : SCMP_ACT_ERRNO(r->action & 0xffff);

	for (size_t t = 0; t < r->ntests; t++) {
		const struct rule_test *one = &r->tests[t];

		args[t] = (struct scmp_arg_cmp){one->index, ops[one->op], one->value, 0};
		if (one->op == OP_MASKED)
			args[t] = (struct scmp_arg_cmp){one->index, SCMP_CMP_MASKED_EQ, one->mask,
							one->value};
	}
	return seccomp_rule_add_array(ctx, action, r->nr, (unsigned)r->ntests, args);
}

static void oracle(const struct rules *r, struct bpf *out)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(r->fallback & 0xffff));
	OWN_FD int fd = memfd_create("oracle", MFD_CLOEXEC);
	ssize_t n;

	for (size_t i = 0; i < r->n; i++)
		if (plain(r, r->v[i].nr) && r->v[i].action != r->fallback)
			oracle_add(ctx, &r->v[i]);
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	n = pread(fd, out->v, sizeof(out->v), 0);
	out->n = n > 0 ? (size_t)n / sizeof(out->v[0]) : 0;
}

static unsigned long long against_oracle(const struct rules *r, const struct bpf *ours,
					 const struct bpf *theirs)
{
	static const uint64_t values[] = {
		0,       1,       2,          8,          0x8000,     0x1000,     0xc000, 0x2000,
		0x20000, 0x20008, 0xffffffff, 0x10000000, 0x20000000, 0x7e020000, 0x80,   ~0ull};
	unsigned long long wrong = 0;

	for (int nr = 0; nr <= r->highest; nr++)
		for (size_t i = 0; plain(r, nr) && i < sizeof(values) / sizeof(values[0]); i++) {
			struct seccomp_data d = {.nr = nr, .arch = AUDIT_ARCH_X86_64};

			for (unsigned j = 0; j < 6; j++)
				d.args[j] = values[i];
			wrong += simulate(ours->v, ours->n, &d) !=
				 simulate(theirs->v, theirs->n, &d);
		}
	return wrong;
}

static uint32_t verdict(const struct bpf *b, int nr, uint32_t arch)
{
	return simulate(b->v, b->n, &(struct seccomp_data){.nr = nr, .arch = arch});
}

static void test_shipped(const char *name)
{
	static struct bpf b, theirs;
	OWN_BUF struct buf text = BUF_INIT;
	OWN_RULES struct rules r = {0};

	if (!ok(read_profile(name, &text), "%s: pod-config flattens it", name))
		return;
	parse(&r, text.data);
	compile(&b, &r, name);
	is_int((intmax_t)compare(&r, &b), 0, "%s: every number and class of arguments as said",
	       name);
	is_int((intmax_t)compare_pairs(&r, &b, SYS_socket), 0, "%s: sockets as said", name);
	oracle(&r, &theirs);
	ok(theirs.n > 0, "%s: libseccomp takes it (%zu instructions)", name, theirs.n);
	is_int((intmax_t)against_oracle(&r, &b, &theirs), 0, "%s: same verdicts as libseccomp",
	       name);
	ok(b.n < theirs.n, "%s: shorter (%zu instructions)", name, b.n);
	is_int(verdict(&b, SYS_read, AUDIT_ARCH_X86_64), SECCOMP_RET_ALLOW, "%s: read", name);
	is_int(verdict(&b, SYS_clone3, AUDIT_ARCH_X86_64), SECCOMP_RET_ERRNO | ENOSYS,
	       "%s: clone3 is not there", name);
	is_int(verdict(&b, 599, AUDIT_ARCH_X86_64), SECCOMP_RET_ERRNO | ENOSYS,
	       "%s: calls of the future are not there", name);
	is_int(verdict(&b, 3, AUDIT_ARCH_I386), SECCOMP_RET_KILL_PROCESS, "%s: no 32-bit code",
	       name);
	is_int(verdict(&b, 0x40000000, AUDIT_ARCH_X86_64), SECCOMP_RET_ERRNO | ENOSYS,
	       "%s: no x32 numbers", name);
	is_int(verdict(&b, -1, AUDIT_ARCH_X86_64), SECCOMP_RET_ALLOW,
	       "%s: a call that its tracer skipped", name);
}

/* Every number a chain of its own, so that nothing shares and targets lie far away. */
static void test_far_jumps(void)
{
	static struct bpf b;
	OWN_BUF struct buf text = BUF_INIT;
	OWN_RULES struct rules r = {0};

	buf_str(&text, "envpod-seccomp 1\ndefault errno:1\n");
	for (int nr = 0; nr < 200; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);

		if (name && syscall_number(name) == nr)
			buf_fmt(&text,
				"errno:%d %s 0>=%d 1&0xf00000000==0x%d00000000\nallow %s 2<%d\n",
				nr + 1, name, nr, nr % 8, name, nr * 7);
		free(name);
	}
	buf_str(&text, "end\n");
	parse(&r, text.data);
	compile(&b, &r, "a filter of far jumps");
	ok(b.n > 1000, "it is long (%zu)", b.n);
	is_int((intmax_t)compare(&r, &b), 0, "far jumps arrive");
}

static void test_too_long(void)
{
	static struct bpf b;
	OWN_BUF struct buf text = BUF_INIT;
	OWN_RULES struct rules r = {0};
	struct err e = {0};

	buf_str(&text, "envpod-seccomp 1\ndefault errno:1\n");
	for (int i = 0; i < 3000; i++)
		buf_fmt(&text, "allow read 0==%d\n", i);
	buf_str(&text, "end\n");
	parse(&r, text.data);
	ok(bpf_compile(&b, &r, &e) < 0 && err_exit(&e) == POD_EXIT_CONFIG,
	   "a filter the kernel would not take is refused");
}

static void test_precedence(void)
{
	static struct bpf b;
	OWN_RULES struct rules r = {0};
	struct seccomp_data d = {.nr = SYS_read, .arch = AUDIT_ARCH_X86_64};

	parse(&r, "envpod-seccomp 1\ndefault allow\nallow read\nerrno:5 read\n"
		  "kill_process read 0==1\nallow read 0==1 1==1\nknown clone3\nend\n");
	compile(&b, &r, "precedence");
	is_int(simulate(b.v, b.n, &d), SECCOMP_RET_ERRNO | 5, "of equals the strictest counts");
	d.args[0] = 1;
	is_int(simulate(b.v, b.n, &d), SECCOMP_RET_KILL_PROCESS, "a rule with tests goes first");
	d.args[1] = 1;
	is_int(simulate(b.v, b.n, &d), SECCOMP_RET_ALLOW, "the rule with more tests goes first");
	d.nr = 599;
	is_int(simulate(b.v, b.n, &d), SECCOMP_RET_ALLOW, "an open default stays open");
}

static void test_bad_rules(void)
{
	static const char *const bad[] = {
		"",
		"envpod-seccomp 2\n",
		"envpod-seccomp 1\n",
		"envpod-seccomp 1\ndefault\nend\n",
		"envpod-seccomp 1\ndefault errno\nend\n",
		"envpod-seccomp 1\ndefault allow:1\nend\n",
		"envpod-seccomp 1\ndefault errno:4096\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read\nend",
		"envpod-seccomp 1\ndefault errno:1\nend\nallow read\n",
		"envpod-seccomp 1\ndefault errno:1\nallow\nend\n",
		"envpod-seccomp 1\ndefault errno:1\n\nend\n",
		"envpod-seccomp 1\ndefault errno:1\npermit read\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read 6==1\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read 0=1\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read 0==-1\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read 0==1x\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read 0&1!=1\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read 0==99999999999999999999\nend\n",
		"envpod-seccomp 1\ndefault errno:1\nallow read 0==1 0==1 0==1 0==1 0==1 0==1 0==1\nend\n",
		"envpod-seccomp 1\ndefault allow\nerrno:1 no_such_call\nend\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OWN_RULES struct rules r = {0};
		struct err e = {0};

		ok(rules_parse(&r, bad[i], strlen(bad[i]), &e) < 0 &&
			   err_exit(&e) == POD_EXIT_CONFIG,
		   "refused: %s", *bad[i] ? e.msg : "nothing at all");
	}
}

/* In a child: load and try.  The exit status says which promise was broken. */
static int try_loaded(int fd)
{
	struct err e = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_load_fd(fd, &e) < 0)
		return 1;
	if (prctl(PR_GET_SECCOMP) != 2)
		return 2;
	if (syscall(SYS_reboot, 0, 0, 0, NULL) != -1 || errno != EPERM)
		return 3;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 4;
	if (syscall(SYS_unshare, 0x10000000) != -1 || errno != EPERM)
		return 5;
	if (syscall(SYS_ioctl, 0, 0x100005412ull, "x") != -1 || errno != EPERM)
		return 6;
	if (syscall(SYS_socket, 17, 3, 0) != -1 || errno != EAFNOSUPPORT)
		return 7;
	return getppid() > 0 ? 0 : 8;
}

static int in_child(int (*run)(int fd), int fd)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(run(fd));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int refuses(int fd)
{
	struct err e = {0};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return seccomp_load_fd(fd, &e) < 0 && prctl(PR_GET_SECCOMP) == 0 ? 0 : 1;
}

static int loads(int fd)
{
	struct err e = {0};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return seccomp_load_fd(fd, &e) == 0 ? 0 : 1;
}

static void test_load(void)
{
	OWN_FD int fd = memfd_create("bpf", MFD_CLOEXEC), none = memfd_create("none", MFD_CLOEXEC);
	struct err e = {0};
	off_t size;
	int loaded = 0;

	ok(seccomp_compile("default", fd, &e) == 0, "the default profile is written");
	is_int(in_child(try_loaded, fd), 0, "loaded, it does what it says");
	size = lseek(fd, 0, SEEK_END);
	while ((size -= (off_t)sizeof(struct sock_filter)) >= 0 && ftruncate(fd, size) == 0)
		loaded += in_child(refuses, fd);
	is_int(loaded, 0, "a filter that was cut off anywhere is refused");
	ok(seccomp_compile("none", none, &e) == 0 && lseek(none, 0, SEEK_END) > 0 &&
		   in_child(loads, none) == 0,
	   "no filter is a filter that lets everything pass");
	ok(seccomp_compile("nix", none, &e) < 0 && err_exit(&e) == POD_EXIT_CONFIG,
	   "an unknown profile is refused");
}

int main(void)
{
	find_tools();
	test_bad_rules();
	test_precedence();
	test_far_jumps();
	test_too_long();
	test_shipped("default");
	test_shipped("browser");
	test_shipped("strict");
	test_load();
	return done_testing();
}
