/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of an HTTP answer: a status in range, or none; more bytes change no status. */
#include "tools/pod-supervise/answer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int status = -EAGAIN;

	for (size_t len = 0; len <= size && status == -EAGAIN; len++)
		status = answer_status((const char *)data, len);
	if (status != -EAGAIN && status != -EBADMSG && (status < 100 || status > 599))
		abort();
	if (status > 0 && answer_status((const char *)data, size) != status)
		abort();
	return 0;
}
