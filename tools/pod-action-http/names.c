/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action-http/names.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define TRIES   3
#define WAIT_MS 2500 /* for both answers */

/* --- whom to ask --- */

static bool add_server(struct sockaddr_storage *at, const char *word)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)at;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)at;

	*at = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, word, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(53);
		return true;
	}
	if (inet_pton(AF_INET6, word, &in6->sin6_addr) != 1)
		return false;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(53);
	return true;
}

void resolvers_parse(struct resolvers *r, const char *text)
{
	static const char word[] = "nameserver";

	r->n = 0;
	for (const char *p = text; *p && r->n < NAMES_SERVERS;
	     p += strcspn(p, "\n"), p += *p == '\n') {
		char address[INET6_ADDRSTRLEN] = "";
		size_t n;

		if (strncmp(p, word, strlen(word)) != 0)
			continue;
		const char *at = p + strlen(word) + strspn(p + strlen(word), " \t");

		n = strcspn(at, " \t\r\n#;");
		if (n == 0 || n >= sizeof(address))
			continue;
		memcpy(address, at, n);
		r->n += add_server(&r->at[r->n], address);
	}
}

/* --- packets --- */

static void put16(uint8_t *at, unsigned n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static bool is_label(const char *s, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return n > 0 && n < 64 && strspn(s, letters) >= n;
}

/* "a.b" as 1a1b0; -EINVAL for what no name is. */
static int put_name(uint8_t *at, const char *name)
{
	uint8_t *p = at;

	if (strlen(name) > 253)
		return -EINVAL;
	while (*name) {
		size_t n = strcspn(name, ".");

		if (!is_label(name, n))
			return -EINVAL;
		*p++ = (uint8_t)n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	return p - at > 1 ? (int)(p - at) : -EINVAL;
}

int names_question(uint8_t out[NAMES_PACKET], const char *name, uint16_t id, int family)
{
	int n;

	memset(out, 0, NS_HFIXEDSZ);
	put16(out, id);
	out[2] = 1; /* recursion, please */
	put16(out + 4, 1);
	n = put_name(out + NS_HFIXEDSZ, name);
	if (n < 0)
		return n;
	put16(out + NS_HFIXEDSZ + n, family == AF_INET6 ? ns_t_aaaa : ns_t_a);
	put16(out + NS_HFIXEDSZ + n + 2, ns_c_in);
	return NS_HFIXEDSZ + n + 4;
}

static void add_address(const ns_rr *rr, struct buf *out, size_t *n)
{
	int family = ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == 4       ? AF_INET
		     : ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == 16 ? AF_INET6
									      : 0;
	char text[INET6_ADDRSTRLEN];

	if (!family || *n == NAMES_MAX || !inet_ntop(family, ns_rr_rdata(*rr), text, sizeof(text)))
		return;
	buf_fmt(out, *n ? ",%s" : "%s", text);
	++*n;
}

/* Whose addresses they are is the resolver's word: it followed the aliases. */
int names_answer(const uint8_t *data, size_t len, uint16_t id, struct buf *out, size_t *n)
{
	ns_msg m;
	ns_rr rr;

	if (len > NAMES_PACKET || ns_initparse(data, (int)len, &m) < 0 || ns_msg_id(m) != id ||
	    !ns_msg_getflag(m, ns_f_qr) || ns_msg_count(m, ns_s_qd) != 1)
		return -EINVAL;
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++)
		if (ns_parserr(&m, ns_s_an, i, &rr) == 0 && ns_rr_class(rr) == ns_c_in)
			add_address(&rr, out, n);
	return ns_msg_getflag(m, ns_f_rcode);
}

/* --- asking --- */

struct query {
	const char *name;
	struct buf *out;
	size_t n;
	uint16_t id[2];
	bool answered[2];
	int code; /* of the last answer */
};

static int send_both(int fd, struct query *q)
{
	static const int families[] = {AF_INET, AF_INET6};
	uint8_t packet[NAMES_PACKET];

	if (getrandom(q->id, sizeof(q->id), 0) != sizeof(q->id))
		return -errno;
	q->id[1] = q->id[1] == q->id[0] ? (uint16_t)(q->id[0] + 1) : q->id[1];
	for (int i = 0; i < 2; i++) {
		int len = names_question(packet, q->name, q->id[i], families[i]);

		if (len < 0)
			return len;
		if (!q->answered[i] && send(fd, packet, (size_t)len, MSG_NOSIGNAL) != len)
			return -errno;
	}
	return 0;
}

static void take_one(int fd, struct query *q)
{
	uint8_t packet[NAMES_PACKET];
	ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

	for (int i = 0; n > 0 && i < 2; i++) {
		int code = q->answered[i]
				   ? -EINVAL
				   : names_answer(packet, (size_t)n, q->id[i], q->out, &q->n);

		if (code >= 0) {
			q->answered[i] = true;
			q->code = code;
			return;
		}
	}
}

/* True where somebody answered.  A host without IPv6 may be silent about it. */
static bool ask_one(const struct sockaddr_storage *at, struct query *q)
{
	OWN_FD int fd = socket(at->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int64_t end = clock_ms() + WAIT_MS, left;

	if (fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ||
	    send_both(fd, q) < 0)
		return false;
	while (!(q->answered[0] && q->answered[1]) && (left = end - clock_ms()) > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, (int)left) <= 0 || (p.revents & POLLERR))
			break; /* nobody listens there */
		take_one(fd, q);
	}
	return q->answered[0] || q->answered[1];
}

static int explain(const struct query *q, bool answered, struct err *e)
{
	const char *why = !answered                  ? "no resolver answers"
			  : q->code == ns_r_nxdomain ? "there is no such name"
			  : q->code == ns_r_refused  ? "the resolver refuses it"
			  : q->code != ns_r_noerror  ? "the resolver failed"
						     : "it has no address";

	return err_set(e, ERR_PLAIN, "resolve %s: %s", esc(q->name), why);
}

int names_find(const struct resolvers *r, const char *name, struct buf *out, struct err *e)
{
	struct query q = {.name = name, .out = out};
	uint8_t packet[NAMES_PACKET];
	bool answered = false;

	if (names_question(packet, name, 0, AF_INET) < 0)
		return err_set(e, ERR_PLAIN, "resolve %s: it is no name", esc(name));
	for (int i = 0; i < TRIES && !answered; i++)
		for (size_t k = 0; k < r->n && !answered; k++)
			answered = ask_one(&r->at[k], &q);
	return q.n ? 0 : explain(&q, answered, e);
}
