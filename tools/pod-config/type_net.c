/* SPDX-License-Identifier: Apache-2.0 */
/* Names, addresses and ports. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-config/type.h"

static jv wrong_word(const struct spot *s, const char *want)
{
	return type_wrong(s, "'%.80s' is not %s", esc(s->node->text), want);
}

/* What is wrong with one label, or NULL. */
static const char *label_fault(const char *label, size_t n)
{
	if (n == 0)
		return "has an empty label";
	if (n > 63)
		return "has a label of more than 63 characters";
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)label[i] >= 0x80)
			return "is not ASCII; write it as the resolver sees it, xn--…";
		if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
			return "is no domain: only letters, digits, - and _ between the dots";
	}
	return label[0] == '-' || label[n - 1] == '-' ? "has a label that begins or ends with -"
						      : NULL;
}

static const char *domain_fault(const char *name)
{
	if (strlen(name) > 253)
		return "is longer than a domain can be";
	if (!*name)
		return "is no domain";
	for (;;) {
		size_t n = strcspn(name, ".");
		const char *fault = label_fault(name, n);

		if (fault || !name[n])
			return fault;
		name += n + 1;
	}
}

/* Lower case, without the root's dot; what a browser's address bar gives is told apart. */
static char *tidy_domain(const char *text, size_t len)
{
	char *name = strndup(text, len);

	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
	return name;
}

static const char *pattern_fault(const char *name)
{
	if (strcmp(name, "*") == 0 || strcmp(name, "**") == 0)
		return "stands for every name: choose network.dns.mode Denylist or Monitor instead";
	if (strstr(name, "://") || strchr(name, '/'))
		return "is an address on the web; give its domain alone";
	if (strncmp(name, "**.", 3) == 0)
		name += 3;
	else if (strncmp(name, "*.", 2) == 0)
		name += 2;
	return strchr(name, '*') ? "has a * elsewhere than in front: *.x.y or **.x.y"
				 : domain_fault(name);
}

/* The pattern in the first len bytes, with tail behind it. */
static jv read_pattern(const struct spot *s, size_t len, const char *tail)
{
	OWN_FREE char *name = tidy_domain(s->node->text, len);
	const char *fault = pattern_fault(name);

	if (fault)
		return type_wrong(s, "'%.80s' %s", esc(s->node->text), fault);
	return jv_string_fmt("%s%s", name, tail);
}

jv type_name_pattern(const struct spot *s)
{
	return read_pattern(s, strlen(s->node->text), "");
}

/* A port at text; returns what follows it, or NULL. */
static const char *port_at(const char *text, unsigned *port)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 5)
		return NULL;
	*port = (unsigned)strtoul(text, NULL, 10);
	return *port >= 1 && *port <= 65535 ? text + n : NULL;
}

jv type_allow(const struct spot *s)
{
	const char *text = s->node->text, *colon = strchr(text, ':'), *at = colon;
	unsigned port;

	if (!colon || colon[1] == '/')
		return type_name_pattern(s);
	do
		at = port_at(at + 1, &port);
	while (at && *at == ',');
	if (!at || *at)
		return wrong_word(s, "NAME:PORT or NAME:PORT,PORT");
	return read_pattern(s, (size_t)(colon - text), colon);
}

/* An IPv4 or IPv6 address in its normal form. */
static int read_address(const char *text, unsigned char bytes[16], char out[INET6_ADDRSTRLEN])
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, bytes) != 1)
		return -EINVAL;
	inet_ntop(family, bytes, out, INET6_ADDRSTRLEN);
	return family;
}

jv type_target(const struct spot *s)
{
	unsigned char bytes[16];
	char address[INET6_ADDRSTRLEN];
	OWN_FREE char *name = tidy_domain(s->node->text, strlen(s->node->text));
	size_t last = strlen(name);

	if (read_address(s->node->text, bytes, address) > 0)
		return jv_string(address);
	/* 1.2.3 or 1.2.3.400 would pass for a domain. */
	while (last > 0 && name[last - 1] != '.')
		last--;
	if (domain_fault(name) || name[last + strspn(name + last, "0123456789")] == '\0')
		return wrong_word(s, "an address or a domain");
	return jv_string(name);
}

/* ADDRESS, ADDRESS#PORT, tls://NAME@ADDRESS, tls://NAME@ADDRESS#PORT */
jv type_upstream(const struct spot *s)
{
	const char *text = s->node->text, *host = text, *hash;
	OWN_FREE char *name = NULL, *plain = NULL;
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	unsigned port;

	if (strncasecmp(text, "tls://", 6) == 0 && strchr(text, '@')) {
		host = strchr(text, '@') + 1;
		name = tidy_domain(text + 6, (size_t)(host - text) - 7);
	}
	hash = strchr(host, '#');
	plain = strndup(host, hash ? (size_t)(hash - host) : strlen(host));
	if (read_address(plain, bytes, address) < 0 || (name && domain_fault(name)))
		return wrong_word(s, "ADDRESS, ADDRESS#PORT or tls://NAME@ADDRESS");
	if (hash && (!(hash = port_at(hash + 1, &port)) || *hash))
		return wrong_word(s, "a resolver: its port is no port");
	return jv_string_fmt("%s%s%s%s%s", name ? "tls://" : "", name ? name : "", name ? "@" : "",
			     address, hash ? strchr(host, '#') : "");
}

/* Clear what lies behind the prefix; true when something did. */
static bool cut_host_bits(unsigned char *bytes, unsigned size, unsigned prefix)
{
	bool was_set = false;

	for (unsigned bit = prefix; bit < size; bit++) {
		unsigned char mask = (unsigned char)(0x80 >> (bit % 8));

		was_set |= bytes[bit / 8] & mask;
		bytes[bit / 8] &= (unsigned char)~mask;
	}
	return was_set;
}

static jv network_of(const struct spot *s, const char *text)
{
	const char *slash = strchr(text, '/');
	OWN_FREE char *plain = strndup(text, slash ? (size_t)(slash - text) : strlen(text));
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	int family = read_address(plain, bytes, address);
	unsigned size = family == AF_INET6 ? 128 : 32;
	uint64_t prefix = size;

	if (family < 0 || (slash && unit_u64(slash + 1, size, &prefix) < 0))
		return wrong_word(s, "an address or a network such as 10.1.0.0/16");
	if (cut_host_bits(bytes, size, (unsigned)prefix)) {
		inet_ntop(family, bytes, address, sizeof(address));
		return type_wrong(s, "'%.80s' says more than its prefix; did you mean %s/%u?",
				  esc(s->node->text), address, (unsigned)prefix);
	}
	return jv_string_fmt("%s/%u", address, (unsigned)prefix);
}

jv type_cidr(const struct spot *s)
{
	return network_of(s, s->node->text);
}

/* Also by its first two or three numbers: "10.200", "10.200.7". */
jv type_subnet(const struct spot *s)
{
	const char *text = s->node->text;
	unsigned dots = 0;
	OWN_FREE char *whole = NULL;

	for (const char *c = text; *c; c++)
		dots += *c == '.';
	if (strchr(text, '/') || strchr(text, ':') || dots < 1 || dots > 2)
		return network_of(s, text);
	whole = xfmt("%s%s", text, dots == 1 ? ".0.0/16" : ".0/24");
	return network_of(s, whole);
}

/* "/tcp", "/udp" or nothing, which is tcp. */
static const char *protocol_at(const char *text)
{
	if (!*text || strcasecmp(text, "/tcp") == 0)
		return "tcp";
	return strcasecmp(text, "/udp") == 0 ? "udp" : NULL;
}

jv type_forward(const struct spot *s)
{
	unsigned host, pod;
	const char *at = port_at(s->node->text, &host), *protocol;

	pod = host;
	if (at && *at == ':')
		at = port_at(at + 1, &pod);
	protocol = at ? protocol_at(at) : NULL;
	if (!protocol)
		return wrong_word(s, "HOST:POD or PORT, 1 to 65535, with /tcp or /udp");
	return jv_string_fmt("%u:%u/%s", host, pod, protocol);
}

jv type_port(const struct spot *s)
{
	unsigned port;
	const char *at = port_at(s->node->text, &port), *protocol = at ? protocol_at(at) : NULL;

	if (!protocol)
		return wrong_word(s, "a port, 1 to 65535, with /tcp or /udp");
	return jv_string_fmt("%u/%s", port, protocol);
}

/* The second letter is the unit in its normal form. */
static const char *const paces[] = {"/s",   "/sec",    "/second", "/m",
				    "/min", "/minute", "/h",      "/hour"};

/* "N/s|m|h", also with "req" behind the number; kept as it is counted: N/UNIT. */
jv type_rate(const struct spot *s)
{
	const char *text = s->node->text;
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;

	unit += strncasecmp(unit, "req", 3) == 0 ? 3 : 0;
	if (digits == 0 || digits > 9 || strtoul(text, NULL, 10) == 0)
		return wrong_word(s, "a rate such as 100/s or 600/m");
	for (size_t i = 0; i < sizeof(paces) / sizeof(paces[0]); i++)
		if (!*unit || strcasecmp(unit, paces[i]) == 0)
			return jv_string_fmt("%lu/%c", strtoul(text, NULL, 10), paces[i][1]);
	return wrong_word(s, "a rate such as 100/s or 600/m");
}

/* Bits in the network's own units, or a size; in bytes a second.  10MBps would be read both ways:
 * it is read in neither. */
jv type_bandwidth(const struct spot *s)
{
	static const struct {
		const char *word;
		double bytes;
	} units[] = {
		{"bit", 0.125}, {"kbit", 125}, {"mbit", 125e3}, {"gbit", 125e6},
		{"bps", 0.125}, {"kbps", 125}, {"mbps", 125e3}, {"gbps", 125e6},
	};
	OWN_FREE char *text = xstrdup(s->node->text);
	size_t digits = strspn(text, "0123456789.");
	uint64_t bytes = 0;

	if (strlen(text) > 2 && strcasecmp(text + strlen(text) - 2, "/s") == 0)
		text[strlen(text) - 2] = '\0';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (digits && digits < 12 && isdigit((unsigned char)text[0]) &&
		    !strchr(text, 'B') && strcasecmp(text + digits, units[i].word) == 0)
			bytes = (uint64_t)(strtod(text, NULL) * units[i].bytes);
	if (!bytes && unit_size(text, &bytes) < 0)
		return wrong_word(s, "a bandwidth such as 10mbit or 1MB/s");
	if (bytes < 1024 || bytes > UINT64_C(1) << 53)
		return wrong_word(s, "between 1KB/s and 8PB/s");
	return jv_number((double)bytes);
}

#define TOKEN "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* "Name: text {value}".  A line break would smuggle a second header in. */
jv type_header(const struct spot *s)
{
	const char *text = s->node->text;
	size_t n = strspn(text, TOKEN);

	if (n == 0 || text[n] != ':' || strpbrk(text, "\r\n"))
		return wrong_word(s, "a header such as 'Authorization: Bearer {value}'");
	if (!strstr(text + n, "{value}"))
		return wrong_word(s, "complete: {value} shows where the secret goes");
	return jv_string(text);
}

jv type_method(const struct spot *s)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-";
	size_t n = strspn(s->node->text, capitals);

	if (n == 0 || n > 32 || s->node->text[n])
		return wrong_word(s, "a method in capitals, such as GET");
	return jv_string(s->node->text);
}
