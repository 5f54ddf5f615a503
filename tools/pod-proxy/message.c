/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text is one buffer that begins with a NUL, so that 0 stands for "": what is removed or replaced
 * stays in it until the message goes.  It may hold a credential, so it is wiped then, and never
 * grows by a copy that is left behind unwiped.
 */
#include "tools/pod-proxy/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	b->len = 0;
}

void message_finish(struct message *m)
{
	wipe(&m->text);
	buf_finish(&m->text);
	free(m->fields);
	*m = (struct message){0};
}

void message_clear(struct message *m)
{
	struct message empty = {.text = m->text, .fields = m->fields, .cap = m->cap};

	wipe(&empty.text);
	*m = empty;
}

const char *message_text(const struct message *m, uint32_t at)
{
	return at < m->text.len ? m->text.data + at : "";
}

static void make_room(struct message *m, size_t more)
{
	struct buf larger = BUF_INIT;
	size_t cap = m->text.cap ? m->text.cap : 2048;

	if (m->text.len + more + 1 < m->text.cap)
		return;
	while (cap < m->text.len + more + 2)
		cap *= 2;
	larger.data = xcalloc(1, cap);
	larger.cap = cap;
	if (m->text.len)
		memcpy(larger.data, m->text.data, m->text.len);
	larger.len = m->text.len;
	wipe(&m->text);
	buf_finish(&m->text);
	m->text = larger;
}

uint32_t message_store(struct message *m, const char *s, size_t len)
{
	uint32_t at;

	make_room(m, len + 2);
	if (m->text.len == 0)
		buf_char(&m->text, '\0');
	at = (uint32_t)m->text.len;
	buf_add(&m->text, s, len);
	buf_char(&m->text, '\0');
	return at;
}

static void lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s | 32);
}

int message_put(struct message *m, const char *name, size_t name_len, const char *value, size_t len)
{
	struct field f = {0};

	if (m->n >= MESSAGE_FIELDS || m->text.len + name_len + len + 3 > MESSAGE_MAX)
		return -EMSGSIZE;
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 32;
		m->fields = xrealloc(m->fields, m->cap * sizeof(*m->fields));
	}
	f.name = message_store(m, name, name_len);
	lower(m->text.data + f.name);
	f.value = message_store(m, value, len);
	m->fields[m->n++] = f;
	return 0;
}

int message_add(struct message *m, const char *name, const char *value)
{
	return message_put(m, name, strlen(name), value, strlen(value));
}

void message_copy(struct message *to, const struct message *from)
{
	for (size_t i = 0; i < from->n; i++)
		message_add(to, message_text(from, from->fields[i].name),
			    message_text(from, from->fields[i].value));
}

const char *message_get(const struct message *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(message_text(m, m->fields[i].name), name) == 0)
			return message_text(m, m->fields[i].value);
	return NULL;
}

size_t message_remove(struct message *m, const char *name)
{
	size_t kept = 0, had = m->n;

	for (size_t i = 0; i < had; i++)
		if (strcmp(message_text(m, m->fields[i].name), name) != 0)
			m->fields[kept++] = m->fields[i];
	m->n = kept;
	return had - kept;
}

bool message_is_late(const char *name, size_t len)
{
	static const char *const late[] = {
		"content-length",
		"transfer-encoding",
		"connection",
		"host",
		"content-encoding",
		"content-type",
		"content-range",
		"set-cookie",
		"trailer",
		"upgrade",
		"authorization",
		"keep-alive",
		"cookie",
		"te",
		"expect",
		"proxy-authorization",
		"range",
		"if-range",
		"proxy-connection",
		"max-forwards",
		"accept-encoding",
		"location",
		"cache-control",
		"www-authenticate",
		/* what allow.c refuses in a head */
		"x-http-method-override",
		"x-http-method",
		"x-method-override",
		"x-original-url",
		"x-rewrite-url",
		"x-original-uri",
		"x-forwarded-uri",
	};

	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		if (strlen(late[i]) == len && strncasecmp(name, late[i], len) == 0)
			return true;
	return false;
}
