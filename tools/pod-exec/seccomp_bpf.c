/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel runs a new filter once for every system call number (its bitmap of calls that are
 * always allowed), so what counts at load time is the length of the longest path: a search over
 * ranges, 46 instructions where libseccomp's tree has 463 (KERNEL-NOTES 8.4).
 *
 * The program is built from its end to its beginning, because classic BPF only jumps forward: the
 * target of a jump is always there already, and the distance known.  A label is an index into this
 * reversed program.  Conditional jumps reach 255 instructions; near() builds a step when a target
 * is farther away.
 */
#include "tools/pod-exec/seccomp_bpf.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/own.h"

#define X32_BIT   0x40000000u
#define NO_CALL   0xffffffffu /* what a tracer leaves when it skips a call */
#define RETS_MAX  16
#define WORD(arg) ((uint32_t)offsetof(struct seccomp_data, arg))

typedef size_t label;

struct build {
	struct sock_filter v[BPF_LENGTH_MAX]; /* last instruction first */
	size_t n;
	bool full;
	label rets[RETS_MAX];
	size_t nrets;
};

static label emit(struct build *b, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (b->n == BPF_LENGTH_MAX) {
		b->full = true;
		return 0;
	}
	b->v[b->n] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
	return b->n++;
}

static bool is_ret(const struct build *b, label at)
{
	return b->v[at].code == (BPF_RET | BPF_K);
}

/* A label for "return action": one that exists already, wherever it is. */
static label ret(struct build *b, uint32_t action)
{
	for (size_t i = 0; i < b->nrets; i++)
		if (b->v[b->rets[i]].k == action)
			return b->rets[i];
	if (b->nrets == RETS_MAX)
		return emit(b, BPF_RET | BPF_K, action, 0, 0);
	return b->rets[b->nrets++] = emit(b, BPF_RET | BPF_K, action, 0, 0);
}

/* The same place within reach of the next few instructions: the return again, or a long jump. */
static label near(struct build *b, label to)
{
	if (b->full || b->n + 2 - to <= 255)
		return to;
	if (is_ret(b, to))
		return emit(b, BPF_RET | BPF_K, b->v[to].k, 0, 0);
	return emit(b, BPF_JMP | BPF_JA, (uint32_t)(b->n - to - 1), 0, 0);
}

/* if (A OP k) goto yes; else goto no; */
static label branch(struct build *b, uint16_t op, uint32_t k, label yes, label no)
{
	yes = near(b, yes);
	no = near(b, no);
	return emit(b, BPF_JMP | op | BPF_K, k, (uint8_t)(b->n - yes - 1),
		    (uint8_t)(b->n - no - 1));
}

/* A = the word of struct seccomp_data at this offset; then the instruction emitted last. */
static label load(struct build *b, uint32_t offset)
{
	return emit(b, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* if ((word & mask) == value) goto yes; else goto no;  a mask of 0 decides itself */
static label equal(struct build *b, uint32_t offset, uint32_t mask, uint32_t value, label yes,
		   label no)
{
	if (mask == 0)
		return value == 0 ? yes : no;
	branch(b, BPF_JEQ, value, yes, no);
	if (mask != UINT32_MAX)
		emit(b, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	return load(b, offset);
}

/* if (64-bit argument OP value) goto yes; else goto no;  op is BPF_JGT or BPF_JGE */
static label above(struct build *b, uint16_t op, uint32_t offset, uint64_t value, label yes,
		   label no)
{
	label low, same;

	branch(b, op, (uint32_t)value, yes, no);
	low = load(b, offset);
	same = branch(b, BPF_JEQ, (uint32_t)(value >> 32), low, no);
	branch(b, BPF_JGT, (uint32_t)(value >> 32), yes, same);
	return load(b, offset + 4);
}

static label equal64(struct build *b, uint32_t offset, uint64_t mask, uint64_t value, label yes,
		     label no)
{
	yes = equal(b, offset, (uint32_t)mask, (uint32_t)value, yes, no);
	return equal(b, offset + 4, (uint32_t)(mask >> 32), (uint32_t)(value >> 32), yes, no);
}

static label test(struct build *b, const struct rule_test *t, label yes, label no)
{
	uint32_t offset = WORD(args) + 8 * t->index; /* little endian: the low word first */

	switch (t->op) {
	case OP_EQ:
		return equal64(b, offset, UINT64_MAX, t->value, yes, no);
	case OP_NE:
		return equal64(b, offset, UINT64_MAX, t->value, no, yes);
	case OP_MASKED:
		return equal64(b, offset, t->mask, t->value, yes, no);
	case OP_GT:
		return above(b, BPF_JGT, offset, t->value, yes, no);
	case OP_GE:
		return above(b, BPF_JGE, offset, t->value, yes, no);
	case OP_LT:
		return above(b, BPF_JGE, offset, t->value, no, yes);
	case OP_LE:
		return above(b, BPF_JGT, offset, t->value, no, yes);
	}
	return no;
}

/* The verdict on one call: its rules in order, each failing over to the next. */
static label call(struct build *b, const struct rules *r, const struct rule *v, size_t n)
{
	label next = ret(b, r->fallback);

	while (n-- > 0 && !b->full) {
		label to = ret(b, v[n].action);

		for (size_t i = v[n].ntests; i-- > 0;)
			to = test(b, &v[n].tests[i], to, next);
		next = to;
	}
	return next;
}

struct range {
	uint32_t first;
	label to;
};

struct ranges {
	struct range v[SYSCALL_MAX + 3];
	size_t n;
};

static void add_range(struct ranges *a, const struct build *b, uint32_t first, label to)
{
	const struct range *last = a->n ? &a->v[a->n - 1] : NULL;

	if (last && last->to == to)
		return;
	if (last && is_ret(b, last->to) && is_ret(b, to) && b->v[last->to].k == b->v[to].k)
		return;
	a->v[a->n++] = (struct range){first, to};
}

static void find_ranges(struct ranges *a, struct build *b, const struct rules *r)
{
	size_t at = 0;

	a->n = 0;
	for (int nr = 0; nr <= r->highest; nr++) {
		size_t from = at;

		while (at < r->n && r->v[at].nr == nr)
			at++;
		add_range(a, b, (uint32_t)nr, call(b, r, r->v + from, at - from));
	}
	add_range(a, b, (uint32_t)(r->highest + 1), ret(b, r->unknown));
}

/* The search over v[low..high]. */
static label search(struct build *b, const struct range *v, size_t low, size_t high)
{
	size_t mid = (low + high + 1) / 2;
	label left, right;

	if (low == high)
		return v[low].to;
	/* one number alone between two parts of the same range */
	if (high == low + 2 && v[low].to == v[high].to && v[high].first == v[mid].first + 1)
		return branch(b, BPF_JEQ, v[mid].first, v[mid].to, v[low].to);
	right = search(b, v, mid, high);
	left = search(b, v, low, mid - 1);
	return branch(b, BPF_JGE, v[mid].first, right, left);
}

static void prologue(struct build *b, label tree)
{
	label foreign = ret(b, SECCOMP_RET_KILL_PROCESS), x32, numbers;

	x32 = branch(b, BPF_JEQ, NO_CALL, ret(b, SECCOMP_RET_ALLOW),
		     ret(b, SECCOMP_RET_ERRNO | ENOSYS));
	branch(b, BPF_JGE, X32_BIT, x32, tree);
	numbers = load(b, WORD(nr));
	branch(b, BPF_JEQ, AUDIT_ARCH_X86_64, numbers, foreign);
	load(b, WORD(arch));
}

int bpf_compile(struct bpf *out, const struct rules *r, struct err *e)
{
	OWN_FREE struct build *b = xcalloc(1, sizeof(*b));
	OWN_FREE struct ranges *a = xcalloc(1, sizeof(*a));

	/* The common verdicts stand at the very end, so that every call shares them. */
	ret(b, r->fallback);
	find_ranges(a, b, r);
	prologue(b, search(b, a->v, 0, a->n - 1));
	if (b->full)
		return err_status(
			e, POD_EXIT_CONFIG, E2BIG,
			"seccomp: the profile needs more than the %d instructions the kernel "
			"takes",
			BPF_LENGTH_MAX);
	out->n = b->n;
	for (size_t i = 0; i < b->n; i++)
		out->v[i] = b->v[b->n - 1 - i];
	return 0;
}
