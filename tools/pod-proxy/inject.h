/* SPDX-License-Identifier: Apache-2.0 */
/* What the sessions of one injector share: policy, secrets, certificates, servers. */
#ifndef POD_PROXY_INJECT_H
#define POD_PROXY_INJECT_H

#include <netinet/in.h>
#include <stdbool.h>

#include "libcommon/loop.h"
#include "libcommon/names.h"
#include "libcommon/pod.h"
#include "tools/pod-proxy/leaf.h"
#include "tools/pod-proxy/limits.h"
#include "tools/pod-proxy/note.h"
#include "tools/pod-proxy/screener.h"
#include "tools/pod-proxy/secrets.h"
#include "tools/pod-proxy/sites.h"
#include "tools/pod-proxy/upstream.h"

/*
 * Policy as it was at some time.  Exchanges keep the one they began under until they end: what was
 * injected then is scrubbed from the response also when it has been replaced meanwhile.
 */
struct policy {
	unsigned refs;
	struct sites sites;
	struct patterns *patterns; /* of all injected values; NULL: none */
	struct patterns *dummies;  /* of all dummies; NULL: none */
};
void policy_drop(struct policy *p);

struct inject {
	struct pod pod;
	struct loop loop;
	struct names names;
	struct notes notes;
	struct counters *counters;
	struct watch signals, listener, feed, changed, revoked;
	int policy_fd;
	bool stale; /* the pod has another authority by now, or needs one */
	bool made;  /* a certificate, in this turn */
	struct policy *policy;
	struct secrets secrets;
	struct leaves leaves;
	struct upstreams upstreams;
	struct meters meters;
	struct screener screener;
	struct session *sessions;
	struct session *queue;
	unsigned n, max;
	uint64_t hosts_ms; /* when there was one last */
	uint64_t idle_ms;  /* for a request to come, and be whole */
	uint64_t swept_ms;
	uint64_t unread_ms; /* when the policy could not be read, last; 0: secrets are there */
};

#endif
