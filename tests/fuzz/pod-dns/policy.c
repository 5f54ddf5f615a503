/* SPDX-License-Identifier: Apache-2.0 */
/* policy/dns.json: entries within their bounds, a fault with its place, and rules that can be
 * asked. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-dns/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *arg, const struct policy_entry *entry, struct err *e)
{
	if (entry->list == LIST_REMAP)
		return rules_remap(arg, entry->name, entry->to, e);
	return rules_add(arg, (enum rule_kind)(entry->list % 2), entry->name, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules *r = rules_new(MODE_ALLOWLIST, size & 1);
	struct err e = {0};
	struct verdict v;
	struct name n;
	char rule[RULES_TEXT_MAX];
	int bad = policy_read((const char *)data, size, take, r, &e);

	if (bad < 0 && (!e.msg[0] || e.status != 78))
		abort();
	if (name_from_text(&n, (const char *)data, size < 200 ? size : 200) == 0) {
		rules_judge(r, &n, &v);
		verdict_text(r, &v, rule);
	}
	rules_free(r);
	return 0;
}
