/* SPDX-License-Identifier: Apache-2.0 */
/* A request of a control connection: an answer of one line, whatever it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-audio/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct front f;
	OWN_BUF struct buf answer = BUF_INIT;

	if (size > LINE_MAX_LEN)
		return 0;
	control_answer(&f, (const char *)data, size, &answer);
	if (f.encoder.volume > 100 || answer.len < 10 ||
	    memchr(answer.data, '\n', answer.len) != answer.data + answer.len - 1)
		abort();
	return 0;
}
