/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/asker.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "libcommon/pod.h"

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

static void put_end(const struct sockaddr *at, __be32 address[4], __be16 *port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)at;

	if (at->sa_family == AF_INET)
		memcpy(address, &v4->sin_addr, 4);
	else
		memcpy(address, &v6->sin6_addr, 16);
	*port = at->sa_family == AF_INET ? v4->sin_port : v6->sin6_port;
}

/* The kernel looks up who would receive a datagram: ours is one that comes back, from us to it. */
static struct request request_for(struct asker *a, const struct sockaddr *from,
				  const struct sockaddr *to)
{
	struct request r = {
		.head = {.nlmsg_len = sizeof(r),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST,
			 .nlmsg_seq = ++a->seq},
		.body = {.sdiag_family = (__u8)from->sa_family,
			 .sdiag_protocol = IPPROTO_UDP,
			 .idiag_states = ~0u},
	};

	put_end(to, r.body.id.idiag_src, &r.body.id.idiag_sport);
	put_end(from, r.body.id.idiag_dst, &r.body.id.idiag_dport);
	r.body.id.idiag_cookie[0] = r.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return r;
}

static long receive(const struct asker *a)
{
	uint8_t in[1024];
	struct nlmsghdr head;
	struct inet_diag_msg msg;
	ssize_t n;

	do { /* an answer to one that was given up on may stand in front */
		n = recv(a->fd, in, sizeof(in), MSG_DONTWAIT);
		if (n < (ssize_t)sizeof(head))
			return -1;
		memcpy(&head, in, sizeof(head));
	} while (head.nlmsg_seq != a->seq);
	if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || n < (ssize_t)(NLMSG_HDRLEN + sizeof(msg)))
		return -1;
	memcpy(&msg, in + NLMSG_HDRLEN, sizeof(msg));
	return (long)pod_map_in(msg.idiag_uid, a->base, a->identity);
}

long asker_uid(struct asker *a, const struct sockaddr *from, const struct sockaddr *to,
	       uint64_t now_ms)
{
	struct request r;

	if (a->fd < 0 || from->sa_family != to->sa_family)
		return -1;
	if (now_ms / 1000 != a->second) {
		a->second = now_ms / 1000;
		a->asked = 0;
	}
	if (++a->asked > ASKER_PER_SECOND)
		return -1;
	r = request_for(a, from, to);
	if (send(a->fd, &r, sizeof(r), MSG_DONTWAIT) != sizeof(r))
		return -1;
	return receive(a);
}
