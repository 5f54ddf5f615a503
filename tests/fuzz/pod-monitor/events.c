/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log, kept for programs: bounded, and all of them something an array can hold. */
#include <stdint.h>
#include <string.h>

#include "tools/pod-monitor/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__asan_default_options(void);

/* libjq loses what it had read of a text that is no JSON. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct events v;
	const char *text = (const char *)data;

	for (size_t at = 0; at < len;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;

		events_keep(&v, text + at, n);
		at += n + 1;
	}
	if (v.n > EVENTS_MAX || v.heads > v.n)
		__builtin_trap();
	jv_free(events_take(&v));
	if (v.n || v.weight)
		__builtin_trap();
	return 0;
}
