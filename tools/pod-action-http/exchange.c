/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action-http/exchange.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void exchange_finish(struct exchange *x)
{
	buf_finish(&x->answer);
}

static size_t take_body(char *data, size_t one, size_t n, void *to)
{
	struct exchange *x = to;
	size_t room = EXCHANGE_BODY_MAX - x->answer.len;

	(void)one;
	buf_add(&x->answer, data, n < room ? n : room);
	x->truncated = n > room;
	return n > room ? 0 : n; /* 0 ends the transfer */
}

static size_t take_head(char *data, size_t one, size_t n, void *to)
{
	size_t *seen = to;

	(void)data;
	(void)one;
	*seen += n;
	return *seen > EXCHANGE_HEAD_MAX ? 0 : n;
}

static struct curl_slist *list_of(const struct exchange *x)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < x->headers->n; i++)
		list = curl_slist_append(list, x->headers->v[i]);
	/* a body of a KiB would otherwise wait a second for a "100 Continue" */
	return curl_slist_append(list, "Expect:");
}

/* The environment, the user's files and the server itself have no say in where this goes. */
static void set_walls(CURL *c, const struct exchange *x)
{
	const char *bundle = getenv("SSL_CERT_FILE");

	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, x->seconds);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 20L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (bundle)
		curl_easy_setopt(c, CURLOPT_CAINFO, bundle);
}

static void set_request(CURL *c, const struct exchange *x, struct curl_slist *headers)
{
	curl_easy_setopt(c, CURLOPT_URL, x->url);
	if (x->body) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body->len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, x->body->data ? x->body->data : "");
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, x->method);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "envpod/" ENVPOD_VERSION);
}

static int ended(CURL *c, struct exchange *x, CURLcode code, const char *why, struct err *e)
{
	char *type = NULL;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &x->status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	snprintf(x->type, sizeof(x->type), "%s", type ? type : "");
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && x->truncated))
		return 0;
	return err_set(e, ERR_PLAIN, "%s %s: %s", x->method, x->url,
		       *why ? why : curl_easy_strerror(code));
}

int exchange_run(struct exchange *x, struct err *e)
{
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers;
	size_t head = 0;
	CURL *c;
	int r;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(c = curl_easy_init()))
		return err_set(e, ENOMEM, "start libcurl");
	headers = list_of(x);
	set_walls(c, x);
	set_request(c, x, headers);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &head);
	r = ended(c, x, curl_easy_perform(c), why, e);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	return r;
}
