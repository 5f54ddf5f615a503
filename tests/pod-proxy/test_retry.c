/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/retry.h"

static const uint8_t mark[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
				 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
				 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

struct bytes {
	uint8_t at[2048];
	size_t n;
};

static void record(struct bytes *b, uint8_t type, const void *data, size_t n)
{
	const uint8_t head[] = {type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};

	memcpy(b->at + b->n, head, 5);
	memcpy(b->at + b->n + 5, data, n);
	b->n += 5 + n;
}

/* A ServerHello, in records of so many bytes. */
static void server_hello(struct bytes *b, bool request, size_t size)
{
	uint8_t m[60] = {2, 0, 0, 56, 3, 3};

	if (request)
		memcpy(m + 6, mark, 32);
	for (size_t at = 0; at < sizeof(m); at += size)
		record(b, 22, m + at, sizeof(m) - at < size ? sizeof(m) - at : size);
}

static void client_hello(struct bytes *b, const char *name)
{
	uint8_t m[256] = {1, 0, 0, 0, 3, 3};
	size_t n = strlen(name), at = 38;

	m[at++] = 0;
	m[at++] = 0, m[at++] = 2, m[at++] = 0x13, m[at++] = 1;
	m[at++] = 1, m[at++] = 0;
	m[at++] = 0, m[at++] = (uint8_t)(n ? n + 9 : 4);
	m[at++] = 0, m[at++] = n ? 0 : 23;
	m[at++] = 0, m[at++] = (uint8_t)(n ? n + 5 : 0);
	if (n) {
		m[at++] = 0, m[at++] = (uint8_t)(n + 3), m[at++] = 0;
		m[at++] = 0, m[at++] = (uint8_t)n;
		memcpy(m + at, name, n);
	}
	at += n;
	m[3] = (uint8_t)(at - 4);
	record(b, 22, m, at);
}

/* What the server is taken to have said, in pieces of so many bytes. */
static enum retry_state server_says(const struct bytes *b, size_t piece, size_t *passed)
{
	struct retry r = {.state = RETRY_AWAITED};
	size_t len = 0, ok = 0;

	while (len < b->n && r.state == RETRY_AWAITED) {
		len = len + piece < b->n ? len + piece : b->n;
		retry_server(&r, b->at, len, &ok);
	}
	*passed = ok;
	return r.state;
}

static void servers(void)
{
	static const size_t sizes[] = {60, 7, 1};
	size_t ok;

	for (size_t i = 0; i < 3; i++)
		for (size_t piece = 1; piece < 100; piece += 33) {
			struct bytes yes = {.n = 0}, no = {.n = 0};

			server_hello(&yes, true, sizes[i]);
			server_hello(&no, false, sizes[i]);
			is_int(server_says(&yes, piece, &ok), RETRY_ASKED,
			       "a request, records of %zu, pieces of %zu", sizes[i], piece);
			is_int(server_says(&no, piece, &ok), RETRY_OVER,
			       "no request, records of %zu, pieces of %zu", sizes[i], piece);
		}
}

static void odd_servers(void)
{
	struct bytes warned = {.n = 0}, data = {.n = 0}, plain = {.n = 0}, warning = {.n = 0};
	size_t ok;

	record(&warned, 21, "\1\160", 2);
	warning = warned;
	server_hello(&warned, true, 60);
	is_int(server_says(&warned, 3, &ok), RETRY_ASKED, "a request behind a warning");
	is_int(server_says(&warning, 3, &ok), RETRY_AWAITED, "a warning alone");
	is_int((int)ok, 7, "which passes");
	record(&data, 23, "x", 1);
	is_int(server_says(&data, 1, &ok), RETRY_OVER, "data");
	plain.n = 20;
	memcpy(plain.at, "HTTP/1.1 400 Bad\r\n\r\n", 20);
	is_int(server_says(&plain, 1, &ok), RETRY_OVER, "no TLS at all");
	plain.n = sizeof(plain.at);
	memset(plain.at, 0, sizeof(plain.at));
	for (size_t i = 0; i < sizeof(plain.at); i += 5)
		plain.at[i] = 22;
	is_int(server_says(&plain, 64, &ok), RETRY_OVER, "empty records without end");
}

static int client_says(struct retry *r, const struct bytes *b, size_t piece, size_t *ok)
{
	char other[NAME_TEXT];
	int x = 0;

	*ok = 0;
	for (size_t len = 0; len < b->n && x == 0;) {
		len = len + piece < b->n ? len + piece : b->n;
		x = retry_client(r, b->at, len, ok, other);
	}
	return x;
}

static void second(const char *what, const char *name, int want, size_t piece)
{
	struct retry r = {.state = RETRY_ASKED, .name = "a.example"};
	struct bytes b = {.n = 0};
	size_t ok;

	record(&b, 20, "\1", 1);
	client_hello(&b, name);
	record(&b, 23, "sealed", 6);
	is_int(client_says(&r, &b, piece, &ok), want, "%s, pieces of %zu", what, piece);
	is_int((int)ok, want ? 6 : (int)b.n, "passed of it");
}

static void clients(void)
{
	struct retry r = {.state = RETRY_AWAITED, .name = "a.example"};
	struct bytes early = {.n = 0}, eager = {.n = 0}, odd = {.n = 0};
	char other[NAME_TEXT];
	size_t ok = 0;

	for (size_t piece = 1; piece < 300; piece += 96) {
		second("the same name", "a.example", 0, piece);
		second("the same in capitals", "A.Example", 0, piece);
		second("another name", "b.example", -EACCES, piece);
		second("no name", "", -EACCES, piece);
	}
	record(&early, 23, "early data", 10);
	is_int(client_says(&r, &early, 4, &ok), 0, "early data");
	is_int((int)ok, (int)early.n, "passes before the server has said a word");
	client_hello(&eager, "b.example");
	is_int(client_says(&r, &eager, 1000, &ok), 0, "a second hello before it was asked for");
	is_int((int)ok, 0, "waits");
	r.state = RETRY_ASKED;
	is_int(retry_client(&r, eager.at, eager.n, &ok, other), -EACCES, "and is judged then");
	r.state = RETRY_OVER;
	is_int(retry_client(&r, eager.at, eager.n, &ok, other), 0, "or passes");
	is_int((int)ok, (int)eager.n, "all of it");
	r.state = RETRY_AWAITED;
	record(&odd, 99, "x", 1);
	is_int(client_says(&r, &odd, 100, &ok), -EBADMSG, "a record of no kind");
}

/* Two hellos in one record: a server might read the second as the one that it asked for. */
static void glued(void)
{
	struct bytes one = {.n = 0}, two = {.n = 0}, both = {.n = 0};
	char name[NAME_TEXT];

	client_hello(&one, "a.example");
	client_hello(&two, "b.example");
	is_int(hello_name(one.at, one.n, name), 0, "one hello");
	memcpy(one.at + one.n, two.at + 5, two.n - 5);
	record(&both, 22, one.at + 5, one.n + two.n - 10);
	is_int(hello_name(both.at, both.n, name), -EBADMSG, "two in a record");
	is_int(hello_name(both.at, one.n, name), -EBADMSG, "seen before the second has come");
}

int main(void)
{
	servers();
	odd_servers();
	clients();
	glued();
	return done_testing();
}
