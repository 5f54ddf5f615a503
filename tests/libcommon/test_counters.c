/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/counters.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static struct pod pod = {.name = "web", .runpath = (char *)"run"};

/* Another process counts, and dies of it. */
static void count_and_die(void)
{
	struct counters *c;
	struct err e = {0};
	pid_t child = fork();

	if (child == 0) {
		if (counters_open(&c, &pod, COUNTS_DNS, &e) < 0)
			_exit(1);
		for (int i = 0; i < 1000; i++)
			counters_add(c, COUNT_DNS_QUERIES, 2);
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
}

static void sums(void)
{
	struct counters_all all;
	struct counters *c = NULL;
	struct err e = {0};
	uint64_t sum[COUNTER_KINDS];

	is_int(counters_open_all(&all, &pod, &e), 0, "read what nobody has counted yet");
	counters_sum(&all, sum);
	is_int((int)sum[COUNT_DNS_QUERIES], 0, "nothing");
	count_and_die();
	count_and_die();
	counters_sum(&all, sum);
	is_int((int)sum[COUNT_DNS_QUERIES], 4000,
	       "what two processes counted, one after the other");
	is_int(counters_open(&c, &pod, COUNTS_PROXY, &e), 0, "a second page");
	counters_add(c, COUNT_DNS_QUERIES, 5);
	counters_add(c, COUNT_UP, 7);
	counters_sum(&all, sum);
	is_int((int)sum[COUNT_DNS_QUERIES], 4005, "is added to the first");
	is_int((int)sum[COUNT_UP], 7, "each number for itself");
	counters_add(NULL, COUNT_UP, 7);
	counters_close(c);
	counters_close_all(&all);
}

static void planted(void)
{
	struct counters *c = NULL;
	struct err e = {0};
	struct stat st;

	unlinkat(pod.run, "counters/net", 0);
	ok(symlinkat("../../victim", pod.run, "counters/net") == 0, "plant a symlink");
	ok(counters_open(&c, &pod, COUNTS_NET, &e) < 0 && strstr(e.msg, "counters/net"),
	   "a symlink is not followed");
	ok(stat("victim", &st) < 0, "nor is anything made behind it");
	unlinkat(pod.run, "counters/net", 0);
}

/* A link that is not there, or that somebody wrote a path for, counts nothing. */
static void links(void)
{
	struct counters *c = NULL;
	struct err e = {0};
	int fd;

	counters_open(&c, &pod, COUNTS_NET, &e);
	counters_take_link(c, &pod);
	is_int((int)c->n[COUNT_UP], 0, "no record of a link");
	mkdirat(pod.run, "net", 0700);
	fd = openat(pod.run, "net/veth", O_WRONLY | O_CREAT, 0600);
	dprintf(fd, "../../../etc 10.0.0.1\n");
	counters_take_link(c, &pod);
	is_int((int)c->n[COUNT_UP], 0, "a path is no link");
	if (pwrite(fd, "lo 10.0.0.1                 \n", 29, 0) != 29)
		diag("the record could not be written");
	counters_take_link(c, &pod);
	counters_take_link(c, &pod);
	ok(c->device && c->n[COUNT_UP] == c->last[0], "what a device said is counted once");
	close(fd);
	counters_close(c);
}

int main(void)
{
	char dir[] = "/tmp/counters.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("run", 0700) < 0)
		return 1;
	pod.run = open("run", O_RDONLY | O_DIRECTORY);
	sums();
	planted();
	links();
	close(pod.run);
	if (chdir("/") < 0)
		return 1;
	remove_tree_at(AT_FDCWD, dir);
	return done_testing();
}
