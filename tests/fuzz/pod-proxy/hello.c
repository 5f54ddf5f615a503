/* SPDX-License-Identifier: Apache-2.0 */
/* A ClientHello as a hostile agent may write it: more bytes never change what was said. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[NAME_TEXT], early[NAME_TEXT];
	int r;

	memset(name, '#', sizeof(name));
	r = hello_name(data, size, name);

	if (r == 0 && (strlen(name) == 0 || strspn(name, "abcdefghijklmnopqrstuvwxyz"
							 "0123456789-_.") != strlen(name)))
		abort();
	for (size_t n = 1; n < size && n < 64; n *= 2) {
		int x = hello_name(data, size - n, early);

		if (x == 0 && (r != 0 || strcmp(name, early) != 0))
			abort();
	}
	return 0;
}
