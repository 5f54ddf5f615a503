/* SPDX-License-Identifier: Apache-2.0 */
/* A question and an answer of any bytes: what is read can be written, and is read the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/screening.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *text = xcalloc(1, size ? size : 1); /* so that a byte too far is seen */
	OWN_BUF struct buf again = BUF_INIT;
	struct screen_question q, q2;
	struct screen_answer a, a2;
	int r;

	memcpy(text, data, size);
	r = screening_read_question(text, size, &q);
	if (r > 0) {
		if ((size_t)r > size || q.length > SCREEN_BODY || !screening_is_list(q.categories))
			abort();
		screening_ask(&again, &q);
		if (screening_read_question(again.data, again.len, &q2) <= 0 ||
		    q.length != q2.length || strcmp(q.categories, q2.categories) != 0)
			abort();
	}
	if (screening_read_answer(text, size, &a) < 0)
		return 0;
	buf_clear(&again);
	screening_answer(&again, &a);
	if (a.n > SCREEN_HITS || screening_read_answer(again.data, again.len, &a2) < 0 ||
	    memcmp(&a, &a2, sizeof(a)) != 0)
		abort();
	return 0;
}
