/* SPDX-License-Identifier: Apache-2.0 */
/* A seal file, and the end of an audit line, of any bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/logseal.h"
#include "libcommon/own.h"
#include "libcommon/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of just that size, so that a byte too far is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *text = xcalloc(1, size ? size : 1);
	struct record_tail t;
	struct logseal s;

	memcpy(text, data, size);
	if (logseal_parse(&s, text, size) == 0 && size != LOGSEAL_TEXT)
		abort();
	if (record_tail(text, size, &t) < 0)
		return 0;
	if (t.size > size || strlen(t.chain) != RECORD_HEX - 1 ||
	    (t.seal[0] && strlen(t.seal) != LOGSEAL_HEX - 1) ||
	    t.size != (t.seal[0] ? RECORD_TAIL_MAX : RECORD_TAIL))
		abort();
	return 0;
}
