/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/discovery.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/ports.h"

#define SUFFIX ".pods.local"

int discovery_parse(const char *line, struct discovered *found)
{
	char v4[INET6_ADDRSTRLEN], v6[INET6_ADDRSTRLEN], ports[128];
	int n = sscanf(line, "%45s %45s %127s", v4, v6, ports);
	const char *p = ports;

	*found = (struct discovered){.v4 = {{{0}}}};
	if (n < 2 || address_parse(v4, &found->v4) < 0 || address_parse(v6, &found->v6) < 0 ||
	    !address_is_v4(&found->v4) || address_is_v4(&found->v6))
		return -EINVAL;
	for (unsigned i = 0; n == 3 && i < NAMES_PORTS; i++) {
		char *end;
		unsigned long port = strtoul(p, &end, 10);

		if (end == p || port == 0 || port > 65535)
			return -EINVAL;
		found->ports.port[i] = (uint16_t)port;
		if (*end == '\0')
			break;
		p = end + 1;
	}
	return 0;
}

/* The addresses of net/up, without their lengths. */
static int read_addresses(struct discovery *d, const struct pod *p, struct err *e)
{
	char up[256];
	int r = read_line_at(p->run, "net/up", up, sizeof(up));

	if (r < 0)
		return err_set(e, -r, "read %s/net/up", p->runpath);
	if (sscanf(up, "%*s %63[^/ ]/%*d %63[^/ ]", d->v4, d->v6) != 2)
		return err_set(e, ERR_PLAIN, "%s/net/up is not what it should be", p->runpath);
	return 0;
}

/* Our own line: where we are, and what other pods may reach. */
static void describe(const struct discovery *d, const struct ports *all, struct buf *b)
{
	unsigned n = 0;

	buf_fmt(b, "%s %s", d->v4, d->v6);
	for (size_t i = 0; i < all->n && n < NAMES_PORTS; i++)
		if (all->v[i].scope == PORT_INTERNAL)
			buf_fmt(b, "%s%u", n++ ? "," : " ", all->v[i].pod);
	buf_char(b, '\n');
}

int discovery_say(const struct discovery *d, int policy, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct ports all;
	int r = d->mine < 0 ? 0 : ports_load(&all, d->plan, policy, e);

	if (r < 0 || d->mine < 0)
		return r;
	describe(d, &all, &b);
	if (pwrite(d->mine, b.data, b.len, 0) != (ssize_t)b.len ||
	    ftruncate(d->mine, (off_t)b.len) < 0)
		return err_set(e, errno, "write what other pods may reach");
	return 0;
}

static int announce(struct discovery *d, const struct pod *p, int policy, struct err *e)
{
	OWN_FD int fd = openat(d->dir, p->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return err_set(e, errno, "open %s/.pods/%s", pod_run_dir(), p->name);
	/* One before us may be ending still: the name is ours as soon as it has. */
	if (flock(fd, LOCK_EX) < 0 || ftruncate(fd, 0) < 0 || fchmod(fd, 0644) < 0)
		return err_set(e, errno, "lock %s/.pods/%s", pod_run_dir(), p->name);
	if (read_addresses(d, p, e) < 0)
		return -e->code;
	d->mine = take_fd(&fd);
	return discovery_say(d, policy, e);
}

int discovery_open(struct discovery *d, const struct pod *p, const struct plan *plan, int policy,
		   struct err *e)
{
	OWN_FD int run = -1;

	*d = (struct discovery){.dir = -1, .mine = -1, .plan = plan};
	if (!plan_is(plan, "discovery", "yes") && !plan_str(plan, "allow_pod", NULL))
		return 0;
	run = open(pod_run_dir(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run < 0 || (mkdirat(run, ".pods", 0755) < 0 && errno != EEXIST))
		return err_set(e, errno, "make %s/.pods", pod_run_dir());
	d->dir = openat(run, ".pods", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (d->dir < 0 || fchmod(d->dir, 0755) < 0)
		return err_set(e, errno, "open %s/.pods", pod_run_dir());
	return plan_is(plan, "discovery", "yes") ? announce(d, p, policy, e) : 0;
}

void discovery_finish(struct discovery *d)
{
	own_close(&d->dir);
	own_close(&d->mine);
	*d = (struct discovery)DISCOVERY_INIT;
}

bool discovery_covers(const char *name)
{
	size_t len = strlen(name), tail = strlen(SUFFIX);

	return strcmp(name, &SUFFIX[1]) == 0 ||
	       (len > tail && strcmp(name + len - tail, SUFFIX) == 0);
}

bool discovery_find(const struct discovery *d, const char *name, struct discovered *found)
{
	size_t len = strlen(name), tail = strlen(SUFFIX);
	char pod[POD_NAME_MAX + 1], line[256];
	struct err e = {0};
	OWN_FD int fd = -1;
	ssize_t n;

	if (d->dir < 0 || len <= tail || len - tail > POD_NAME_MAX)
		return false;
	snprintf(pod, sizeof(pod), "%.*s", (int)(len - tail), name);
	if (pod_check_name(pod, &e) < 0 ||
	    (!plan_has(d->plan, "allow_pod", pod) && !plan_has(d->plan, "allow_pod", "*")))
		return false;
	fd = openat(d->dir, pod, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0) /* nobody holds it */
		return false;
	n = read_full(fd, line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	return discovery_parse(line, found) == 0;
}
