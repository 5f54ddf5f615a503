/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request, a field a line: what is let through is ours, and said once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/web_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_secret(const char *secret)
{
	if (strlen(secret) != WEB_SECRET - 1 || !web_secret_is(secret))
		abort();
}

static void check_values(const struct web_head *h)
{
	char secret[WEB_SECRET], text[256];
	const char *const *v = h->value;

	if (v[WEB_COOKIE] && web_cookie(v[WEB_COOKIE], "envpod_6080", secret)) {
		check_secret(secret);
		if (!strstr(v[WEB_COOKIE], secret))
			abort();
	}
	if (v[WEB_AUTHORIZATION] && web_bearer(v[WEB_AUTHORIZATION], secret))
		check_secret(secret);
	if (v[WEB_FILE_NAME] && web_unescape(v[WEB_FILE_NAME], text, sizeof(text)) &&
	    strlen(text) > strlen(v[WEB_FILE_NAME]))
		abort();
	if (v[WEB_CONNECTION])
		web_list_has(v[WEB_CONNECTION], "upgrade");
}

static void check_verdicts(const struct web_head *h)
{
	const struct web_place at = {"0123456789abcdef0123", 6080};
	static const char origin[] = "http://0123456789abcdef0123.localhost:6080";

	for (unsigned want = 0; want < 8; want++) {
		if (web_head_judge(h, &at, want) != 0)
			continue;
		if (h->is_doubtful || strcmp(h->value[WEB_HOST], origin + 7) != 0)
			abort();
		if (h->value[WEB_ORIGIN] && strcmp(h->value[WEB_ORIGIN], origin) != 0)
			abort();
		if ((want & (WEB_CHANGES | WEB_SOCKET)) && !h->value[WEB_ORIGIN])
			abort();
		if ((want & WEB_BODY) && web_head_length(h) == UINT64_MAX)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *text = strndup((const char *)data, size);
	struct web_head h = {0};
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		web_head_add(&h, line, colon + 1, strlen(colon + 1));
	}
	check_values(&h);
	check_verdicts(&h);
	return 0;
}
