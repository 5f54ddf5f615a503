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

static void set_authorities(CURL *c, const struct exchange *x)
{
	const char *bundle = getenv("SSL_CERT_FILE");
	struct curl_blob blob = {.flags = CURL_BLOB_NOCOPY};

	if (!x->ca) {
		if (bundle)
			curl_easy_setopt(c, CURLOPT_CAINFO, bundle);
		return;
	}
	blob.data = x->ca->data;
	blob.len = x->ca->len;
	curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
}

/* The environment, the user's files and the server itself have no say in where this goes. */
static void set_walls(CURL *c, const struct exchange *x)
{
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, x->seconds);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 20L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	set_authorities(c, x);
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

static CURLM *multi; /* for all there is to do: it has a pair of sockets */

int exchange_prepare(struct err *e)
{
	if (!multi && (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(multi = curl_multi_init())))
		return err_set(e, ENOMEM, "start libcurl");
	return 0;
}

/* curl_easy_perform() would make a multi of its own. */
static CURLcode perform(CURL *c)
{
	CURLMcode m = curl_multi_add_handle(multi, c);
	CURLcode code = CURLE_FAILED_INIT;
	int running = m == CURLM_OK, left;
	CURLMsg *msg;

	while (running && m == CURLM_OK) {
		m = curl_multi_perform(multi, &running);
		if (running && m == CURLM_OK)
			m = curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	while ((msg = curl_multi_info_read(multi, &left)))
		if (msg->msg == CURLMSG_DONE)
			code = msg->data.result;
	curl_multi_remove_handle(multi, c);
	return code;
}

int exchange_run(struct exchange *x, struct err *e)
{
	struct curl_slist *headers, *resolve = NULL;
	char why[CURL_ERROR_SIZE] = "";
	int r = exchange_prepare(e);
	size_t head = 0;
	CURL *c;

	if (r < 0)
		return r;
	c = curl_easy_init();
	if (!c)
		return err_set(e, ENOMEM, "start libcurl");
	if (x->resolve) {
		resolve = curl_slist_append(NULL, x->resolve);
		curl_easy_setopt(c, CURLOPT_RESOLVE, resolve);
	}
	headers = list_of(x);
	set_walls(c, x);
	set_request(c, x, headers);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &head);
	r = ended(c, x, perform(c), why, e);
	curl_slist_free_all(headers);
	curl_slist_free_all(resolve);
	curl_easy_cleanup(c);
	return r;
}
