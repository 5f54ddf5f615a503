/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log, as the sampler reads them: events that count, and recorded samples. */
#include <stdint.h>
#include <string.h>

#include "tools/pod-monitor/line.h"
#include "tools/pod-monitor/numbers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__asan_default_options(void);

/* libjq loses what it had read of a text that is no JSON. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sample sample, again;
	struct line l;
	OWN_BUF struct buf b = BUF_INIT;

	line_read(&l, (const char *)data, len);
	if (!memchr(l.event, 0, sizeof(l.event)) || !memchr(l.src, 0, sizeof(l.src)))
		__builtin_trap();
	if (sample_read(&sample, jv_parse_sized((const char *)data, (int)len)) < 0)
		return 0;
	sample_text(&b, &sample, "web");
	if (sample_read(&again, jv_parse_sized(b.data, (int)b.len)) < 0)
		__builtin_trap();
	return 0;
}
