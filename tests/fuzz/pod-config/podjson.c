/* SPDX-License-Identifier: Apache-2.0 */
/* A pod.json that somebody edited by hand. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tools/pod-config/podfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__asan_default_options(void);

/* libjq 1.6 forgets a string in some of its syntax errors; leaks of ours are found by podfile.c. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct origin o = {.name = "web", .dir = "/", .cwd = "/", .compiled = true};
	struct problems p = {.file = "pod.json"};
	jv pod = podfile_compile((const char *)data, len, &o, &p);

	if (!jv_is_valid(pod) && p.errors == 0)
		abort();
	jv_free(pod);
	problems_finish(&p);
	return 0;
}
