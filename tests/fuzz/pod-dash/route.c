/* SPDX-License-Identifier: Apache-2.0 */
/* "METHOD PATH?QUERY\nBODY": what becomes a command line has only words that its fields allow. */
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-dash/ask.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A request, as the front takes it; then the packet, as the runner does. */
static void one(char *method, char *path, char *query, const char *body, size_t len)
{
	OWN_VALUES struct values v = {0};
	OWN_STRV struct strv argv = {0};
	OWN_BUF struct buf packet = BUF_INIT;
	const struct route *r = NULL;
	struct ask a = {.id = 1}, got;
	struct err e = {0};

	if (route_find(method, path, &r, &v) != ROUTE_FOUND)
		return;
	if (values_query(&v, query, &e) < 0 || (len && values_json(&v, r, body, len, &e) < 0) ||
	    route_check(r, &v, &e) < 0)
		return;
	route_words(r, &v, &argv);
	for (size_t i = 1, after = 0; i < argv.n; i++) {
		after |= strcmp(argv.v[i], "--") == 0;
		if (!after && argv.v[i][0] == '-' && argv.v[i][1] != '-')
			abort();
	}
	a.route = (uint16_t)(r - routes);
	a.values = v;
	ask_pack(&a, &packet);
	if (packet.len <= ASK_MAX) {
		if (ask_unpack(&got, packet.data, packet.len) < 0 ||
		    got.values.names.n != v.names.n)
			abort();
		values_finish(&got.values);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	OWN_FREE char *text = xcalloc(1, size + 1);
	char *path, *query, *body;
	struct ask got;

	memcpy(text, data, size);
	ask_unpack(&got, data, size);
	values_finish(&got.values);
	body = strchr(text, '\n');
	path = strchr(text, ' ');
	if (!body || !path || path > body)
		return 0;
	*body++ = '\0';
	*path++ = '\0';
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	one(text, path, query ? query : body - 1, body, size - (size_t)(body - text));
	return 0;
}
