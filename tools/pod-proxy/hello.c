/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/hello.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { RECORD_HANDSHAKE = 22, CLIENT_HELLO = 1, EXTENSION_SNI = 0, SNI_HOST = 0 };
enum { EXTENSION_ECH = 0xfe0d, EXTENSION_ESNI = 0xffce };
#define RECORD_HEAD 5
#define RECORD_MAX  16384

/* A part of the message; what goes beyond its end makes it bad, and stays so. */
struct part {
	const uint8_t *at, *end;
	int bad;
};

static struct part part_take(struct part *p, size_t n)
{
	struct part out = {p->at, p->at, p->bad};

	if (p->bad || (size_t)(p->end - p->at) < n) {
		p->bad = out.bad = 1;
		return out;
	}
	out.end = p->at += n;
	return out;
}

static size_t part_number(struct part *p, unsigned bytes)
{
	struct part n = part_take(p, bytes);
	size_t value = 0;

	for (; !n.bad && n.at < n.end; n.at++)
		value = value << 8 | *n.at;
	return value;
}

/* What stands behind a length of so many bytes. */
static struct part part_vector(struct part *p, unsigned bytes)
{
	size_t n = part_number(p, bytes);

	return part_take(p, n);
}

/* (strchr() would find the NUL.) */
static int is_name_byte(unsigned char c)
{
	return isascii(c) && (isalnum(c) || c == '-' || c == '_' || c == '.');
}

int name_copy(char name[NAME_TEXT], const char *text, size_t len)
{
	if (len && text[len - 1] == '.')
		len--;
	if (len == 0 || len >= NAME_TEXT)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (!is_name_byte(c))
			return -EBADMSG;
		name[i] = (char)tolower(c);
	}
	name[len] = '\0';
	return 0;
}

static int read_sni(struct part sni, char name[NAME_TEXT])
{
	struct part list = part_vector(&sni, 2), host;

	if (part_number(&list, 1) != SNI_HOST)
		return -EBADMSG; /* no other kind was ever defined */
	host = part_vector(&list, 2);
	if (host.bad || list.bad || list.at != list.end || sni.at != sni.end)
		return -EBADMSG;
	return name_copy(name, (const char *)host.at, (size_t)(host.end - host.at));
}

static int read_extensions(struct part all, char name[NAME_TEXT], bool *ech)
{
	int r = -ENOENT;

	while (!all.bad && all.at < all.end) {
		size_t type = part_number(&all, 2);
		struct part body = part_vector(&all, 2);

		*ech |= !all.bad && type == EXTENSION_ECH;
		/* The server takes that name for the one that is meant, and nothing sends it any
		 * more but to hide one: what stands beside it says nothing. */
		if (!all.bad && type == EXTENSION_ESNI)
			return -EBADMSG;
		if (all.bad || type != EXTENSION_SNI)
			continue;
		if (r != -ENOENT)
			return -EBADMSG;
		r = read_sni(body, name);
		if (r < 0)
			return r;
	}
	return all.bad ? -EBADMSG : r;
}

static int read_hello(struct part p, char name[NAME_TEXT], bool *ech)
{
	struct part extensions;

	part_take(&p, 2 + 32); /* version, random */
	part_vector(&p, 1);    /* session */
	part_vector(&p, 2);    /* cipher suites */
	part_vector(&p, 1);    /* compression */
	if (p.bad)
		return -EBADMSG;
	if (p.at == p.end)
		return -ENOENT;
	extensions = part_vector(&p, 2);
	return p.bad || p.at != p.end ? -EBADMSG : read_extensions(extensions, name, ech);
}

static size_t message_size(const uint8_t *message)
{
	return (size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3];
}

/*
 * Bytes of the message that these records bring; -EBADMSG for other records, and for a record that
 * goes on behind the message: what stands there could be taken for a second hello.  *end: bytes of
 * the records, where the message is whole.
 */
static int gather(const uint8_t *data, size_t len, uint8_t *out, size_t *end)
{
	const uint8_t *start = data;
	size_t got = 0;

	while (len > 0) {
		size_t n, here;

		if (data[0] != RECORD_HANDSHAKE || (len > 1 && data[1] != 3))
			return -EBADMSG;
		if (len < RECORD_HEAD)
			break;
		n = (size_t)data[3] << 8 | data[4];
		if (n == 0 || n > RECORD_MAX)
			return -EBADMSG;
		here = len - RECORD_HEAD < n ? len - RECORD_HEAD : n;
		memcpy(out + got, data + RECORD_HEAD, here);
		got += here;
		data += RECORD_HEAD + here;
		len -= RECORD_HEAD + here;
		/* The message may be over, and what follows no handshake. */
		if (got >= 4 && got - 4 >= message_size(out)) {
			*end = (size_t)(data - start);
			return got - here + n == 4 + message_size(out) ? (int)got : -EBADMSG;
		}
	}
	return (int)got;
}

static int hello_parse(const uint8_t *data, size_t len, char name[NAME_TEXT], size_t *size,
		       bool *ech)
{
	uint8_t message[HELLO_MAX];
	int got = len > sizeof(message) ? -EBADMSG : gather(data, len, message, size);
	size_t n;

	if (got < 0 || (got > 0 && message[0] != CLIENT_HELLO))
		return -EBADMSG;
	if (got < 4)
		return -EAGAIN;
	n = message_size(message);
	if (n > HELLO_MAX - 4 - RECORD_HEAD)
		return -EBADMSG;
	if ((size_t)got - 4 < n)
		return len == HELLO_MAX ? -EBADMSG : -EAGAIN;
	return read_hello((struct part){message + 4, message + 4 + n, 0}, name, ech);
}

int hello_read(const uint8_t *data, size_t len, char name[NAME_TEXT], size_t *size)
{
	bool ech = false;

	return hello_parse(data, len, name, size, &ech);
}

bool hello_has_ech(const uint8_t *data, size_t len)
{
	char name[NAME_TEXT];
	bool ech = false;
	size_t size;

	hello_parse(data, len, name, &size, &ech);
	return ech;
}

int hello_name(const uint8_t *data, size_t len, char name[NAME_TEXT])
{
	size_t size;

	return hello_read(data, len, name, &size);
}
