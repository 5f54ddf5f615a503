/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy, a target and a field (each ended by NUL): no request that is let through by a path rule
 * has a path that a server could shorten, and the credential is sent once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-proxy/sites.h"
#include "tools/pod-proxy/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(const struct sites *s, const char *target, const char *cookie)
{
	static struct secrets none;
	struct message m = {0};
	OWN_BUF struct buf path = BUF_INIT;
	const char *key;

	m.method = message_store(&m, "GET", 3);
	m.target = message_store(&m, target, strlen(target));
	message_add(&m, "cookie", cookie);
	message_add(&m, "authorization", "mine");
	if (s->n && !site_judge(&s->v[0], &m) && s->v[0].n_allows &&
	    target_path(target, &path) == 0 &&
	    (strstr(path.data, "/../") || strstr(path.data, "//")))
		abort();
	if (s->n && site_inject(&s->v[0], &none, &m, &key) == 0 && s->v[0].n_binds)
		abort();
	message_finish(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *text = NULL;
	struct sites s = {0};
	struct err e = {0};
	const char *target, *cookie, *end;
	int r;

	if (size > 8192)
		return 0;
	text = xcalloc(1, size + 3);
	end = text + size;
	memcpy(text, data, size);
	target = text + strlen(text) + 1;
	target = target < end ? target : "/";
	cookie = target < end && target > text ? target + strlen(target) + 1 : "";
	cookie = cookie < end && cookie > text ? cookie : "";
	r = sites_parse(&s, text, strlen(text), &e);
	if (r < 0 && (s.n || !e.msg[0]))
		abort();
	sites_find(&s, "a.b.example", 443);
	request(&s, target, cookie);
	sites_finish(&s);
	return 0;
}
