/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/legacy.h"

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

#define TABLE "filter"
#define MAX   (64u << 20)

/* Asking for a table loads it, with chains that see every packet: first whether it is there. */
static bool is_there(bool six)
{
	OWN_FILE FILE *f =
		fopen(six ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names", "re");
	char line[64];

	while (f && fgets(line, sizeof(line), f))
		if (strcmp(line, TABLE "\n") == 0)
			return true;
	return false;
}

bool legacy_is_drop(const unsigned char *data, size_t len, size_t at, bool six)
{
	size_t head = six ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry);
	size_t field = six ? offsetof(struct ip6t_entry, target_offset)
			   : offsetof(struct ipt_entry, target_offset);
	struct xt_standard_target target;
	uint16_t to;

	if (at > len || len - at < head)
		return false;
	memcpy(&to, data + at + field, sizeof(to));
	if ((size_t)to > len - at || len - at - to < sizeof(target))
		return false;
	memcpy(&target, data + at + to, sizeof(target));
	return target.target.u.user.name[0] == '\0' && target.verdict == -NF_DROP - 1;
}

static bool holds(const unsigned char *data, size_t len, const char *text)
{
	return memmem(data, len, text, strlen(text)) != NULL;
}

/* The two families have the same numbers and the same layout of what is asked here. */
static bool ask(int fd, bool six, const char *prefix)
{
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	struct ipt_getinfo info = {.name = TABLE};
	OWN_FREE struct ipt_get_entries *got = NULL;
	socklen_t len = sizeof(info);
	const unsigned char *data;

	if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &len) < 0 || info.size > MAX ||
	    !(info.valid_hooks & 1u << NF_INET_FORWARD))
		return false;
	len = (socklen_t)(sizeof(*got) + info.size);
	got = xcalloc(1, len);
	snprintf(got->name, sizeof(got->name), TABLE);
	got->size = info.size;
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, got, &len) < 0)
		return false;
	data = (const unsigned char *)got->entrytable;
	return legacy_is_drop(data, info.size, info.underflow[NF_INET_FORWARD], six) &&
	       !holds(data, info.size, prefix);
}

bool legacy_drops(bool six, const char *prefix)
{
	OWN_FD int fd = -1;

	if (!is_there(six))
		return false;
	fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	return fd >= 0 && ask(fd, six, prefix);
}
