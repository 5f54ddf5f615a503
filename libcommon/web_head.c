/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/web_head.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libcommon/unit.h"

#define HEX "0123456789abcdef"

static const char *const names[WEB_FIELDS] = {
	[WEB_HOST] = "Host",
	[WEB_ORIGIN] = "Origin",
	[WEB_COOKIE] = "Cookie",
	[WEB_AUTHORIZATION] = "Authorization",
	[WEB_LENGTH] = "Content-Length",
	[WEB_CODING] = "Transfer-Encoding",
	[WEB_TYPE] = "Content-Type",
	[WEB_EXPECT] = "Expect",
	[WEB_UPGRADE] = "Upgrade",
	[WEB_CONNECTION] = "Connection",
	[WEB_KEY] = "Sec-WebSocket-Key",
	[WEB_VERSION] = "Sec-WebSocket-Version",
	[WEB_PROTOCOL] = "Sec-WebSocket-Protocol",
	[WEB_SITE] = "Sec-Fetch-Site",
	[WEB_MARK] = "X-Envpod",
	[WEB_FILE_NAME] = "X-File-Name",
	[WEB_LAST_EVENT] = "Last-Event-ID",
};

static bool is_clean(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 127)
			return false;
	return true;
}

/* Who sees the first of two and who sees the last do not see the same request: neither will do. */
void web_head_add(struct web_head *h, const char *name, const char *value, size_t len)
{
	for (int i = 0; i < WEB_FIELDS; i++) {
		if (strcasecmp(name, names[i]) != 0)
			continue;
		if (h->value[i] || !value || !is_clean(value, len))
			h->is_doubtful = true;
		h->value[i] = value ? value : "";
		return;
	}
}

bool web_list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t len;

		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if (len == n && strncasecmp(list, word, n) == 0)
			return true;
		list += len;
	}
	return false;
}

/* Exactly as a browser writes it, which knows no other form of our name. */
static bool is_place(const char *text, const char *scheme, const struct web_place *at)
{
	char want[WEB_LABEL + 32];

	snprintf(want, sizeof(want), "%s%s.localhost:%u", scheme, at->label, at->port);
	return strcmp(text, want) == 0;
}

static bool opens_socket(const struct web_head *h)
{
	const char *const *v = h->value;

	return v[WEB_UPGRADE] && strcasecmp(v[WEB_UPGRADE], "websocket") == 0 &&
	       v[WEB_CONNECTION] && web_list_has(v[WEB_CONNECTION], "upgrade") && v[WEB_VERSION] &&
	       strcmp(v[WEB_VERSION], "13") == 0 && v[WEB_KEY] && strlen(v[WEB_KEY]) == 24 &&
	       strcmp(v[WEB_KEY] + 22, "==") == 0;
}

uint64_t web_head_length(const struct web_head *h)
{
	const char *text = h->value[WEB_LENGTH];
	uint64_t n;

	if (!text || !*text || strspn(text, "0123456789") != strlen(text) ||
	    unit_u64(text, UINT64_MAX - 1, &n) < 0)
		return UINT64_MAX;
	return n;
}

/* No body where none belongs, and one of known length where one does: there is one end of it. */
static int judge_body(const struct web_head *h, unsigned want)
{
	if (h->value[WEB_CODING])
		return want & WEB_BODY ? 411 : 400;
	if (want & WEB_BODY)
		return web_head_length(h) == UINT64_MAX ? 411 : 0;
	return h->value[WEB_LENGTH] && web_head_length(h) != 0 ? 400 : 0;
}

/* A browser says where a request comes from; what it says of itself cannot be forged by a page. */
static int judge_origin(const struct web_head *h, const struct web_place *at, unsigned want)
{
	const char *origin = h->value[WEB_ORIGIN], *site = h->value[WEB_SITE],
		   *mark = h->value[WEB_MARK];

	if (origin && !is_place(origin, "http://", at))
		return 403;
	if (!(want & (WEB_CHANGES | WEB_SOCKET)))
		return 0;
	if (!origin || (site && strcmp(site, "same-origin") != 0))
		return 403;
	return (want & WEB_CHANGES) && (!mark || strcmp(mark, "1") != 0) ? 403 : 0;
}

int web_head_judge(const struct web_head *h, const struct web_place *at, unsigned want)
{
	int r;

	if (h->is_doubtful || !h->value[WEB_HOST])
		return 400;
	if (!is_place(h->value[WEB_HOST], "", at))
		return 421;
	r = judge_origin(h, at, want);
	if (r == 0)
		r = judge_body(h, want);
	if (r == 0 && (want & WEB_SOCKET) && !opens_socket(h))
		r = 426;
	return r;
}

bool web_secret_is(const char *text)
{
	return strlen(text) == WEB_SECRET - 1 && strspn(text, HEX) == WEB_SECRET - 1;
}

static bool take_secret(const char *text, size_t len, char out[WEB_SECRET])
{
	if (len != WEB_SECRET - 1)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return web_secret_is(out);
}

bool web_cookie(const char *cookies, const char *name, char out[WEB_SECRET])
{
	size_t n = strlen(name);
	bool found = false;

	while (*cookies) {
		size_t len;

		cookies += strspn(cookies, " ;");
		len = strcspn(cookies, ";");
		if (len > n && strncmp(cookies, name, n) == 0 && cookies[n] == '=') {
			if (found || !take_secret(cookies + n + 1, len - n - 1, out))
				return false;
			found = true;
		}
		cookies += len;
	}
	return found;
}

bool web_bearer(const char *authorization, char out[WEB_SECRET])
{
	static const char scheme[] = "Bearer ";

	return strncasecmp(authorization, scheme, sizeof(scheme) - 1) == 0 &&
	       take_secret(authorization + sizeof(scheme) - 1,
			   strlen(authorization + sizeof(scheme) - 1), out);
}

static int hex(char c)
{
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

bool web_unescape(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text; text++) {
		int c = (unsigned char)*text;

		if (*text == '%') {
			int high = hex(text[1]), low = high < 0 ? -1 : hex(text[2]);

			if (low < 0)
				return false;
			c = high * 16 + low;
			text += 2;
		}
		if (c == 0 || n + 1 >= size)
			return false;
		out[n++] = (char)c;
	}
	if (n < size)
		out[n] = '\0';
	return n < size;
}
