/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile flattened by `pod-config seccomp`, one rule a line:
 *
 *	envpod-seccomp 1
 *	default errno:1
 *	allow read
 *	allow clone 0&0x7e020000==0
 *	errno:38 clone3
 *	known bpf                      named by the profile, in a section that does not apply here
 *	end
 *
 * ACTION NAME [INDEX OP VALUE]... with ACTION allow, log, errno:N, trap, kill_thread or
 * kill_process, and OP == != < <= > >= or &MASK==.  All tests of a line must hold.  Of the lines of
 * one call the one with the most tests counts, between equals the strictest; without any: default.
 * A number above the highest that the profile names is answered with ENOSYS, so that libraries
 * fall back, unless the default lets it pass.
 */
#ifndef POD_EXEC_SECCOMP_RULES_H
#define POD_EXEC_SECCOMP_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

#define RULES_TEXT_MAX (512 * 1024)
#define RULES_MAX      8192
#define RULE_TESTS     6
#define SYSCALL_MAX    1023 /* highest number we take; the kernel is far below */

enum rule_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_MASKED };

struct rule_test {
	unsigned index; /* argument 0..5 */
	enum rule_op op;
	uint64_t value, mask; /* mask for OP_MASKED */
};

struct rule {
	int nr;
	uint32_t action; /* SECCOMP_RET_* with its data */
	struct rule_test tests[RULE_TESTS];
	size_t ntests;
};

struct rules {
	struct rule *v; /* by number, then in the order in which they count */
	size_t n;
	uint32_t fallback; /* no rule fits */
	uint32_t unknown;  /* the number is above highest */
	int highest;       /* highest number the profile names, -1 for none */
};

#define OWN_RULES __attribute__((cleanup(rules_finish)))

/* Parse; status 78 with the line's number on anything unexpected.  Names that stand for no call
 * of this architecture are skipped, unless that would leave something open. */
int rules_parse(struct rules *r, const char *data, size_t len, struct err *e);
void rules_finish(struct rules *r);

/* The number of a call on x86_64; -1: there is none. */
int syscall_number(const char *name);

#endif
