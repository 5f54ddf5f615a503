/* SPDX-License-Identifier: Apache-2.0 */
/* One line of an agent's. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tools/pod-queue/catalog.h"
#include "tools/pod-queue/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char schema[] = "url* body:any headers:map n:number recursive:flag paths:list";
	OWN_REQUEST struct request r = {.params = NULL};
	struct param params[CATALOG_PARAMS];
	struct err e = {0};

	if (size > REQUEST_LINE || request_parse(&r, (const char *)data, size, &e) < 0)
		return 0;
	if (r.op >= OP_SCHEMA || !r.params || r.timeout > WAIT_MAX)
		abort();
	entry_check(params, params_parse(params, CATALOG_PARAMS, schema), r.params, &e);
	return 0;
}
