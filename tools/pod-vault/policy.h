/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pod file and later commands say about injection, together: policy/proxy.json is what
 * changed since the pod was made, policy/proxy the whole for daemons and runs.
 */
#ifndef POD_VAULT_POLICY_H
#define POD_VAULT_POLICY_H

#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-vault/binding.h"

#define PROXY_JSON     "proxy.json"
#define PROXY_JSON_MAX (4u << 20)

struct dummy {
	char *key, *value;
};

struct policy {
	struct pod pod;
	struct plan plan;
	int dir;                        /* pods/NAME/policy, locked while the policy is open */
	struct bindings planned, rules; /* of the pod file */
	struct bindings added, removed; /* of proxy.json; removed: key, domain and port count */
	struct dummy *dummies;
	size_t n_dummies;
};

#define POLICY_INIT                         \
	{                                   \
		.pod = POD_INIT, .dir = -1, \
	}

/* Does the pod file bind anything, or did somebody later? */
bool policy_is_wanted(const struct pod *p);
/*
 * Opens pod, plan and policy.  To change it, its lock is held from here on; to read it, nobody is
 * waited for: the injector's feed may be what somebody waits for who holds it.
 */
enum policy_use { POLICY_READ, POLICY_CHANGE };
int policy_load(struct policy *p, const char *pod, enum policy_use use, struct err *e);
void policy_finish(struct policy *p);
/* The bindings that hold: planned, less removed, with added in place of their like. */
int policy_bindings(const struct policy *p, struct bindings *all, struct err *e);
/* Write proxy.json and proxy, dummies made for keys that have none. */
int policy_save(struct policy *p, struct err *e);
/* NULL, or why nothing may be bound in this pod: its network is open, or the pod file says no. */
const char *policy_refusal(const struct policy *p);

/* proxy.json: its text into p and back. */
int live_parse(struct policy *p, const char *text, size_t len, struct err *e);
void live_format(const struct policy *p, struct buf *to);

/*
 * Screening (screen.c): mark those of all whose host is screened by the plan, and add to them the
 * hosts that are intercepted for it alone.
 */
int screen_mark(const struct plan *plan, struct bindings *all, struct err *e);
/* "alert" or "block", and categories as policy/proxy has them; NULL: nothing is screened. */
const char *screen_mode(const struct plan *plan, struct buf *categories);

/* The text of policy/proxy. */
int compile(const struct policy *p, struct buf *to, struct err *e);
/* After policy/proxy was written: what may be signed for the pod is what it says (pod-proxy ca). */
int compile_ca(const struct pod *p, struct err *e);

/* A value that looks like one for that host, random; caller frees. */
char *dummy_make(const char *domain);

#endif
