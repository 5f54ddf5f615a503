/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are of this machine and of this build, which the key says.  What is read is checked as
 * if it were anybody's: each number that is an index lies in its table.
 */
#include "tools/pod-screen/compiled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/cache.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-screen/valid.h"

#define FILE_NAME "screen"

/* --- writing --- */

static void put(struct buf *b, size_t n)
{
	const uint32_t number = (uint32_t)n;

	buf_add(b, &number, sizeof(number));
}

static void put_text(struct buf *b, const char *text)
{
	put(b, text ? strlen(text) : 0);
	buf_str(b, text ? text : "");
}

static void put_rule(struct buf *b, const struct rule *r)
{
	put_text(b, r->name);
	put_text(b, r->about);
	put_text(b, r->file);
	put_text(b, valid_name(r->valid));
	put(b, r->category);
	put(b, r->severity);
	put(b, r->views);
	put(b, r->ignore_case);
	put(b, r->off);
	put(b, r->line);
	put(b, r->column);
}

/*
 * Instructions are written backwards, so nearly each goes on with the one before it, and nearly
 * each has one of few sets: a byte says so, and what is not usual follows it.
 */
enum { CODE_OP = 15, CODE_NEXT = 16, CODE_OTHER = 32, CODE_SET = 64 };

static void put_inst(struct buf *b, const struct inst *i, uint32_t at)
{
	const unsigned char code =
		(unsigned char)((unsigned)i->op | (i->next + 1 == at ? 0u : CODE_NEXT) |
				(i->other ? CODE_OTHER : 0u) | (i->set > 255 ? CODE_SET : 0u));

	buf_char(b, (char)code);
	if (code & CODE_NEXT)
		put(b, i->next);
	if (code & CODE_OTHER)
		put(b, i->other);
	if (code & CODE_SET)
		put(b, i->set);
	else if (i->op == OP_SET)
		buf_char(b, (char)i->set);
}

static void put_program(struct buf *b, const struct program *p)
{
	put(b, p->n);
	put(b, p->n_sets);
	put(b, p->n_patterns);
	for (size_t i = 0; i < p->n; i++)
		put_inst(b, &p->insts[i], (uint32_t)i);
	buf_add(b, p->sets, p->n_sets * sizeof(*p->sets));
	buf_add(b, p->starts, p->n_patterns * sizeof(*p->starts));
	buf_add(b, p->ids, p->n_patterns * sizeof(*p->ids));
	buf_add(b, p->reach, p->n_patterns * sizeof(*p->reach));
}

void compiled_write(struct buf *b, const struct ruleset *set, const struct program *programs)
{
	put(b, set->n);
	for (size_t i = 0; i < set->n; i++)
		put_rule(b, &set->rules[i]);
	for (enum reading r = 0; r < READINGS; r++)
		put_program(b, &programs[r]);
}

/* --- reading --- */

struct reader {
	const char *at, *end;
	bool is_bad;
};

/* The next n bytes, or NULL. */
static const void *take(struct reader *r, size_t n)
{
	const char *at = r->at;

	if (r->is_bad || (size_t)(r->end - at) < n) {
		r->is_bad = true;
		return NULL;
	}
	r->at += n;
	return at;
}

/* A number of at most that. */
static uint32_t number(struct reader *r, size_t max)
{
	const void *at = take(r, sizeof(uint32_t));
	uint32_t n = 0;

	if (at)
		memcpy(&n, at, sizeof(n));
	r->is_bad |= n > max;
	return r->is_bad ? 0 : n;
}

/* A copy of n things of that size; NULL for none. */
static void *table(struct reader *r, size_t n, size_t size)
{
	const void *at = take(r, n * size);
	void *copy = at && n ? xcalloc(n, size) : NULL;

	if (copy)
		memcpy(copy, at, n * size);
	return copy;
}

static char *text(struct reader *r)
{
	const uint32_t n = number(r, RULE_FILE_MAX);
	const char *at = take(r, n);
	char *copy = xcalloc(1, (at ? n : 0) + 1);

	if (at)
		memcpy(copy, at, n);
	r->is_bad |= at && strlen(copy) != n;
	return copy;
}

static void read_rule(struct reader *r, struct rule *rule)
{
	OWN_FREE char *valid = NULL;

	rule->name = text(r);
	rule->about = text(r);
	rule->file = text(r);
	valid = text(r);
	rule->valid = *valid ? valid_by_name(valid) : NULL;
	r->is_bad |= *valid && !rule->valid;
	rule->category = (enum category)number(r, CATEGORIES - 1);
	rule->severity = (enum severity)number(r, SEVERITIES - 1);
	rule->views = number(r, (1u << VIEWS) - 1);
	rule->ignore_case = number(r, 1);
	rule->off = number(r, 1);
	rule->line = number(r, UINT32_MAX);
	rule->column = number(r, UINT32_MAX);
}

static struct inst read_inst(struct reader *r, uint32_t at)
{
	const unsigned char *code = take(r, 1), *set;
	struct inst i = {.next = at - 1};

	if (!code)
		return i;
	i.op = (enum op)(*code & CODE_OP);
	if (*code & CODE_NEXT)
		i.next = number(r, UINT32_MAX);
	if (*code & CODE_OTHER)
		i.other = number(r, UINT32_MAX);
	if (*code & CODE_SET) {
		i.set = number(r, UINT32_MAX);
	} else if (i.op == OP_SET) {
		set = take(r, 1);
		i.set = set ? *set : 0;
	}
	return i;
}

static bool is_sound(const struct program *p, const struct inst *i)
{
	switch (i->op) {
	case OP_SET:
		return i->next < p->n && i->set < p->n_sets;
	case OP_SPLIT:
		return i->next < p->n && i->other < p->n;
	case OP_JUMP:
	case OP_WORD:
	case OP_INSIDE:
	case OP_BEGIN:
	case OP_END:
		return i->next < p->n;
	case OP_MATCH:
		return i->next < p->n_patterns;
	}
	return false;
}

static void read_program(struct reader *r, struct program *p, size_t n_rules)
{
	p->n = number(r, PROGRAM_MAX);
	p->n_sets = number(r, PROGRAM_MAX);
	p->n_patterns = number(r, RULES_MAX * 100);
	p->insts = xcalloc(p->n + 1, sizeof(*p->insts));
	for (uint32_t i = 0; i < p->n && !r->is_bad; i++)
		p->insts[i] = read_inst(r, i);
	p->sets = table(r, p->n_sets, sizeof(*p->sets));
	p->starts = table(r, p->n_patterns, sizeof(*p->starts));
	p->ids = table(r, p->n_patterns, sizeof(*p->ids));
	p->reach = table(r, p->n_patterns, sizeof(*p->reach));
	for (size_t i = 0; i < p->n && !r->is_bad; i++)
		r->is_bad |= !is_sound(p, &p->insts[i]);
	for (size_t i = 0; i < p->n_patterns && !r->is_bad; i++)
		r->is_bad |=
			p->starts[i] >= p->n || p->ids[i] >= n_rules || p->reach[i] > REACH_MAX;
}

int compiled_read(struct ruleset *set, struct program *programs, const char *data, size_t len)
{
	struct reader r = {data, data + len, false};
	const size_t n = number(&r, RULES_MAX);

	set->rules = xcalloc(n + 1, sizeof(*set->rules));
	for (; set->n < n && !r.is_bad; set->n++)
		read_rule(&r, &set->rules[set->n]);
	for (enum reading i = 0; i < READINGS; i++) {
		program_init(&programs[i], i);
		if (!r.is_bad)
			read_program(&r, &programs[i], set->n);
	}
	if (!r.is_bad && r.at == r.end)
		return 0;
	for (enum reading i = 0; i < READINGS; i++)
		program_finish(&programs[i]);
	rules_finish(set);
	return -EBADMSG;
}

/* --- the cache --- */

/* What they are made from: files with their names, and the program that made them. */
static char *key_of(void)
{
	OWN_STRV struct strv files = {0};
	OWN_BUF struct buf all = BUF_INIT;
	struct err ignored = {0};
	char hash[CACHE_HASH];
	struct stat self;

	if (rules_files(&files, &ignored) < 0 || stat("/proc/self/exe", &self) < 0)
		return NULL;
	for (size_t i = 0; i < files.n; i++) {
		OWN_BUF struct buf b = BUF_INIT;

		if (read_file_at(AT_FDCWD, files.v[i], &b, RULE_FILE_MAX) < 0)
			return NULL;
		buf_fmt(&all, "%s %zu\n", files.v[i], b.len);
		buf_add(&all, b.data, b.len);
	}
	cache_hash(all.data, all.len, hash);
	return xfmt("%s %llu %llu %lld.%09ld %lld", hash, (unsigned long long)self.st_dev,
		    (unsigned long long)self.st_ino, (long long)self.st_mtim.tv_sec,
		    self.st_mtim.tv_nsec, (long long)self.st_size);
}

bool compiled_get(struct ruleset *set, struct screen *s)
{
	OWN_FD int cache = cache_open();
	OWN_FREE char *key = cache < 0 ? NULL : key_of();
	OWN_BUF struct buf b = BUF_INIT;

	if (!key || !cache_get(cache, FILE_NAME, key, &b) ||
	    compiled_read(set, s->programs, b.data, b.len) < 0)
		return false;
	screen_begin(s, set);
	return true;
}

void compiled_put(const struct ruleset *set, const struct screen *s)
{
	OWN_FD int cache = cache_open();
	OWN_FREE char *key = cache < 0 ? NULL : key_of();
	OWN_BUF struct buf b = BUF_INIT;

	if (!key)
		return;
	compiled_write(&b, set, s->programs);
	cache_put(cache, FILE_NAME, key, &b);
}
