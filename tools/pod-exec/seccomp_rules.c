/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/seccomp_rules.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

/* Younger than the libseccomp of our oldest distribution.  No call has two numbers. */
static const struct {
	const char *name;
	int nr;
} younger[] = {
	{"uretprobe", 335},         {"uprobe", 336},           {"set_mempolicy_home_node", 450},
	{"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
	{"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
	{"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
	{"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
	{"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
	{"file_setattr", 469},
};

/* From the least strict to the strictest. */
static const struct {
	const char *word;
	uint32_t action;
} actions[] = {
	{"allow", SECCOMP_RET_ALLOW},
	{"log", SECCOMP_RET_LOG},
	{"errno", SECCOMP_RET_ERRNO},
	{"trap", SECCOMP_RET_TRAP},
	{"kill_thread", SECCOMP_RET_KILL_THREAD},
	{"kill_process", SECCOMP_RET_KILL_PROCESS},
};
#define NACTIONS (sizeof(actions) / sizeof(actions[0]))

/* Longer words before those they begin with. */
static const struct {
	const char *word;
	enum rule_op op;
} ops[] = {
	{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE}, {"<", OP_LT}, {">", OP_GT},
};

int syscall_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);

	for (size_t i = 0; nr < 0 && i < sizeof(younger) / sizeof(younger[0]); i++)
		if (strcmp(younger[i].name, name) == 0)
			nr = younger[i].nr;
	return nr < 0 || nr > SYSCALL_MAX ? -1 : nr;
}

static int strictness(uint32_t action)
{
	for (size_t i = 0; i < NACTIONS; i++)
		if (actions[i].action == (action & SECCOMP_RET_ACTION_FULL))
			return (int)i;
	return (int)NACTIONS;
}

static int bad(struct err *e, unsigned line, const char *what, const char *which)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "seccomp rules: line %u: %s%s%s", line,
			  what, *which ? ": " : "", esc(which));
}

/* "errno:38", "allow" */
static int parse_action(const char *word, uint32_t *action)
{
	size_t n = strcspn(word, ":");
	uint64_t data = 0;

	if (word[n] && unit_u64(word + n + 1, 4095, &data) < 0)
		return -EINVAL;
	for (size_t i = 0; i < NACTIONS; i++) {
		if (strlen(actions[i].word) != n || memcmp(actions[i].word, word, n) != 0)
			continue;
		if ((word[n] == ':') != (actions[i].action == SECCOMP_RET_ERRNO))
			return -EINVAL;
		*action = actions[i].action | (uint32_t)data;
		return 0;
	}
	return -EINVAL;
}

/* Decimal or 0x hexadecimal, with nothing in front; *end behind it. */
static int parse_number(const char *s, const char **end, uint64_t *n)
{
	char *stop;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	*n = strtoull(s, &stop, s[1] == 'x' ? 16 : 10);
	*end = stop;
	return errno ? -EINVAL : 0;
}

/* "0==8", "0&0x7e020000==0" */
static int parse_test(const char *word, struct rule_test *t)
{
	uint64_t index;
	size_t i;

	*t = (struct rule_test){0};
	if (parse_number(word, &word, &index) < 0 || index >= RULE_TESTS)
		return -EINVAL;
	t->index = (unsigned)index;
	if (*word == '&') {
		if (parse_number(word + 1, &word, &t->mask) < 0)
			return -EINVAL;
		t->op = OP_MASKED;
	}
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strncmp(word, ops[i].word, strlen(ops[i].word)) == 0)
			break;
	if (i == sizeof(ops) / sizeof(ops[0]) || (t->op == OP_MASKED && ops[i].op != OP_EQ))
		return -EINVAL;
	if (t->op != OP_MASKED)
		t->op = ops[i].op;
	if (parse_number(word + strlen(ops[i].word), &word, &t->value) < 0 || *word)
		return -EINVAL;
	return 0;
}

static void append(struct rules *r, const struct rule *one)
{
	if ((r->n & (r->n - 1)) == 0) /* full at every power of two */
		r->v = xrealloc(r->v, (r->n ? 2 * r->n : 1) * sizeof(*r->v));
	r->v[r->n++] = *one;
	if (one->nr > r->highest)
		r->highest = one->nr;
}

static bool lets_pass(uint32_t action)
{
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

static int parse_rule(struct rules *r, char *words[], size_t n, unsigned line, struct err *e)
{
	struct rule one = {0};

	if (n < 2 || n > 2 + RULE_TESTS)
		return bad(e, line, "want 'ACTION NAME [TEST]...'", "");
	if (parse_action(words[0], &one.action) < 0)
		return bad(e, line, "no such action", words[0]);
	for (size_t i = 2; i < n; i++)
		if (parse_test(words[i], &one.tests[one.ntests++]) < 0)
			return bad(e, line, "want 'INDEX OP VALUE'", words[i]);
	one.nr = syscall_number(words[1]);
	if (one.nr < 0 && lets_pass(r->fallback) && !lets_pass(one.action) &&
	    seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, words[1]) == __NR_SCMP_ERROR)
		return bad(e, line,
			   "the profile closes a call we do not know, and would leave it open",
			   words[1]);
	if (one.nr >= 0)
		append(r, &one);
	return r->n <= RULES_MAX ? 0 : bad(e, line, "too many rules", "");
}

static int parse_known(struct rules *r, char *words[], size_t n, unsigned line, struct err *e)
{
	int nr = n == 2 ? syscall_number(words[1]) : 0;

	if (n != 2)
		return bad(e, line, "want 'known NAME'", "");
	if (nr > r->highest)
		r->highest = nr;
	return 0;
}

static int parse_default(struct rules *r, char *words[], size_t n, unsigned line, struct err *e)
{
	if (n != 2 || strcmp(words[0], "default") != 0 || parse_action(words[1], &r->fallback) < 0)
		return bad(e, line, "want 'default ACTION'", "");
	r->unknown = lets_pass(r->fallback) ? r->fallback : SECCOMP_RET_ERRNO | ENOSYS;
	return 0;
}

/* Returns 1 at the end. */
static int parse_line(struct rules *r, char *text, unsigned line, struct err *e)
{
	char *words[2 + RULE_TESTS + 1], *save = NULL;
	size_t n = 0;

	if (line == 1)
		return strcmp(text, "envpod-seccomp 1") == 0
			       ? 0
			       : bad(e, line, "not rules of version 1", text);
	for (char *w = strtok_r(text, " ", &save); w && n < 2 + RULE_TESTS + 1;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	if (n == 0)
		return bad(e, line, "empty", "");
	if (line == 2)
		return parse_default(r, words, n, line, e);
	if (n == 1 && strcmp(words[0], "end") == 0)
		return 1;
	if (strcmp(words[0], "known") == 0)
		return parse_known(r, words, n, line, e);
	return parse_rule(r, words, n, line, e);
}

static int in_order(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr - y->nr;
	if (x->ntests != y->ntests)
		return (int)y->ntests - (int)x->ntests;
	return strictness(y->action) - strictness(x->action);
}

int rules_parse(struct rules *r, const char *data, size_t len, struct err *e)
{
	const char *end = data + len;
	unsigned line = 0;

	*r = (struct rules){.highest = -1};
	if (len > RULES_TEXT_MAX || memchr(data, '\0', len))
		return bad(e, 0, "too long, or a NUL byte in it", "");
	while (data < end) {
		const char *eol = memchr(data, '\n', (size_t)(end - data));
		OWN_FREE char *text = NULL;
		int done;

		if (!eol)
			return bad(e, line + 1, "cut off", "");
		text = xfmt("%.*s", (int)(eol - data), data);
		done = parse_line(r, text, ++line, e);
		if (done < 0)
			return done;
		data = eol + 1;
		if (done && data != end)
			return bad(e, line + 1, "text after 'end'", "");
		if (done) {
			if (r->n)
				qsort(r->v, r->n, sizeof(*r->v), in_order);
			return 0;
		}
	}
	return bad(e, line, "no 'end'", "");
}

void rules_finish(struct rules *r)
{
	free(r->v);
	*r = (struct rules){.highest = -1};
}
