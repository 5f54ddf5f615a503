/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/counters.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

const char *const counter_names[COUNTER_KINDS] = {
	"up",         "down",     "connections",     "dns_queries",
	"dns_denied", "requests", "requests_denied", "tokens"};

static const char *const pages[COUNTS_OF] = {"net", "dns", "proxy", "forward", "inject"};

#define SIZE 4096

_Static_assert(sizeof(struct counters) <= SIZE, "one page");

static void *map(const struct pod *p, enum counters_of who, int prot, struct err *e)
{
	OWN_FREE char *name = xfmt("counters/%s", pages[who]);
	OWN_FD int fd = -1;
	struct stat st;
	void *at;

	if (mkdirat(p->run, "counters", 0700) < 0 && errno != EEXIST) {
		err_set(e, errno, "make %s/counters", p->runpath);
		return NULL;
	}
	fd = open_beneath(p->run, name, O_RDWR | O_CREAT, 0600);
	if (fd < 0) {
		err_set(e, -fd, "open %s/%s", p->runpath, name);
		return NULL;
	}
	/* Two may find it empty: both give it the same size, and it stays full of zeros. */
	if (fstat(fd, &st) < 0 || (st.st_size != SIZE && ftruncate(fd, SIZE) < 0)) {
		err_set(e, errno, "make %s/%s", p->runpath, name);
		return NULL;
	}
	at = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		return at;
	err_set(e, errno, "map %s/%s", p->runpath, name);
	return NULL;
}

int counters_open(struct counters **c, const struct pod *p, enum counters_of who, struct err *e)
{
	*c = map(p, who, PROT_READ | PROT_WRITE, e);
	return *c ? 0 : -e->code;
}

void counters_close(struct counters *c)
{
	if (c)
		munmap(c, SIZE);
}

/* Whoever comes second with an older number adds nothing. */
static void grow(struct counters *net, unsigned way, enum counter which, uint64_t now)
{
	uint64_t last = net->last[way];

	while (now > last && !atomic_compare_exchange_weak(&net->last[way], &last, now))
		;
	if (now > last)
		counters_add(net, which, now - last);
}

/* Not by /sys, which shows the network namespace of whoever mounted it. */
static int ask_link(int fd, const char *link)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
		struct rtattr name;
		char text[IFNAMSIZ];
	} ask = {.head = {.nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
		 .name = {.rta_type = IFLA_IFNAME}};
	size_t len = strlen(link) + 1;

	if (len > IFNAMSIZ)
		return -EINVAL;
	memcpy(ask.text, link, len);
	ask.name.rta_len = (unsigned short)RTA_LENGTH(len);
	ask.head.nlmsg_len = NLMSG_LENGTH(sizeof(ask.info)) + RTA_ALIGN(ask.name.rta_len);
	return send(fd, &ask, ask.head.nlmsg_len, 0) < 0 ? -errno : 0;
}

static bool take_stats(const struct nlmsghdr *m, struct rtnl_link_stats64 *stats)
{
	int left = (int)m->nlmsg_len - (int)NLMSG_LENGTH(sizeof(struct ifinfomsg));

	for (struct rtattr *a = IFLA_RTA(NLMSG_DATA(m)); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_STATS64 && RTA_PAYLOAD(a) >= sizeof(*stats)) {
			memcpy(stats, RTA_DATA(a), sizeof(*stats));
			return true;
		}
	return false;
}

static bool read_link(const char *link, struct rtnl_link_stats64 *stats)
{
	OWN_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *m = (const void *)data;
	ssize_t n = -1;

	if (fd >= 0 && ask_link(fd, link) == 0)
		n = recv(fd, data, sizeof(data), 0);
	return n > 0 && NLMSG_OK(m, (size_t)n) && m->nlmsg_type == RTM_NEWLINK &&
	       take_stats(m, stats);
}

/* The host's end receives what the pod sends.  Each start makes a link of another name, which
 * begins at zero. */
void counters_take_link(struct counters *net, const struct pod *p)
{
	uint64_t device = 14695981039346656037ull;
	struct rtnl_link_stats64 stats;
	char line[256];

	if (read_line_at(p->run, "net/veth", line, sizeof(line)) < 0)
		return;
	line[strcspn(line, " ")] = '\0';
	if (!line[0] || !read_link(line, &stats))
		return;
	for (const char *c = line; *c; c++)
		device = (device ^ (unsigned char)*c) * 1099511628211ull;
	if (atomic_exchange(&net->device, device) != device)
		net->last[0] = net->last[1] = 0;
	grow(net, 0, COUNT_UP, stats.rx_bytes);
	grow(net, 1, COUNT_DOWN, stats.tx_bytes);
}

int counters_open_all(struct counters_all *all, const struct pod *p, struct err *e)
{
	*all = (struct counters_all){0};
	for (unsigned i = 0; i < COUNTS_OF; i++) {
		all->of[i] = map(p, i, PROT_READ, e);
		if (!all->of[i]) {
			counters_close_all(all);
			return -e->code;
		}
	}
	return 0;
}

void counters_sum(const struct counters_all *all, uint64_t sum[COUNTER_KINDS])
{
	for (unsigned c = 0; c < COUNTER_KINDS; c++) {
		sum[c] = 0;
		for (unsigned i = 0; i < COUNTS_OF && all->of[i]; i++)
			sum[c] += atomic_load_explicit(&all->of[i]->n[c], memory_order_relaxed);
	}
}

void counters_close_all(struct counters_all *all)
{
	for (unsigned i = 0; i < COUNTS_OF; i++)
		if (all->of[i])
			munmap((void *)(uintptr_t)all->of[i], SIZE);
	*all = (struct counters_all){0};
}
