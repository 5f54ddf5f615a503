/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/budget.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

const struct budget_kind budget_kinds[BUDGETS] = {
	{"duration", "budget.duration", FORM_TIME, 1000},
	{"cpu", "budget.cpu", FORM_TIME, 1000000},
	{"network", "budget.network", FORM_BYTES, 1},
	{"requests", "budget.requests", FORM_COUNT, 1},
	{"tokens", "budget.tokens", FORM_COUNT, 1},
};

#define FILE_MAX 4096

int budget_find(const char *word)
{
	for (int k = 0; k < BUDGETS; k++)
		if (strcmp(budget_kinds[k].word, word) == 0)
			return k;
	return -1;
}

/* --- files --- */

/* A number by its name, or with several of them: "duration.total" and so on. */
struct member {
	const char *name;
	size_t at;
	bool several;
};

static const struct member ledger_members[] = {
	{"total", offsetof(struct ledger, total), true},
	{"raw", offsetof(struct ledger, raw), true},
	{"group", offsetof(struct ledger, group), false},
	{"pid", offsetof(struct ledger, pid), false},
	{"start", offsetof(struct ledger, start), false},
	{"counted", offsetof(struct ledger, counted_ms), false},
	{"boot", offsetof(struct ledger, boot), false},
	{"warned", offsetof(struct ledger, warned), false},
	{"told", offsetof(struct ledger, told), false},
	{"froze", offsetof(struct ledger, froze), false},
	{0},
};

static const struct member grant_members[] = {
	{"extra", offsetof(struct grants, extra), true},
	{"forgiven", offsetof(struct grants, forgiven), true},
	{0},
};

static uint64_t *place(const struct member *members, void *to, const char *key)
{
	const char *dot = strchr(key, '.');
	size_t n = dot ? (size_t)(dot - key) : 0;

	for (const struct member *m = members; m->name; m++) {
		uint64_t *at = (uint64_t *)(void *)((char *)to + m->at);

		if (strcmp(dot ? dot + 1 : key, m->name) != 0 || m->several != (dot != NULL))
			continue;
		for (int k = 0; m->several && k < BUDGETS; k++)
			if (strlen(budget_kinds[k].word) == n &&
			    memcmp(budget_kinds[k].word, key, n) == 0)
				return &at[k];
		return m->several ? NULL : at;
	}
	return NULL;
}

static int take_line(const struct member *members, void *to, char *line)
{
	char *blank = strchr(line, ' ');
	uint64_t *at, n;

	if (!blank)
		return -EINVAL;
	*blank = '\0';
	at = place(members, to, line);
	if (!at || unit_u64(blank + 1, UINT64_MAX, &n) < 0)
		return -EINVAL;
	*at = n;
	return 0;
}

/* A last line "end" tells a whole file from a torn one. */
static int parse(const struct member *members, void *to, const char *head, const char *text,
		 size_t len)
{
	OWN_FREE char *copy = NULL;
	char *line, *rest;
	bool ended = false;

	if (len > FILE_MAX || memchr(text, '\0', len))
		return -EINVAL;
	copy = rest = xfmt("%.*s", (int)len, text);
	line = strsep(&rest, "\n");
	if (strcmp(line, head) != 0)
		return -EINVAL;
	while ((line = strsep(&rest, "\n")) && *line) {
		if (ended)
			return -EINVAL;
		ended = strcmp(line, "end") == 0;
		if (!ended && take_line(members, to, line) < 0)
			return -EINVAL;
	}
	return ended && line && !rest ? 0 : -EINVAL;
}

#define LEDGER_HEAD "envpod-usage 1"
#define GRANTS_HEAD "envpod-budget 1"

int ledger_parse(struct ledger *l, const char *text, size_t len)
{
	*l = (struct ledger){0};
	return parse(ledger_members, l, LEDGER_HEAD, text, len);
}

int grants_parse(struct grants *g, const char *text, size_t len)
{
	*g = (struct grants){0};
	return parse(grant_members, g, GRANTS_HEAD, text, len);
}

static void text_of(struct buf *b, const struct member *members, const void *from, const char *head)
{
	buf_fmt(b, "%s\n", head);
	for (const struct member *m = members; m->name; m++) {
		const uint64_t *at = (const uint64_t *)(const void *)((const char *)from + m->at);

		if (!m->several)
			buf_fmt(b, "%s %" PRIu64 "\n", m->name, *at);
		for (int k = 0; m->several && k < BUDGETS; k++)
			buf_fmt(b, "%s.%s %" PRIu64 "\n", budget_kinds[k].word, m->name, at[k]);
	}
	buf_str(b, "end\n");
}

static int load(const struct pod *p, const char *name, struct buf *b, struct err *e)
{
	int r = read_file_at(p->dir, name, b, FILE_MAX);

	return r < 0 && r != -ENOENT ? err_set(e, -r, "read %s/%s", p->path, name) : r;
}

static int foreign(const struct pod *p, const char *name, struct err *e)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "%s/%s is not what envpod wrote: remove it, and counting begins anew",
			  p->path, name);
}

int ledger_read(struct ledger *l, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = load(p, "usage", &b, e);

	*l = (struct ledger){0};
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return ledger_parse(l, b.data, b.len) < 0 ? foreign(p, "usage", e) : 0;
}

int grants_read(struct grants *g, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = load(p, "budget", &b, e);

	*g = (struct grants){0};
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return grants_parse(g, b.data, b.len) < 0 ? foreign(p, "budget", e) : 0;
}

static int save(const struct pod *p, const char *name, const struct buf *b, bool sync,
		struct err *e)
{
	int r = write_file_at(p->dir, name, b->data, b->len, 0600, sync);

	return r < 0 ? err_set(e, -r, "write %s/%s", p->path, name) : 0;
}

int ledger_write(const struct ledger *l, const struct pod *p, bool sync, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	text_of(&b, ledger_members, l, LEDGER_HEAD);
	return save(p, "usage", &b, sync, e);
}

int grants_write(const struct grants *g, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	text_of(&b, grant_members, g, GRANTS_HEAD);
	return save(p, "budget", &b, true, e);
}

/* --- clocks --- */

uint64_t budget_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

uint64_t budget_boot(void)
{
	uint64_t h = 14695981039346656037ull;
	char id[64];

	if (read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, sizeof(id)) < 0)
		return 0;
	for (const char *c = id; *c; c++)
		h = (h ^ (unsigned char)*c) * 1099511628211ull;
	return h;
}

uint64_t budget_began(uint64_t start)
{
	return start * 1000u / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* --- put together --- */

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* So long before the end as the pod file says; of what is no time, at nine tenths. */
static uint64_t warn_at(enum budget k, uint64_t limit, uint64_t warning_s)
{
	uint64_t before = k == BUDGET_DURATION ? times(warning_s, budget_kinds[k].unit) : 0;

	return before ? limit - (before < limit ? before : limit) : limit - limit / 10;
}

void budgets_make(struct budgets *b, const struct plan *pl, const struct ledger *l,
		  const struct grants *g)
{
	const char *action = plan_str(pl, "budget.action", "stop");
	uint64_t warning = plan_u64(pl, "budget.warning", 0);

	*b = (struct budgets){.grace_s = plan_u64(pl, "budget.grace", 30),
			      .renewable = plan_is(pl, "budget.renewable", "yes")};
	b->action = strcmp(action, "freeze") == 0  ? BUDGET_FREEZE
		    : strcmp(action, "alert") == 0 ? BUDGET_ALERT
						   : BUDGET_STOP;
	for (int k = 0; k < BUDGETS; k++) {
		uint64_t limit = times(plan_u64(pl, budget_kinds[k].plan, 0), budget_kinds[k].unit);

		b->limit[k] = limit ? sum(limit, g->extra[k]) : 0;
		b->used[k] = l->total[k] > g->forgiven[k] ? l->total[k] - g->forgiven[k] : 0;
		b->warn_at[k] = warn_at((enum budget)k, b->limit[k], warning);
	}
}

bool budgets_any(const struct budgets *b)
{
	for (int k = 0; k < BUDGETS; k++)
		if (b->limit[k])
			return true;
	return false;
}

int budgets_load(struct budgets *b, const struct pod *p, const struct plan *pl, struct err *e)
{
	struct ledger l;
	struct grants g;
	uint64_t now = budget_now();
	int r = ledger_read(&l, p, e);

	if (r == 0)
		r = grants_read(&g, p, e);
	if (r < 0)
		return r;
	/* What the meter has not written down yet. */
	if (l.pid && l.boot == budget_boot() && now > l.counted_ms &&
	    pod_start_time((pid_t)l.pid) == l.start)
		l.total[BUDGET_DURATION] += now - l.counted_ms;
	budgets_make(b, pl, &l, &g);
	return 0;
}

int budgets_check(const struct pod *p, const struct plan *pl, struct err *e)
{
	char used[BUDGET_TEXT], limit[BUDGET_TEXT];
	struct budgets b;
	int r = budgets_load(&b, p, pl, e);

	if (r < 0 || b.action == BUDGET_ALERT)
		return r;
	for (int k = 0; k < BUDGETS; k++)
		if (budget_is_up(&b, k))
			return err_status(
				e, POD_EXIT_REFUSED, ERR_PLAIN,
				"pod %s has used up its %s (%s of %s): envpod budget %s extend "
				"%s=AMOUNT gives it more, envpod budget %s reset %s begins anew",
				p->name, budget_kinds[k].word, budget_text(k, b.used[k], used),
				budget_text(k, b.limit[k], limit), p->name, budget_kinds[k].word,
				p->name, budget_kinds[k].word);
	return 0;
}

int budget_amount(enum budget k, const char *text, uint64_t *amount)
{
	static int (*const readers[])(const char *s, uint64_t *n) = {
		[FORM_TIME] = unit_duration, [FORM_BYTES] = unit_size};
	const struct budget_kind *kind = &budget_kinds[k];
	uint64_t n;
	int r = kind->form == FORM_COUNT ? unit_u64(text, UINT64_MAX, &n)
					 : readers[kind->form](text, &n);

	if (r < 0)
		return r;
	if (n == 0)
		return -EINVAL;
	*amount = times(n, kind->unit);
	return *amount == UINT64_MAX ? -ERANGE : 0;
}

static const char *time_text(uint64_t s, char out[BUDGET_TEXT])
{
	if (s >= 3600)
		snprintf(out, BUDGET_TEXT, "%" PRIu64 "h%02um%02us", s / 3600,
			 (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else if (s >= 60)
		snprintf(out, BUDGET_TEXT, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
	else
		snprintf(out, BUDGET_TEXT, "%us", (unsigned)s);
	return out;
}

const char *budget_text(enum budget k, uint64_t amount, char out[BUDGET_TEXT])
{
	const struct budget_kind *kind = &budget_kinds[k];

	if (kind->form == FORM_TIME)
		return time_text(amount / kind->unit, out);
	if (kind->form == FORM_BYTES)
		return unit_human(amount, out);
	snprintf(out, BUDGET_TEXT, "%" PRIu64, amount);
	return out;
}
