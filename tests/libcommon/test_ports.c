/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcommon/ports.h"
#include "tests/lib/tap.h"

static void texts(void)
{
	static const struct {
		enum port_scope scope;
		const char *text, *normal; /* NULL: refused */
	} samples[] = {
		{PORT_OWN, "8080:80", "8080:80/tcp"},
		{PORT_OWN, "80", "80:80/tcp"},
		{PORT_PUBLIC, "53:5353/UDP", "53:5353/udp"},
		{PORT_OWN, "65535:1/tcp", "65535:1/tcp"},
		{PORT_INTERNAL, "5432", "5432/tcp"},
		{PORT_EXPOSE, "80", "80"},
		{PORT_INTERNAL, "5432/udp", NULL},
		{PORT_INTERNAL, "1:2", NULL},
		{PORT_OWN, "", NULL},
		{PORT_OWN, "0", NULL},
		{PORT_OWN, "65536", NULL},
		{PORT_OWN, "80:", NULL},
		{PORT_OWN, "80:0", NULL},
		{PORT_OWN, " 80", NULL},
		{PORT_OWN, "-1", NULL},
		{PORT_OWN, "80:80/sctp", NULL},
		{PORT_OWN, "000080", NULL},
		{PORT_OWN, "80:80:80", NULL},
	};
	char text[PORT_TEXT];
	struct port p;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		int r = port_parse(&p, samples[i].scope, samples[i].text);

		is_int(r, samples[i].normal ? 0 : -EINVAL, "'%s'", samples[i].text);
		if (r == 0)
			is_str(port_text(&p, text), samples[i].normal, "'%s'", samples[i].text);
	}
}

static int parse(struct ports_change *c, const char *text, struct err *e)
{
	*e = (struct err){0};
	return ports_parse(c, text, strlen(text), e);
}

static void files(void)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"v\":2}",
		"{\"v\":1,\"port\":[]}",
		"{\"v\":1,\"ports\":[80]}",
		"{\"v\":1,\"ports\":[\"80/x\"]}",
		"{\"v\":1,\"ports\":[\"80\"",
		"{\"v\":1,\"remove_\":[]}",
		"{\"v\":1} x",
	};
	struct ports_change c;
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(parse(&c, bad[i], &e) < 0, "refused: %s", bad[i]);
		ok(e.status == 78 && strncmp(e.msg, "ports.json:1:", 13) == 0, "says where: %s",
		   e.msg);
	}
	is_int(parse(&c, "{\"v\":1,\"ports\":[\"80\",\"80\"],\"remove_expose\":[\"9\"]}", &e), 0,
	       "read");
	is_int((int)c.add.n, 1, "twice is once");
	is_int(c.drop.v[0].scope, PORT_EXPOSE, "what is taken back is known by its list");
}

static void applied(void)
{
	struct ports all = {.n = 0};
	struct ports_change c;
	struct port p;
	struct err e;

	port_parse(&p, PORT_OWN, "8080:80");
	ports_add(&all, &p);
	port_parse(&p, PORT_INTERNAL, "5432");
	ports_add(&all, &p);
	parse(&c, "{\"v\":1,\"remove_ports\":[\"8080:80\"],\"public_ports\":[\"8080:81\"]}", &e);
	ports_apply(&all, &c);
	is_int((int)all.n, 2, "one gone, one come");
	ok(ports_at(&all, 8080, false) && ports_at(&all, 8080, false)->pod == 81, "the new one");
	ok(!ports_at(&all, 8080, true), "UDP is another port");
	ok(!ports_at(&all, 0, false), "an internal one has no port of the host");
	ok(ports_exposed(&all, 1), "without a list every port answers");
	port_parse(&p, PORT_EXPOSE, "80");
	ports_add(&all, &p);
	ok(!ports_exposed(&all, 1) && ports_exposed(&all, 80), "with one, those on it");
}

static void bounds(void)
{
	struct ports all = {.n = 0};
	struct port p = {.scope = PORT_OWN};
	int r = 0;

	for (uint16_t i = 1; r == 0; i++) {
		p.host = p.pod = i;
		r = ports_add(&all, &p);
	}
	is_int(r, -ENOSPC, "so many and no more");
	is_int((int)all.n, PORTS_MAX, "all of those");
}

int main(void)
{
	texts();
	files();
	applied();
	bounds();
	return done_testing();
}
