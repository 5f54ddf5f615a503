/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rules come from: the pod file (by the plan), changed by what a person said since, which is
 * kept in policy/dns.json:
 *	{"v":1,
 *	 "allow":[{"name":"x.y:443","until":"2026-01-02T03:04:05Z"}],
 *	 "deny":[{"name":"*.z"}],
 *	 "remap":[{"name":"a.b","to":"192.0.2.1"}],
 *	 "remove_allow":[{"name":"c.d"}], "remove_deny":[…], "remove_remap":[…]}
 * The last three take back entries of the pod file.
 */
#ifndef POD_DNS_POLICY_H
#define POD_DNS_POLICY_H

#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "tools/pod-dns/rules.h"

#define POLICY_FILE "dns.json"
#define POLICY_MAX  (32u << 20)

enum policy_list {
	LIST_ALLOW,
	LIST_DENY,
	LIST_REMAP,
	LIST_REMOVE_ALLOW,
	LIST_REMOVE_DENY,
	LIST_REMOVE_REMAP,
	LIST_COUNT,
};
extern const char *const policy_lists[LIST_COUNT];

struct policy_entry {
	enum policy_list list;
	const char *name, *to; /* to: "" but for remap */
	int64_t until;         /* seconds since 1970; 0: for good */
};

/* Call fn for each entry.  -EINVAL with e set ("dns.json:LINE:COLUMN: …", status 78). */
int policy_read(const char *data, size_t len,
		int (*fn)(void *arg, const struct policy_entry *entry, struct err *e), void *arg,
		struct err *e);

/* What of the plan concerns names. */
struct rules *policy_of_plan(const struct plan *plan, struct err *e);

/*
 * The rules that hold now: those of the plan with dirfd/dns.json applied (none is as good as an
 * empty one).  *next: when an entry ends, in seconds since 1970; 0: none does.
 */
struct rules *policy_load(const struct plan *plan, int dirfd, int64_t now, int64_t *next,
			  struct err *e);

int time_parse(const char *text, int64_t *seconds); /* "2026-01-02T03:04:05Z"; -EINVAL */
const char *time_text(int64_t seconds, char out[32]);

#endif
