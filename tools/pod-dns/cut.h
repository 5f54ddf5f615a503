/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending what goes straight out (engine veth): connections of the pod to an address whose name was
 * removed are no relay's to cut.  Their sockets are destroyed in the pod's network namespace, and
 * the flows that have none, or hide behind one, are forgotten there, so that their next packet
 * meets the pins.
 */
#ifndef POD_DNS_CUT_H
#define POD_DNS_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/address.h"
#include "libcommon/err.h"
#include "libcommon/names.h"

struct cut {
	int diag, tracked; /* netlink sockets of the pod's namespace; -1: nothing goes straight */
};

#define CUT_INIT       \
	{              \
		-1, -1 \
	}

int cut_open(struct cut *c, int ns, struct err *e);
void cut_finish(struct cut *c);

/* What is at most one name's end: (address, port). */
struct cut_end {
	struct in6_addr address;
	uint16_t port;
};

/*
 * Ends that were revoked and that no other row of the table holds, sorted; networks of cidr_allow
 * are left out.  Caller frees.
 */
struct cut_end *cut_closed(const struct names *names, const struct cidr *open, size_t n_open,
			   size_t *n);

/* Cut all flows to these; how many, -errno. */
int cut_flows(const struct cut *c, const struct cut_end *ends, size_t n);

/*
 * Messages of the kernel, for cut_flows(): the remote end of a socket, and of a tracked flow with
 * what names it (*tuple, inside data).  False for what is not complete.
 */
bool cut_read_socket(const uint8_t *data, size_t len, struct cut_end *end);
bool cut_read_flow(const uint8_t *data, size_t len, struct cut_end *end, const uint8_t **tuple,
		   size_t *tuple_len);

#endif
