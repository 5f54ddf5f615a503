/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/names.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"

#define SECOND 1000000000ull

static struct in6_addr v4(const char *text)
{
	struct in_addr a;

	inet_pton(AF_INET, text, &a);
	return names_v4(a);
}

static struct names_row row(const char *name, const char *address, uint64_t until)
{
	struct names_row r = {.address = v4(address), .until = until};

	snprintf(r.name, sizeof(r.name), "%s", name);
	return r;
}

static enum names_state find(const struct names *n, const char *name, const char *address, int port)
{
	struct in6_addr a = v4(address);

	return names_find(n, name, &a, (uint16_t)port);
}

static void basics(struct names *w, const struct names *r)
{
	uint64_t soon = names_now() + 60 * SECOND;
	struct names_row a = row("One.example", "192.0.2.1", soon),
			 b = row("two.example", "192.0.2.1", soon),
			 c = row("three.example", "192.0.2.3", soon);
	char name[254];
	struct in6_addr nobody = v4("192.0.2.9"), third = v4("192.0.2.3");

	c.port[0] = 22;
	ok(names_put(w, &a) == 0 && names_put(w, &b) == 0 && names_put(w, &c) == 0, "put");
	ok(find(r, "one.EXAMPLE", "192.0.2.1", 443) == NAMES_PINNED, "found, whatever the case");
	ok(find(r, "two.example", "192.0.2.1", 80) == NAMES_PINNED, "two names of one address");
	ok(find(r, "one.example", "192.0.2.3", 443) == NAMES_NONE, "not another's address");
	ok(find(r, "one.example", "192.0.2.1", 22) == NAMES_NONE, "not another port");
	ok(find(r, "three.example", "192.0.2.3", 22) == NAMES_PINNED, "the ports of the entry");
	ok(find(r, "three.example", "192.0.2.3", 443) == NAMES_NONE, "and no others");
	ok(find(r, "three.example", "192.0.2.3", 0) == NAMES_PINNED, "whatever the port");
	names_of(r, &third, 0, name);
	is_str(name, "three.example", "the name of an address");
	names_of(r, &third, 22, name);
	is_str(name, "three.example", "for one of its ports");
	names_of(r, &third, 443, name);
	is_str(name, "", "for another one none");
	names_of(r, &nobody, 0, name);
	is_str(name, "", "no name of an unknown one");
}

static void ends(struct names *w, const struct names *r)
{
	struct names_row old = row("old.example", "192.0.2.4", names_now() - 1), got;
	size_t at = 0;
	int n = 0;

	names_put(w, &old);
	ok(find(r, "old.example", "192.0.2.4", 443) == NAMES_EXPIRED, "expired");
	ok(names_revoke(w, "ONE.example") == 1, "one row revoked");
	ok(names_revoke(w, "one.example") == 0, "but once");
	ok(find(r, "one.example", "192.0.2.1", 443) == NAMES_REVOKED, "revoked is told apart");
	ok(find(r, "two.example", "192.0.2.1", 443) == NAMES_PINNED, "its neighbour stays");
	while (names_next(r, &at, &got))
		n++;
	ok(n == 2, "two live rows (%d)", n);
	old = row("one.example", "192.0.2.1", names_now() + SECOND);
	names_put(w, &old);
	ok(find(r, "one.example", "192.0.2.1", 443) == NAMES_PINNED, "allowed again");
}

static void refreshed(struct names *w, const struct names *r)
{
	uint64_t late = names_now() + 100 * SECOND;
	struct names_row a = row("f.example", "192.0.2.7", late), got = {0};
	size_t at = 0;

	names_put(w, &a);
	a.until = names_now() + SECOND;
	names_put(w, &a);
	while (names_next(r, &at, &got) && strcmp(got.name, "f.example") != 0)
		;
	ok(got.until == late, "a shorter answer takes nothing away");
}

static void woken(struct names *w, int fd)
{
	OWN_FD int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	OWN_FREE char *path = xfmt("/proc/self/fd/%d", fd);
	struct pollfd p = {.fd = watch, .events = POLLIN};

	ok(inotify_add_watch(watch, path, IN_MODIFY) >= 0, "watch the file");
	ok(names_revoke(w, "nobody.example") == 0 && poll(&p, 1, 0) == 0, "nothing: no wake-up");
	ok(names_revoke(w, "two.example") == 1 && poll(&p, 1, 1000) == 1, "a revocation wakes");
}

/* More rows than places: the table stays bounded, and live rows are never pushed out. */
static void full(struct names *w, const struct names *r)
{
	uint64_t soon = names_now() + 60 * SECOND;
	unsigned put = 0, lost = 0;
	char name[64], address[32];

	for (unsigned i = 0; i < 2 * NAMES_ROWS; i++) {
		struct names_row one;

		snprintf(name, sizeof(name), "n%u.example", i);
		snprintf(address, sizeof(address), "198.18.%u.%u", i >> 8 & 255, i & 255);
		one = row(name, address, soon);
		if (names_put(w, &one) < 0)
			continue;
		put++;
		lost += find(r, name, address, 443) != NAMES_PINNED;
	}
	ok(put > NAMES_ROWS / 2 && put <= NAMES_ROWS && lost == 0,
	   "%u rows found room, none was lost", put);
	ok(find(r, "n0.example", "198.18.0.0", 443) == NAMES_PINNED, "the first is still there");
}

static void hostile(int fd)
{
	struct names n = NAMES_INIT;
	struct err e = {0};
	OWN_FD int small = memfd_create("small", MFD_CLOEXEC);

	ok(names_map(&n, dup(small), false, &e) < 0, "an empty file is no table: %s", e.msg);
	names_finish(&n);
	if (pwrite(fd, "x", 1, 0) != 1)
		ok(0, "write");
	ok(names_map(&n, dup(fd), false, &e) < 0, "nor is another format");
	names_finish(&n);
}

int main(void)
{
	char path[] = "/tmp/test-names.XXXXXX"; /* a memfd is not watched */
	OWN_FD int fd = mkstemp(path);
	struct names w = NAMES_INIT, r = NAMES_INIT;
	struct err e = {0};

	unlink(path);
	ok(names_create(fd, &e) == 0 && names_map(&w, dup(fd), true, &e) == 0 &&
		   names_map(&r, dup(fd), false, &e) == 0,
	   "a table: %s", e.msg);
	basics(&w, &r);
	ends(&w, &r);
	refreshed(&w, &r);
	woken(&w, fd);
	full(&w, &r);
	names_finish(&w);
	names_finish(&r);
	hostile(fd);
	return done_testing();
}
