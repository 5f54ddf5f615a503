/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/hello.h"

struct bytes {
	uint8_t at[40000];
	size_t n;
};

static void add(struct bytes *b, const void *data, size_t n)
{
	memcpy(b->at + b->n, data, n);
	b->n += n;
}

static void add_number(struct bytes *b, size_t value, unsigned bytes)
{
	while (bytes--)
		b->at[b->n++] = (uint8_t)(value >> (8 * bytes));
}

static void add_sni(struct bytes *b, const char *name)
{
	size_t n = strlen(name);

	add_number(b, 0, 2);
	add_number(b, n + 5, 2);
	add_number(b, n + 3, 2);
	add_number(b, 0, 1);
	add_number(b, n, 2);
	add(b, name, n);
}

/* A hello with GREASE, these names and `pad` bytes of another extension. */
static void message(struct bytes *m, const char *const *names, size_t pad)
{
	struct bytes ext = {.n = 0};

	add_number(&ext, 0x1a1a, 2);
	add_number(&ext, 0, 2);
	for (; *names; names++)
		add_sni(&ext, *names);
	add_number(&ext, 21, 2);
	add_number(&ext, pad, 2);
	ext.n += pad;
	m->n = 4;
	add_number(m, 0x0303, 2);
	m->n += 32;
	add_number(m, 0, 1);
	add_number(m, 4, 2);
	add_number(m, 0x2a2a1301, 4);
	add_number(m, 0x0100, 2);
	add_number(m, ext.n, 2);
	add(m, ext.at, ext.n);
	m->at[0] = 1;
	m->at[1] = (uint8_t)((m->n - 4) >> 16);
	m->at[2] = (uint8_t)((m->n - 4) >> 8);
	m->at[3] = (uint8_t)(m->n - 4);
}

/* In records of so many bytes. */
static void records(struct bytes *out, const struct bytes *m, size_t size)
{
	out->n = 0;
	for (size_t at = 0; at < m->n; at += size) {
		size_t n = m->n - at < size ? m->n - at : size;

		add_number(out, 0x160301, 3);
		add_number(out, n, 2);
		add(out, m->at + at, n);
	}
}

static struct bytes m, r;

/* "a.example" for whoever stops at the NUL. */
static void nul(void)
{
	char name[NAME_TEXT];

	is_int(name_copy(name, "a.example\0.evil.example", 23), -EBADMSG, "a NUL in a name");
}

static void cut(size_t record)
{
	const char *const names[] = {"WWW.Example.com.", NULL};
	char name[NAME_TEXT] = "";
	int wrong = 0;

	message(&m, names, 100);
	records(&r, &m, record);
	for (size_t n = 0; n < r.n; n++)
		wrong += hello_name(r.at, n, name) != -EAGAIN;
	is_int(wrong, 0, "records of %zu: a part of it wants more", record);
	is_int(hello_name(r.at, r.n, name), 0, "all of it is enough");
	is_str(name, "www.example.com", "the name, in lower case");
}

static bool has_ech(size_t type, size_t record)
{
	const char *const names[] = {"a.example", NULL};
	size_t at;

	message(&m, names, 20);
	at = m.n - 20 - 4; /* the type of the last extension */
	m.at[at] = (uint8_t)(type >> 8);
	m.at[at + 1] = (uint8_t)type;
	records(&r, &m, record);
	return hello_has_ech(r.at, r.n);
}

/* What it is without a name beside it, is nobody's any more. */
static void encrypted_name(void)
{
	char name[NAME_TEXT];

	has_ech(0xffce, 16384);
	is_int(hello_name(r.at, r.n, name), -EBADMSG,
	       "an encrypted name: the other is not believed");
	has_ech(0xffce, 7);
	is_int(hello_name(r.at, r.n, name), -EBADMSG, "nor in records of any size");
	has_ech(0xffcd, 16384);
	is_int(hello_name(r.at, r.n, name), 0, "the control: an extension that nobody knows");
}

static void encrypted(void)
{
	ok(has_ech(0xfe0d, 16384) && has_ech(0xfe0d, 7), "it has an encrypted part");
	ok(!has_ech(21, 16384) && !has_ech(0x0dfe, 7), "it has none");
	has_ech(0xfe0d, 16384);
	ok(!hello_has_ech(r.at, r.n - 30), "a part of a hello says nothing");
}

static void bad(const char *what, const char *const *names, size_t pad, int want)
{
	char name[NAME_TEXT];

	message(&m, names, pad);
	records(&r, &m, 16384);
	is_int(hello_name(r.at, r.n, name), want, "%s", what);
}

int main(void)
{
	static const char *const none[] = {NULL}, *const two[] = {"a.example", "b.example", NULL};
	static const char *const odd[] = {"a.example\n", NULL}, *const empty[] = {"", NULL};
	static const char *const one[] = {"a.example", NULL};
	char name[NAME_TEXT];

	nul();
	cut(16384);
	cut(50);
	cut(1);
	encrypted();
	encrypted_name();
	bad("no name", none, 10, -ENOENT);
	bad("two names", two, 10, -EBADMSG);
	bad("a line end in it", odd, 10, -EBADMSG);
	bad("an empty one", empty, 10, -EBADMSG);
	bad("longer than is read", one, 33000, -EBADMSG);
	message(&m, one, 10);
	records(&r, &m, 16384);
	r.at[5] = 2;
	is_int(hello_name(r.at, r.n, name), -EBADMSG, "a ServerHello");
	is_int(hello_name((const uint8_t *)"\x17\x03\x03", 3, name), -EBADMSG, "data");
	is_int(hello_name((const uint8_t *)"\x16\x03\x01\x00\x00", 5, name), -EBADMSG,
	       "an empty record");
	message(&m, one, 10);
	m.at[4 + 34 + 1 + 1] = 0xff; /* cipher suites beyond the end */
	records(&r, &m, 16384);
	is_int(hello_name(r.at, r.n, name), -EBADMSG, "a length that leads out of it");
	return done_testing();
}
