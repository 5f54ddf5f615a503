/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action-http/headers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcommon/own.h"
#include "libcommon/path.h"

#define URL_MAX   4096
#define NAME_MAX_ 128
#define VALUE_MAX 8192

static const char *host_of(const char *url)
{
	if (strncasecmp(url, "https://", 8) == 0)
		return url + 8;
	return strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

int url_check(const char *url, struct err *e)
{
	const char *host = host_of(url);
	size_t n = host ? strcspn(host, "/?#") : 0;

	if (!host || n == 0 || strlen(url) > URL_MAX)
		return err_set(e, ERR_PLAIN, "url: want http:// or https://, and a host");
	if (memchr(host, '@', n) || memchr(host, '\\', n))
		return err_set(e, ERR_PLAIN, "url: no user or password may stand in it");
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_set(e, ERR_PLAIN,
				       "url: a blank or a control character is in it");
	return 0;
}

/* "https://api.example.com/v1" and "items" or the like; or the whole, beginning so. */
char *url_of(const char *base, const char *asked, struct err *e)
{
	OWN_FREE char *url = NULL;
	size_t n = base ? strlen(base) : 0;

	while (n > 0 && base[n - 1] == '/')
		n--;
	if (!base)
		url = xstrdup(asked);
	else if (!host_of(asked))
		url = xfmt("%.*s/%s", (int)n, base, asked + (*asked == '/'));
	else if (strncmp(asked, base, n) == 0 && (asked[n] == '/' || !asked[n] || asked[n] == '?'))
		url = xstrdup(asked);
	if (!url) {
		err_set(e, ERR_PLAIN, "url: this action is for what is below %s alone", esc(base));
		return NULL;
	}
	/* "..", also coded, would lead above it again */
	if (base && (strstr(url + n, "..") || strcasestr(url + n, "%2e"))) {
		err_set(e, ERR_PLAIN, "url: no \"..\" below %s", esc(base));
		return NULL;
	}
	return url_check(url, e) < 0 ? NULL : take_ptr(url);
}

static bool is_name(const char *name)
{
	size_t n = strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return n > 0 && n < NAME_MAX_ && !name[n];
}

static bool is_value(const char *value)
{
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return false;
	return strlen(value) < VALUE_MAX;
}

int header_add(struct strv *out, const char *name, const char *value, struct err *e)
{
	static const char *const ours[] = {"Host",
					   "Content-Length",
					   "Transfer-Encoding",
					   "Connection",
					   "Upgrade",
					   "TE",
					   "Trailer",
					   "Expect",
					   "Proxy-Authorization",
					   "Proxy-Connection"};

	if (!is_name(name) || !is_value(value))
		return err_set(e, ERR_PLAIN, "headers: %s is none", esc(name));
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcasecmp(ours[i], name) == 0)
			return err_set(e, ERR_PLAIN, "headers: %s is not an action's to say", name);
	/* libcurl takes "Name:" for "leave it out" */
	if (*value)
		strv_fmt(out, "%s: %s", name, value);
	else
		strv_fmt(out, "%s;", name);
	return 0;
}

static int add_basic(struct strv *out, const char *user, const char *value, struct err *e)
{
	OWN_FREE char *pair = xfmt("%s:%s", user, value);
	size_t size = sodium_base64_ENCODED_LEN(strlen(pair), sodium_base64_VARIANT_ORIGINAL);
	OWN_FREE char *coded = xcalloc(1, size), *text = NULL;

	sodium_bin2base64(coded, size, (const unsigned char *)pair, strlen(pair),
			  sodium_base64_VARIANT_ORIGINAL);
	text = xfmt("Basic %s", coded);
	return header_add(out, "Authorization", text, e);
}

static int add_template(struct strv *out, const char *scheme, const char *value, struct err *e)
{
	const char *colon = strchr(scheme, ':'), *at = strstr(scheme, "{value}");
	OWN_FREE char *name = NULL, *text = NULL;

	if (!colon || !at || at < colon)
		return err_set(
			e, ERR_PLAIN,
			"auth_scheme: %s is none of bearer, basic, basic:USER, header:NAME, \"NAME: {value}\"",
			esc(scheme));
	name = xfmt("%.*s", (int)(colon - scheme), scheme);
	colon += 1 + strspn(colon + 1, " ");
	text = xfmt("%.*s%s%s", (int)(at - colon), colon, value, at + strlen("{value}"));
	return header_add(out, name, text, e);
}

int header_auth(struct strv *out, const char *scheme, const char *value, struct err *e)
{
	OWN_FREE char *text = NULL;

	if (!scheme || strcmp(scheme, "bearer") == 0) {
		text = xfmt("Bearer %s", value);
		return header_add(out, "Authorization", text, e);
	}
	if (strcmp(scheme, "basic") == 0)
		return add_basic(out, "", value, e);
	if (strncmp(scheme, "basic:", 6) == 0)
		return add_basic(out, scheme + 6, value, e);
	if (strncmp(scheme, "header:", 7) == 0)
		return header_add(out, scheme + 7, value, e);
	return add_template(out, scheme, value, e);
}
