/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of files that others write: the audit log, resolv.conf, another pod's announcement, names.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-dns/discovery.h"
#include "tools/pod-dns/history.h"
#include "tools/pod-dns/policy.h"
#include "tools/pod-dns/upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that is read is one that is written the same again. */
static void name_round(const char *text, size_t len)
{
	char out[NAME_TEXT_MAX];
	struct name n, again;

	if (name_from_text(&n, text, len) < 0)
		return;
	name_text(&n, out);
	if (name_from_text(&again, out, strlen(out)) < 0 || !name_equal(&n, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct upstreams us;
	static struct history_event ev;
	struct discovered found;
	char *text = malloc(size + 1);
	int64_t seconds;

	memcpy(text, data, size);
	text[size] = '\0';
	us.n = 0;
	if (upstream_from_host(&us, text, size) > UPSTREAMS_MAX)
		abort();
	if (history_parse(text, size, &ev) && ev.n_answers > HISTORY_ANSWERS)
		abort();
	discovery_parse(text, &found);
	time_parse(text, &seconds);
	name_round(text, size);
	free(text);
	return 0;
}
