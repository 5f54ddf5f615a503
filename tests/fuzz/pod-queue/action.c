/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the store: actions and approvals.  What is printed is read again as it was. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-queue/action.h"
#include "tools/pod-queue/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_ACTION struct action a = {.tier = TIERS}, b = {.tier = TIERS};
	OWN_BUF struct buf text = BUF_INIT, reply = BUF_INIT;
	struct approval p;
	struct err e = {0};
	bool is_action;

	approval_parse(&p, (const char *)data, size, &is_action, &e);
	reply_action(&reply, (const char *)data, size);
	if (action_parse(&a, (const char *)data, size, &e) < 0)
		return 0;
	action_print(&a, &text);
	if (action_parse(&b, text.data, text.len, &e) < 0 || strcmp(a.id, b.id) != 0 ||
	    strcmp(a.params, b.params) != 0 || a.tier != b.tier)
		abort();
	return 0;
}
