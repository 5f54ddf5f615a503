/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of both sides, cut anywhere, come to the same verdict; what passes lies within them. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum retry_state server(const uint8_t *data, size_t size, size_t step)
{
	struct retry r = {.state = RETRY_AWAITED};
	size_t ok = 0, before;

	for (size_t len = 0; len < size && r.state == RETRY_AWAITED;) {
		len = len + step < size ? len + step : size;
		before = ok;
		retry_server(&r, data, len, &ok);
		if (ok < before || ok > len)
			abort();
	}
	return r.state;
}

static int client(const uint8_t *data, size_t size, size_t step, size_t *ok)
{
	struct retry r = {.state = RETRY_ASKED, .name = "a.example"};
	char other[NAME_TEXT] = "";
	int x = 0;

	*ok = 0;
	for (size_t len = 0; len < size && x == 0;) {
		size_t before = *ok;

		len = len + step < size ? len + step : size;
		x = retry_client(&r, data, len, ok, other);
		if (*ok < before || *ok > len)
			abort();
	}
	return x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t a, b, step;
	int x, y;

	if (size < 2 || size > 1000)
		return 0;
	step = (size_t)data[0] % 32 + 1;
	if (server(data + 1, size - 1, size) != server(data + 1, size - 1, step))
		abort();
	x = client(data + 1, size - 1, size, &a);
	y = client(data + 1, size - 1, step, &b);
	if (x != y || (x == 0 && a != b))
		abort();
	return 0;
}
