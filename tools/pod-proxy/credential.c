/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's credentials go, the real ones come. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcommon/own.h"
#include "tools/pod-proxy/sites.h"
#include "tools/pod-proxy/target.h"
#include "tools/pod-proxy/text.h"

static const char *const own_credentials[] = {"authorization", "proxy-authorization", "x-api-key",
					      "api-key", "x-goog-api-key"};

/* A piece of text that a secret stands in: of the size it needs, so that no copy is left behind. */
struct piece {
	char *at;
	size_t len, size;
};

static void piece_init(struct piece *p, size_t size)
{
	*p = (struct piece){.at = xcalloc(1, size + 1), .size = size};
}

static void piece_finish(struct piece *p)
{
	if (p->at)
		explicit_bzero(p->at, p->size);
	free(p->at);
}

static void piece_add(struct piece *p, const void *data, size_t len)
{
	memcpy(p->at + p->len, data, len);
	p->len += len;
}

#define OWN_PIECE __attribute__((cleanup(piece_finish)))

/* --- what goes --- */

static bool is_stripped(const struct site *s, enum strip_kind kind, const char *name)
{
	for (size_t i = 0; i < s->n_strips; i++)
		if (s->strips[i].kind == kind && strcmp(s->strips[i].name, name) == 0)
			return true;
	return false;
}

static bool is_stripped_query(const void *arg, const char *name)
{
	const struct site *s = arg;

	for (size_t i = 0; i < s->n_binds; i++)
		if (s->binds[i].kind == BIND_QUERY && strcmp(s->binds[i].name, name) == 0)
			return true;
	return is_stripped(s, STRIP_QUERY, name);
}

static int strip_query(const struct site *s, struct message *m)
{
	OWN_BUF struct buf out = BUF_INIT;

	if (target_without(message_text(m, m->target), is_stripped_query, s, &out))
		m->target = message_store(m, out.data, out.len);
	return 0;
}

/* One Cookie field without the cookies of these names; false: nothing is left of it. */
static bool strip_cookies(const struct site *s, const char *value, struct buf *out)
{
	while (*value) {
		size_t len = strcspn(value, ";"), name = 0;
		OWN_FREE char *copy = NULL;

		while (name < len && value[name] != '=')
			name++;
		while (name && value[name - 1] == ' ')
			name--;
		copy = xfmt("%.*s", (int)name, value);
		if (!is_stripped(s, STRIP_COOKIE, copy)) {
			buf_str(out, out->len ? "; " : "");
			buf_add(out, value, len);
		}
		value += len;
		value += strspn(value, "; ");
	}
	return out->len > 0;
}

static int strip_cookie_fields(const struct site *s, struct message *m)
{
	OWN_BUF struct buf out = BUF_INIT;
	const char *value;

	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(message_text(m, m->fields[i].name), "cookie") != 0)
			continue;
		value = message_text(m, m->fields[i].value);
		buf_str(&out, out.len ? "; " : "");
		buf_str(&out, value);
	}
	if (message_remove(m, "cookie")) {
		OWN_BUF struct buf left = BUF_INIT;

		if (strip_cookies(s, out.data, &left))
			return message_add(m, "cookie", left.data);
	}
	return 0;
}

void site_strip(const struct site *s, struct message *m)
{
	for (size_t i = 0; s->n_binds && i < sizeof(own_credentials) / sizeof(char *); i++)
		message_remove(m, own_credentials[i]);
	for (size_t i = 0; i < s->n_binds; i++)
		if (s->binds[i].kind == BIND_HEADER)
			message_remove(m, s->binds[i].name);
	for (size_t i = 0; i < s->n_strips; i++)
		if (s->strips[i].kind == STRIP_HEADER)
			message_remove(m, s->strips[i].name);
}

/* So that the answer can be read: whole, not compressed, also behind a change to WebSocket. */
static int make_readable(struct message *m)
{
	message_remove(m, "range");
	message_remove(m, "if-range");
	message_remove(m, "accept-encoding");
	message_remove(m, "sec-websocket-extensions");
	/* Messages of gRPC are compressed by themselves. */
	if (message_remove(m, "grpc-accept-encoding") &&
	    message_add(m, "grpc-accept-encoding", "identity") < 0)
		return -EMSGSIZE;
	return message_add(m, "accept-encoding", "identity");
}

/* --- what comes --- */

static int put_secret(struct message *m, const char *name, const char *value, size_t len)
{
	int r = message_put(m, name, strlen(name), value, len);

	if (r == 0)
		m->fields[m->n - 1].secret = true;
	return r;
}

static int put_header(const struct bind *b, struct message *m, const char *value, size_t len)
{
	static const char word[] = "{value}";
	const size_t n = sizeof(word) - 1;
	const char *t = b->template, *next;
	OWN_PIECE struct piece p = {0};
	size_t times = 0;

	for (next = t; (next = strstr(next, word)); next += n)
		times++;
	piece_init(&p, strlen(t) + times * len);
	for (; (next = strstr(t, word)); t = next + n) {
		piece_add(&p, t, (size_t)(next - t));
		piece_add(&p, value, len);
	}
	piece_add(&p, t, strlen(t));
	if (!text_is_value((struct text){p.at, p.len}))
		return -EINVAL;
	return put_secret(m, b->name, p.at, p.len);
}

static int put_basic(const struct bind *b, struct message *m, const char *value, size_t len)
{
	OWN_PIECE struct piece plain = {0}, coded = {0};
	size_t n = strlen(b->name) + 1 + len;
	const int variant = sodium_base64_VARIANT_ORIGINAL;

	piece_init(&plain, n);
	piece_init(&coded, 6 + sodium_base64_ENCODED_LEN(n, variant));
	piece_add(&plain, b->name, strlen(b->name));
	piece_add(&plain, ":", 1);
	piece_add(&plain, value, len);
	piece_add(&coded, "Basic ", 6);
	sodium_bin2base64(coded.at + 6, coded.size - 6, (unsigned char *)plain.at, n, variant);
	return put_secret(m, "authorization", coded.at, strlen(coded.at));
}

static void piece_percent(struct piece *p, const char *s, size_t len)
{
	static const char as_is[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	static const char digits[] = "0123456789ABCDEF";

	for (; len; s++, len--) {
		unsigned char c = (unsigned char)*s;
		const char coded[] = {'%', digits[c >> 4], digits[c & 15]};

		if (memchr(as_is, c, sizeof(as_is) - 1))
			piece_add(p, s, 1);
		else
			piece_add(p, coded, 3);
	}
}

static int put_query(const struct bind *b, struct message *m, const char *value, size_t len)
{
	const char *target = message_text(m, m->target);
	OWN_PIECE struct piece p = {0};

	if (target[0] != '/' || strchr(target, '#'))
		return -EINVAL;
	piece_init(&p, strlen(target) + 2 + 3 * (strlen(b->name) + len));
	piece_add(&p, target, strlen(target));
	piece_add(&p, strchr(target, '?') ? "&" : "?", 1);
	piece_percent(&p, b->name, strlen(b->name));
	piece_add(&p, "=", 1);
	piece_percent(&p, value, len);
	if (m->text.len + p.len + 1 > MESSAGE_MAX)
		return -EMSGSIZE;
	m->target = message_store(m, p.at, p.len);
	return 0;
}

static int put(const struct bind *b, const struct secrets *have, struct message *m)
{
	static int (*const puts[])(const struct bind *, struct message *, const char *, size_t) = {
		[BIND_HEADER] = put_header,
		[BIND_BASIC] = put_basic,
		[BIND_QUERY] = put_query,
	};
	size_t len = 0;
	const char *value = secrets_get(have, b->key, &len);

	if (!value)
		return -ENOKEY;
	if (len < SCRUB_MIN || len > SCRUB_MAX) /* it could not be found in the answer */
		return -EINVAL;
	return puts[b->kind](b, m, value, len);
}

int site_inject(const struct site *s, const struct secrets *have, struct message *m,
		const char **key)
{
	int r;

	*key = NULL;
	site_strip(s, m);
	strip_query(s, m);
	r = strip_cookie_fields(s, m);
	/* Answers of hosts without a binding are looked through for the pod's secrets, too. */
	if (r == 0 && (s->n_binds || s->usage || have->n))
		r = make_readable(m);
	for (size_t i = 0; r == 0 && i < s->n_binds; i++) {
		*key = s->binds[i].key;
		r = put(&s->binds[i], have, m);
	}
	return r;
}
