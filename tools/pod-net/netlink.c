/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/netlink.h"

#include <string.h>
#include <time.h>

#define TRIES 100 /* of a list that keeps changing */

int netlink_open(struct netlink *k, int bus, struct err *e)
{
	k->seq = (uint32_t)time(NULL);
	k->nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!k->nl || mnl_socket_bind(k->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return err_set(e, errno, "open a netlink socket");
	return 0;
}

void netlink_finish(struct netlink *k)
{
	if (k->nl)
		mnl_socket_close(k->nl);
	k->nl = NULL;
}

struct nlmsghdr *netlink_ask(struct netlink *k, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(k->data);

	m->nlmsg_type = type;
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	m->nlmsg_seq = ++k->seq;
	return m;
}

int netlink_talk(struct netlink *k, struct nlmsghdr *m, mnl_cb_t fn, void *arg)
{
	char answer[16384];
	ssize_t n;
	int r = 1;

	if (mnl_socket_sendto(k->nl, m, m->nlmsg_len) < 0)
		return -errno;
	while (r > 0) {
		n = mnl_socket_recvfrom(k->nl, answer, sizeof(answer));
		if (n < 0)
			return -errno;
		r = mnl_cb_run(answer, (size_t)n, k->seq, mnl_socket_get_portid(k->nl), fn, arg);
	}
	return r < 0 ? -errno : 0;
}

static int list_once(const struct netlink_list *l)
{
	struct netlink k = {0};
	struct err ignored = {0};
	struct nlmsghdr *m;
	int r = netlink_open(&k, l->bus, &ignored);

	if (r == 0) {
		m = netlink_ask(&k, l->type, NLM_F_DUMP);
		memcpy(mnl_nlmsg_put_extra_header(m, l->head_len), l->head, l->head_len);
		r = netlink_talk(&k, m, l->fn, l->arg);
	}
	netlink_finish(&k);
	return r;
}

int netlink_list(const struct netlink_list *l)
{
	int r = list_once(l);

	for (int i = 1; i < TRIES && r == -EINTR; i++) {
		if (l->restart)
			l->restart(l->arg);
		r = list_once(l);
	}
	return r;
}
