/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/stage.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"

/* The host's own addresses there, of the ranges for documentation. */
#define HERE_V4     "198.51.100.254"
#define HERE_V6     "2001:db8:ffff::254"
#define PATIENCE_MS 10000

struct request {
	struct nlmsghdr head;
	union {
		struct ifaddrmsg address;
		struct rtmsg route;
	} u;
	char room[128];
};

static void add_attribute(struct request *q, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)q + NLMSG_ALIGN(q->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	q->head.nlmsg_len = NLMSG_ALIGN(q->head.nlmsg_len) + (unsigned)RTA_ALIGN(a->rta_len);
}

static int send_request(int fd, struct request *q)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char more[512];
	} answer;

	q->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	if (send(fd, q, q->head.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.head.nlmsg_type == NLMSG_ERROR ? answer.error.error : -EPROTO;
}

static size_t parse_address(int family, const char *text, unsigned char *out)
{
	inet_pton(family, text, out);
	return family == AF_INET ? 4 : 16;
}

static int add_address(int fd, unsigned lo, int family, const char *text)
{
	struct request q = {.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
				     .nlmsg_type = RTM_NEWADDR}};
	unsigned char bytes[16];
	size_t n = parse_address(family, text, bytes);

	q.u.address = (struct ifaddrmsg){.ifa_family = (unsigned char)family,
					 .ifa_prefixlen = (unsigned char)(n * 8),
					 .ifa_flags = IFA_F_NODAD,
					 .ifa_index = lo};
	add_attribute(&q, IFA_LOCAL, bytes, n);
	add_attribute(&q, IFA_ADDRESS, bytes, n);
	return send_request(fd, &q);
}

/* Every address is this host's, and whoever calls one comes from another. */
static int add_everything(int fd, unsigned lo, int family, const char *from)
{
	struct request q = {.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
				     .nlmsg_type = RTM_NEWROUTE}};
	unsigned char bytes[16];
	size_t n = parse_address(family, from, bytes);

	q.u.route = (struct rtmsg){.rtm_family = (unsigned char)family,
				   .rtm_table = RT_TABLE_LOCAL,
				   .rtm_protocol = RTPROT_STATIC,
				   .rtm_scope = RT_SCOPE_HOST,
				   .rtm_type = RTN_LOCAL};
	add_attribute(&q, RTA_OIF, &lo, sizeof(lo));
	add_attribute(&q, RTA_PREFSRC, bytes, n);
	return send_request(fd, &q);
}

static int raise_loopback(void)
{
	OWN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) < 0 ? -errno : 0;
}

static int lead_all_here(int family, const char *address)
{
	OWN_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned lo = if_nametoindex("lo");
	int r = fd < 0 ? -errno : add_address(fd, lo, family, address);

	return r == 0 ? add_everything(fd, lo, family, address) : r;
}

int stage_enter(struct err *e)
{
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		return err_set(e, errno, "make a network namespace");
	r = raise_loopback();
	if (r == 0)
		r = lead_all_here(AF_INET, HERE_V4);
	if (r == 0)
		r = lead_all_here(AF_INET6, HERE_V6);
	if (r == -EAFNOSUPPORT || r == -EOPNOTSUPP || r == -EACCES)
		r = 0; /* a host without IPv6 */
	return r < 0 ? err_set(e, -r, "set up a network for the clone") : 0;
}

/* --- the process --- */

static int await(struct stage *s, struct err *e)
{
	struct pollfd p = {.fd = s->out, .events = POLLIN};
	char word[6];

	if (poll(&p, 1, PATIENCE_MS) > 0 && read(s->out, word, 6) == 6 &&
	    memcmp(word, "ready\n", 6) == 0)
		return fcntl(s->out, F_SETFL, O_NONBLOCK) < 0 ? err_set(e, errno, "read") : 0;
	return err_set(e, ERR_PLAIN, "what probes look for could not be started");
}

int stage_start(struct stage *s, const char *bait, struct err *e)
{
	char *argv[] = {"pod-probe", "--stage", "--bait", (char *)bait, NULL};
	struct spawn_io io = {.err = -1};
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	io.in = in[0];
	io.out = out[1];
	s->in = in[1];
	s->out = out[0];
	s->pid = spawn_start(argv, &io, e);
	close(in[0]);
	close(out[1]);
	return s->pid < 0 ? s->pid : await(s, e);
}

void stage_drain(struct stage *s, struct buf *b)
{
	char text[4096];
	ssize_t n;

	while (b->len < 1u << 20 && (n = read(s->out, text, sizeof(text))) > 0)
		buf_add(b, text, (size_t)n);
}

void stage_finish(struct stage *s)
{
	own_close(&s->in);
	own_close(&s->out);
	if (s->pid > 0)
		spawn_reap(s->pid);
}
