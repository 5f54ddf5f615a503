/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/budget.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static const char text_of_plan[] =
	"envpod-plan 1 1 1 1\nbudget.duration 100\nbudget.cpu 10\nbudget.network "
	"1000\nbudget.warning 30\nbudget.action freeze\nend\n";

static void amounts(void)
{
	uint64_t n = 0;
	char out[BUDGET_TEXT];

	is_int(budget_amount(BUDGET_DURATION, "1h30m", &n), 0, "a duration of parts");
	ok(n == 5400000, "in milliseconds");
	is_str(budget_text(BUDGET_DURATION, n, out), "1h30m00s", "and back");
	is_int(budget_amount(BUDGET_NETWORK, "1MB", &n), 0, "a size");
	ok(n == 1048576, "in bytes");
	is_int(budget_amount(BUDGET_REQUESTS, "1MB", &n), -EINVAL, "requests have no size");
	is_int(budget_amount(BUDGET_TOKENS, "0", &n), -EINVAL, "nothing is no amount");
	ok(budget_amount(BUDGET_CPU, "18446744073709551615", &n) < 0,
	   "nor is what cannot be counted");
}

static void files(struct pod *p)
{
	struct ledger l = {.total = {1, 2, 3, 4, 5}, .raw = {6, 7}, .pid = 8, .boot = UINT64_MAX},
		      m;
	struct grants g = {.extra = {[BUDGET_CPU] = 9}, .forgiven = {[BUDGET_TOKENS] = 10}}, h;
	struct err e = {0};

	ok(ledger_read(&m, p, &e) == 0 && m.total[0] == 0, "no file is nothing used");
	is_int(ledger_write(&l, p, false, &e), 0, "write a ledger");
	ok(ledger_read(&m, p, &e) == 0 && memcmp(&l, &m, sizeof(l)) == 0, "read the same");
	is_int(grants_write(&g, p, &e), 0, "write grants");
	ok(grants_read(&h, p, &e) == 0 && memcmp(&g, &h, sizeof(g)) == 0, "read the same");
}

static void torn(void)
{
	static const char *const bad[] = {"",
					  "envpod-usage 1\n",
					  "envpod-usage 2\nend\n",
					  "envpod-usage 1\nduration.total 1\n",
					  "envpod-usage 1\nduration.total x\nend\n",
					  "envpod-usage 1\nspeed.total 1\nend\n",
					  "envpod-usage 1\ntotal 1\nend\n",
					  "envpod-usage 1\npid.total 1\nend\n",
					  "envpod-usage 1\nend\nmore 1\n",
					  "envpod-usage 1\nend"};
	struct ledger l;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(ledger_parse(&l, bad[i], strlen(bad[i])), -EINVAL, "torn or foreign: %zu",
		       i);
	is_int(ledger_parse(&l, "envpod-usage 1\nduration.total 7\nend\n", 36), 0, "few lines do");
	ok(l.total[BUDGET_DURATION] == 7, "and what is not named is 0");
}

static void together(void)
{
	OWN_PLAN struct plan pl = {0};
	struct ledger l = {
		.total = {
			[BUDGET_DURATION] = 150000, [BUDGET_CPU] = 10000000, [BUDGET_TOKENS] = 99}};
	struct grants g = {.extra = {[BUDGET_DURATION] = 20000},
			   .forgiven = {[BUDGET_DURATION] = 50000}};
	struct budgets b;
	struct err e = {0};

	is_int(plan_parse(&pl, text_of_plan, strlen(text_of_plan), &e), 0, "a plan");
	budgets_make(&b, &pl, &l, &g);
	ok(b.limit[BUDGET_DURATION] == 120000 && b.used[BUDGET_DURATION] == 100000,
	   "what was added counts, what was forgiven does not");
	ok(b.warn_at[BUDGET_DURATION] == 90000, "the warning comes so long before the end");
	ok(b.warn_at[BUDGET_NETWORK] == 900, "of what is no time, at nine tenths");
	ok(!budget_is_up(&b, BUDGET_DURATION) && budget_is_up(&b, BUDGET_CPU),
	   "one is used up, the other not");
	ok(!b.limit[BUDGET_TOKENS] && !budget_is_up(&b, BUDGET_TOKENS),
	   "what has no limit never is");
	ok(b.action == BUDGET_FREEZE && b.grace_s == 30 && !b.renewable, "action and defaults");
	g.extra[BUDGET_DURATION] = UINT64_MAX;
	budgets_make(&b, &pl, &l, &g);
	ok(b.limit[BUDGET_DURATION] == UINT64_MAX, "sums do not wrap");
}

int main(void)
{
	char dir[] = "/tmp/budget.XXXXXX";
	struct pod p = {.name = "web", .path = dir};

	if (!mkdtemp(dir))
		return 1;
	p.dir = open(dir, O_RDONLY | O_DIRECTORY);
	amounts();
	files(&p);
	torn();
	together();
	close(p.dir);
	remove_tree_at(AT_FDCWD, dir);
	return done_testing();
}
