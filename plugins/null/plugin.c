/* SPDX-License-Identifier: Apache-2.0 */
/*
 * null - the worked example of docs/plugin-guide.md: it is everywhere, and needs next to nothing.
 *
 * Looks for: nothing.  Options: say=TEXT.  Gives the pod: the variable POD_NULL, "TEXT" or
 * "nothing".
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "envpod/plugin.h"

static int probe(const struct pod_host *host)
{
	host->log(host->ctx, POD_LOG_FOUND, "nothing, as expected");
	return 0;
}

static int plan(const struct pod_host *host, const struct pod_ask *ask)
{
	const char *text = "nothing";

	for (const char *const *opt = ask->opts; *opt; opt++) {
		if (strncmp(*opt, "say=", 4) != 0) {
			host->log(host->ctx, POD_LOG_ERROR, "the only option is say=TEXT");
			return -EINVAL;
		}
		text = *opt + 4;
	}
	return host->need(host->ctx, "env",
			  (const char *const[]){"name", "POD_NULL", "value", text, NULL});
}

__attribute__((visibility("default"))) const struct pod_plugin pod_plugin = {
	.abi = POD_ABI,
	.size = sizeof(struct pod_plugin),
	.name = "null",
	.kind = "null",
	.summary = "the worked example",
	.probe = probe,
	.plan = plan,
};
