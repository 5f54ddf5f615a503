/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of intercepted hosts over the days: this program's clock is its own.  With arguments
 * it is pod-proxy inject, whose clock is as many seconds off as the file $CLOCK_OFF says (a number
 * of eight bytes, that may change meanwhile), for clock.bats.
 */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"
#include "tools/pod-proxy/ca.h"
#include "tools/pod-proxy/cmds.h"
#include "tools/pod-proxy/leaf.h"

#define HOUR 3600L
#define DAY  (24 * HOUR)

static int64_t offset;
static const volatile int64_t *clock_off = &offset;

static void bail(const char *why)
{
	printf("Bail out! %s\n", why);
	exit(1);
}

/* Ours, and OpenSSL's too. */
__attribute__((visibility("default"))) time_t time(time_t *out)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += *clock_off;
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

static struct pod pod = POD_INIT;

static void write_policy(void)
{
	static const char text[] = "envpod-plan 1 0 0 0\ncanary alert\nhost 0 a.example 443\n"
				   "host 1 *.wide.example 443\nend\n";
	int dir;

	mkdirat(pod.dir, "policy", 0711);
	dir = openat(pod.dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || write_file_at(dir, "proxy", text, strlen(text), 0644, true) < 0)
		bail("write a policy");
	close(dir);
}

static void begin(struct leaves *l)
{
	struct err e = {0};

	if (ca_settle(&pod, false, &e) < 0 || leaves_open(l, pod.dir, &e) < 0)
		bail(e.msg);
}

static const X509 *crt_of(SSL_CTX *ctx)
{
	return ctx ? SSL_CTX_get0_certificate(ctx) : NULL;
}

static bool is_at(const ASN1_TIME *t, time_t want)
{
	int days = 0, seconds = 0;
	ASN1_TIME *wanted = ASN1_TIME_set(NULL, want);
	bool good = ASN1_TIME_diff(&days, &seconds, wanted, t) == 1 && days == 0 && seconds > -60 &&
		    seconds < 60;

	ASN1_TIME_free(wanted);
	return good;
}

static void lifetime(struct leaves *l)
{
	SSL_CTX *first, *second;
	const X509 *crt;

	ok(!leaves_find(l, "a.example"), "none before it is made");
	first = leaves_get(l, "a.example");
	crt = crt_of(first);
	ok(crt && is_at(X509_get0_notBefore(crt), time(NULL) - HOUR) &&
		   is_at(X509_get0_notAfter(crt), time(NULL) + DAY),
	   "from an hour ago to a day from now");
	ok(leaves_find(l, "a.example") == first && leaves_get(l, "a.example") == first,
	   "it is kept");
	offset = 11 * HOUR;
	ok(leaves_find(l, "a.example") == first, "for half of its day");
	SSL_CTX_up_ref(first);
	offset = 13 * HOUR;
	ok(!leaves_find(l, "a.example"), "and no longer");
	second = leaves_get(l, "a.example");
	ok(second && second != first && is_at(X509_get0_notAfter(crt_of(second)), time(NULL) + DAY),
	   "another one is made, long before it ends");
	SSL_CTX_free(first);
}

static void clocks(struct leaves *l)
{
	offset = 5 * HOUR;
	ok(!leaves_find(l, "a.example"), "the clock was put back: it may not be valid yet");
	ok(is_at(X509_get0_notBefore(crt_of(leaves_get(l, "a.example"))), time(NULL) - HOUR),
	   "and is made anew");
	offset = -3 * DAY;
	ok(!leaves_get(l, "a.example"), "to a day before the authority's first: none");
	ok(l->overdue && leaves_stale(l), "and it is said that there has to be another authority");
	leaves_finish(l);
	begin(l);
	ok(leaves_get(l, "a.example") && !leaves_stale(l), "which the next injector has");
	offset = 0;
	leaves_finish(l);
	begin(l);
	ok(leaves_get(l, "a.example") != NULL, "that is good when the clock is right again");
	offset = 6 * 365 * DAY;
	ok(!leaves_get(l, "a.example") && leaves_stale(l), "until its last day");
	offset = 0;
	leaves_finish(l);
	begin(l);
}

static void many(struct leaves *l)
{
	SSL_CTX *first = leaves_get(l, "a.example");
	char name[64];
	bool good = true;

	for (int i = 0; i < LEAVES + 50; i++) {
		snprintf(name, sizeof(name), "n%d.wide.example", i);
		good = good && leaves_get(l, name) && leaves_find(l, name) &&
		       leaves_find(l, "a.example") == first;
	}
	ok(good, "names below a wildcard, more than are kept; what is used stays");
	ok(!leaves_find(l, "n0.wide.example") && leaves_find(l, "n100.wide.example"),
	   "the one that was used longest ago made room");
	ok(!leaves_get(l, "b.example") && !leaves_get(l, "wide.example.b.example"),
	   "for other hosts nothing is signed");
}

static int inject(int argc, char **argv)
{
	const char *path = getenv("CLOCK_OFF");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = mmap(NULL, sizeof(*clock_off), PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		bail("map $CLOCK_OFF");
	close(fd);
	clock_off = at;
	return cmd_inject(argc, argv);
}

int main(int argc, char **argv)
{
	struct leaves l;
	const char *tmp = getenv("TMPDIR");

	if (argc > 1)
		return inject(argc - 1, argv + 1);
	pod.path = xfmt("%s/test_leaf.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(pod.path))
		bail("make a directory");
	pod.dir = open(pod.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(pod.name, sizeof(pod.name), "web");
	write_policy();
	begin(&l);
	lifetime(&l);
	clocks(&l);
	many(&l);
	leaves_finish(&l);
	remove_tree_at(AT_FDCWD, pod.path);
	free(pod.path);
	return done_testing();
}
