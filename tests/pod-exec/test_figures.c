/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-exec/figures.h"

static const char cpuinfo[] = "processor\t: 0\nmodel name\t: A\n\n"
			      "processor\t: 1\nmodel name\t: B\n\n"
			      "processor\t: 2\nmodel name\t: C\n\n";
static const char stat[] = "cpu  6 6 6 6 6 6 6 6 6 6\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
			   "cpu1 10 20 30 40 50 60 70 80 90 100\ncpu2 5 5 5 5 5 5 5 5 5 5\n"
			   "intr 1 2 3\nbtime 4\n";
static const char meminfo[] = "MemTotal:       24598156 kB\nMemFree:        20000000 kB\n"
			      "MemAvailable:   21000000 kB\nBuffers:          123456 kB\n"
			      "HugePages_Total:       0\nDirectMap4k:      100 kB\n";

static char out[4096];

static const char *ended(size_t n)
{
	out[n] = '\0';
	return out;
}

static void check_list(const char *list, const char *want)
{
	struct cpus c;
	char text[64] = "refused";

	if (cpus_parse(&c, list))
		cpus_print(&c, text, sizeof(text));
	is_str(text, want, "list '%s'", list);
}

static void check_limit(void)
{
	struct cpus c, online;

	cpus_parse(&online, "0-7");
	cpus_parse(&c, "2,5-20");
	cpus_limit(&c, &online, 3);
	cpus_print(&c, out, sizeof(out));
	is_str(out, "2,5-6", "the first three that are online");
	is_int(c.n, 3, "counted");
	is_int(cpus_of_quota(50000, 100000), 1, "half a processor is one");
	is_int(cpus_of_quota(100000, 100000), 1, "one is one");
	is_int(cpus_of_quota(150000, 100000), 2, "one and a half are two");
	ok(cpus_of_quota(0, 0) == UINT32_MAX, "no quota is no limit");
	ok(cpus_of_quota(UINT64_MAX, 1) == UINT32_MAX, "nor is a huge one");
	is_str((cpus_print(&c, out, 2), out), "2", "a list that does not fit is cut");
}

static void check_files(void)
{
	struct cpus c;

	cpus_parse(&c, "0,2");
	is_str(ended(figures_cpuinfo(out, sizeof(out), cpuinfo, strlen(cpuinfo), &c)),
	       "processor\t: 0\nmodel name\t: A\n\nprocessor\t: 2\nmodel name\t: C\n\n", "cpuinfo");
	is_str(ended(figures_stat(out, sizeof(out), stat, strlen(stat), &c)),
	       "cpu  6 7 8 9 10 11 12 13 14 15\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
	       "cpu2 5 5 5 5 5 5 5 5 5 5\nintr 1 2 3\nbtime 4\n",
	       "stat, summed up");
	is_str(ended(figures_meminfo(out, sizeof(out), meminfo, strlen(meminfo), 1 << 20, 1 << 18)),
	       "MemTotal:           1024 kB\nMemFree:             768 kB\n"
	       "MemAvailable:        768 kB\nBuffers:               0 kB\n",
	       "meminfo");
	is_str(ended(figures_meminfo(out, sizeof(out), meminfo, 28, 1 << 20, 1 << 21)),
	       "MemTotal:           1024 kB\n", "cut off, and more in use than there is");
}

static void check_bounds(void)
{
	struct cpus c;

	cpus_parse(&c, "0");
	is_int((int)figures_cpuinfo(out, 10, cpuinfo, strlen(cpuinfo), &c), 0, "no half blocks");
	is_int((int)figures_stat(out, 0, stat, strlen(stat), &c), 0, "no room at all");
	is_int((int)figures_cpuinfo(out, sizeof(out), "", 0, &c), 0, "nothing of nothing");
	is_str(ended(figures_cpuinfo(out, sizeof(out), "processor: x\n\nHardware: y", 26, &c)),
	       "processor: x\n\nHardware: y", "what is about no processor stays");
}

int main(void)
{
	check_list("0", "0");
	check_list("0-3", "0-3");
	check_list("0-1,4,6-7", "0-1,4,6-7");
	check_list("3,1,2", "1-3");
	check_list("", "refused");
	check_list("1-", "refused");
	check_list("2-1", "refused");
	check_list("1,", "refused");
	check_list("a", "refused");
	check_list("0-99999", "refused");
	check_list("99999999999999999999999", "refused");
	check_limit();
	check_files();
	check_bounds();
	return done_testing();
}
