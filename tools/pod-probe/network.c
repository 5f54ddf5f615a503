/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out by the network.  Every address outside leads to the stage that the host's side has set
 * up (documentation addresses, here): who answers there with the secret was reached.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

#define PATIENCE_MS 1500
#define MARK_PREFIX 14 /* what all marks have in common: "envpod-verify-" */

struct way {
	int type;
	const char *to;
	in_port_t port;
};

static socklen_t make_address(const struct way *w, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, w->to, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(w->port);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, w->to, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(w->port);
	return sizeof(*v6);
}

static bool wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, PATIENCE_MS) > 0;
}

/* -1 with errno */
static int dial(const struct way *w)
{
	struct sockaddr_storage to;
	socklen_t len = make_address(w, &to), size = sizeof(int);
	int fd = socket(to.ss_family, w->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), code = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&to, len) == 0)
		return fd;
	code = errno;
	if (code == EINPROGRESS)
		code = wait_for(fd, POLLOUT) &&
				       getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0
			       ? code
			       : ETIMEDOUT;
	if (code == 0)
		return fd;
	close(fd);
	errno = code;
	return -1;
}

/* What is no answer of the stage's is one of the wall's: a relay that says no. */
static enum verdict judge_answer(int fd)
{
	char buf[1024];
	ssize_t n;

	if (!wait_for(fd, POLLIN))
		return held("no answer");
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return stopped();
	if (n > 0 && memmem(buf, (size_t)n, bait("secret"), strlen(bait("secret"))))
		return opened("the other side answered");
	return held(n == 0 ? "closed without an answer" : "another answer");
}

static enum verdict get_out(const void *arg)
{
	static const char hello[] = "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n";
	const struct way *w = arg;
	int fd = dial(w);

	if (fd < 0)
		return errno == EAFNOSUPPORT ? absent() : stopped();
	if (send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) < 0)
		return stopped();
	return judge_answer(fd);
}

/* --- names --- */

static enum verdict resolve(const void *arg);

/* Another for the pod's own resolver: a question that goes on from there is told by it. */
static const char *name_for(const struct way *w)
{
	static char name[100];

	snprintf(name, sizeof(name), "%s-%.16s.verify.example",
		 strcmp(w->to, "127.0.0.1") == 0 ? "own" : "other", bait("mark") + MARK_PREFIX);
	return name;
}

bool probe_way(const struct probe *p, char *out, size_t size)
{
	const struct way *w = p->arg;
	const char *to;

	if (p->run != get_out && p->run != resolve)
		return false;
	if (p->run == resolve && strcmp(w->to, "127.0.0.1") == 0) {
		snprintf(out, size, "name %s", name_for(w));
		return true;
	}
	to = strncmp(w->to, "::ffff:", 7) == 0 ? w->to + 7 : w->to;
	snprintf(out, size, "%s %s %d", w->type == SOCK_STREAM ? "tcp" : "udp", to, w->port);
	return true;
}

#define QUERY_ID 0x5650

/* A question for the address of NAME; its length. */
static size_t make_query(unsigned char *out, size_t size, const char *name)
{
	static const unsigned char head[] = {
		QUERY_ID >> 8, QUERY_ID & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	size_t at = sizeof(head);

	memcpy(out, head, sizeof(head));
	while (*name && at + 70 < size) {
		size_t n = strcspn(name, ".");

		out[at++] = (unsigned char)n;
		memcpy(out + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	memcpy(out + at, (unsigned char[]){0, 0, 1, 0, 1}, 5);
	return at + 5;
}

static enum verdict judge_names(const unsigned char *answer, ssize_t n)
{
	if (n < 12)
		return stopped();
	if (answer[6] || answer[7])
		return opened("an address came back");
	if ((answer[3] & 15) == 2) /* SERVFAIL: the way on is closed, and nobody said no */
		return untried("the resolver could not ask further");
	return held("refused: rcode %d", answer[3] & 15);
}

static enum verdict resolve(const void *arg)
{
	unsigned char packet[512];
	size_t n;
	int fd = dial(arg);

	if (fd < 0)
		return stopped();
	n = make_query(packet, sizeof(packet), name_for(arg));
	if (send(fd, packet, n, MSG_NOSIGNAL) < 0)
		return stopped();
	if (!wait_for(fd, POLLIN))
		return held("no answer");
	return judge_names(packet, recv(fd, packet, sizeof(packet), 0));
}

/* --- other doors --- */

static enum verdict ping(const void *to)
{
	const struct way w = {SOCK_DGRAM, to, 0};
	struct sockaddr_storage address;
	socklen_t len = make_address(&w, &address);
	struct icmphdr echo = {.type = ICMP_ECHO};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	if (fd < 0 || sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&address, len) < 0)
		return stopped();
	return wait_for(fd, POLLIN) && recv(fd, &echo, sizeof(echo), 0) > 0
		       ? opened("an echo came back")
		       : held("no echo");
}

/* As they are: allowed or not, nothing changes. */
static enum verdict set_flags(const void *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {0};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", (const char *)name);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return untried("%s: %s", (const char *)name, strerror(errno));
	return unless_failed(ioctl(fd, SIOCSIFFLAGS, &r));
}

static enum verdict set_option(const void *arg)
{
	const int *o = arg;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? stopped() : unless_failed(setsockopt(fd, o[0], o[1], &one, sizeof(one)));
}

#define WAY(...)            \
	&(const struct way) \
	{                   \
		__VA_ARGS__ \
	}
#define TCP SOCK_STREAM
#define UDP SOCK_DGRAM

const struct probe network_probes[] = {
	{"network", "raw-address", CRITICAL, "a raw address is out of reach, port 443", get_out,
	 WAY(TCP, "192.0.2.1", 443), "stage"},
	{"network", "raw-address-http", CRITICAL, "a raw address is out of reach, port 80", get_out,
	 WAY(TCP, "192.0.2.1", 80), "stage"},
	{"network", "raw-address-ssh", CRITICAL, "a raw address is out of reach, port 22", get_out,
	 WAY(TCP, "192.0.2.1", 22), "stage"},
	{"network", "raw-address-v6", CRITICAL, "a raw IPv6 address is out of reach", get_out,
	 WAY(TCP, "2001:db8::1", 443), "stage"},
	{"network", "mapped-address", CRITICAL, "an IPv4 address in IPv6 dress is out of reach",
	 get_out, WAY(TCP, "::ffff:192.0.2.1", 443), "stage"},
	{"network", "resolver-udp", HIGH, "another resolver does not answer by UDP", resolve,
	 WAY(UDP, "192.0.2.53", 53), "stage"},
	{"network", "resolver-udp-v6", HIGH, "another resolver does not answer by UDP over IPv6",
	 resolve, WAY(UDP, "2001:db8::53", 53), "stage"},
	{"network", "resolver-tcp", HIGH, "another resolver does not answer by TCP", get_out,
	 WAY(TCP, "192.0.2.53", 53), "stage"},
	{"network", "dns-over-tls", HIGH, "DNS over TLS is closed", get_out,
	 WAY(TCP, "192.0.2.53", 853), "stage"},
	{"network", "quic", HIGH, "QUIC is closed", get_out, WAY(UDP, "192.0.2.1", 443), "stage"},
	{"network", "datagrams", HIGH, "datagrams to a raw address are closed", get_out,
	 WAY(UDP, "192.0.2.1", 123), "stage"},
	{"network", "metadata", CRITICAL, "the cloud's metadata is out of reach", get_out,
	 WAY(TCP, "169.254.169.254", 80), "stage"},
	{"network", "private-address", CRITICAL, "private networks are out of reach", get_out,
	 WAY(TCP, "192.168.7.7", 80), "stage"},
	{"network", "host-address", CRITICAL, "the host's own address is out of reach", get_out,
	 WAY(TCP, "198.51.100.254", 80), "stage"},
	{"network", "host-loopback-http", CRITICAL,
	 "services on the host's loopback are out of reach", get_out, WAY(TCP, "127.0.0.1", 80),
	 "stage"},
	{"network", "host-loopback-v6", CRITICAL,
	 "services on the host's IPv6 loopback are out of reach", get_out, WAY(TCP, "::1", 80),
	 "stage"},
	{"network", "unlisted-name", HIGH, "a name that was not allowed is not answered", resolve,
	 WAY(UDP, "127.0.0.1", 53), "stage"},
	{"network", "echo", MEDIUM, "echo requests do not get out", ping, "192.0.2.1", "stage"},
	{"network", "link-flags", HIGH, "network interfaces cannot be changed", set_flags, "lo",
	 NULL},
	{"network", "packet-marks", HIGH, "packets cannot be marked", set_option,
	 (const int[]){SOL_SOCKET, SO_MARK}, NULL},
	{"network", "transparent-sockets", HIGH, "foreign source addresses cannot be taken",
	 set_option, (const int[]){SOL_IP, 19 /* IP_TRANSPARENT */}, NULL},
	{0},
};
