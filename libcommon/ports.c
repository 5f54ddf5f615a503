/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/path.h"

#define REMOVE "remove_"

const char *const port_keys[PORT_SCOPES] = {"ports", "public_ports", "internal_ports", "expose"};
static const char *const plan_keys[PORT_SCOPES] = {"port", "public_port", "internal_port",
						   "expose"};

static bool has_host(enum port_scope scope)
{
	return scope == PORT_OWN || scope == PORT_PUBLIC;
}

/* A port at text; what follows it, or NULL. */
static const char *number(const char *text, uint16_t *port)
{
	size_t n = strspn(text, "0123456789");
	unsigned long value = n && n <= 5 ? strtoul(text, NULL, 10) : 0;

	*port = (uint16_t)value;
	return value >= 1 && value <= 65535 ? text + n : NULL;
}

int port_parse(struct port *p, enum port_scope scope, const char *text)
{
	const char *at;

	*p = (struct port){.scope = scope};
	at = number(text, &p->pod);
	if (at && has_host(scope)) {
		p->host = p->pod;
		if (*at == ':')
			at = number(at + 1, &p->pod);
	}
	if (!at)
		return -EINVAL;
	p->udp = strcasecmp(at, "/udp") == 0;
	if (p->udp)
		return has_host(scope) ? 0 : -EINVAL;
	return !*at || strcasecmp(at, "/tcp") == 0 ? 0 : -EINVAL;
}

const char *port_text(const struct port *p, char out[PORT_TEXT])
{
	const char *protocol = p->udp ? "udp" : "tcp";

	if (has_host(p->scope))
		snprintf(out, PORT_TEXT, "%u:%u/%s", p->host, p->pod, protocol);
	else if (p->scope == PORT_INTERNAL)
		snprintf(out, PORT_TEXT, "%u/%s", p->pod, protocol);
	else
		snprintf(out, PORT_TEXT, "%u", p->pod);
	return out;
}

bool port_equal(const struct port *a, const struct port *b)
{
	return a->scope == b->scope && a->host == b->host && a->pod == b->pod && a->udp == b->udp;
}

static struct port *find(struct ports *all, const struct port *p)
{
	for (size_t i = 0; i < all->n; i++)
		if (port_equal(&all->v[i], p))
			return &all->v[i];
	return NULL;
}

bool ports_has(const struct ports *all, const struct port *p)
{
	return find((struct ports *)all, p) != NULL;
}

int ports_add(struct ports *all, const struct port *p)
{
	if (find(all, p))
		return 0;
	if (all->n == PORTS_MAX)
		return -ENOSPC;
	all->v[all->n++] = *p;
	return 0;
}

bool ports_drop(struct ports *all, const struct port *p)
{
	struct port *at = find(all, p);

	if (!at)
		return false;
	memmove(at, at + 1, (size_t)(all->v + --all->n - at) * sizeof(*at));
	return true;
}

const struct port *ports_at(const struct ports *all, uint16_t host, bool udp)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].host == host && host && all->v[i].udp == udp)
			return &all->v[i];
	return NULL;
}

bool ports_any(const struct ports *all, enum port_scope scope)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].scope == scope)
			return true;
	return false;
}

bool ports_exposed(const struct ports *all, uint16_t pod)
{
	const struct port p = {.scope = PORT_EXPOSE, .pod = pod};

	return !ports_any(all, PORT_EXPOSE) || ports_has(all, &p);
}

int ports_of_plan(struct ports *all, const struct plan *plan, struct err *e)
{
	const char *text;
	struct port p;

	*all = (struct ports){.n = 0};
	for (int scope = 0; scope < PORT_SCOPES; scope++)
		for (size_t i = 0; (text = plan_next(plan, plan_keys[scope], &i));) {
			if (port_parse(&p, (enum port_scope)scope, text) < 0 ||
			    ports_add(all, &p) < 0)
				return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
						  "plan: %s %s (of %d at most)", plan_keys[scope],
						  esc(text), PORTS_MAX);
		}
	return 0;
}

/* --- policy/ports.json --- */

static int fault(const struct json *j, const char *what, struct err *e)
{
	unsigned line, column;

	json_place(j, &line, &column);
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, PORTS_FILE ":%u:%u: %s", line, column,
			  what);
}

static int read_list(struct json *j, enum port_scope scope, struct ports *to, struct err *e)
{
	char text[64];
	struct port p;

	if (json_open(j, '['))
		while (json_element(j)) {
			if (!json_string(j, text, sizeof(text)))
				break;
			if (port_parse(&p, scope, text) < 0)
				return fault(j, "this is no such port", e);
			if (ports_add(to, &p) < 0)
				return fault(j, "too many ports", e);
		}
	return j->fault ? fault(j, j->fault, e) : 0;
}

static int read_member(struct json *j, const char *key, struct ports_change *c, struct err *e)
{
	bool removes = strncmp(key, REMOVE, strlen(REMOVE)) == 0;

	for (int scope = 0; scope < PORT_SCOPES; scope++)
		if (strcmp(key + (removes ? strlen(REMOVE) : 0), port_keys[scope]) == 0)
			return read_list(j, (enum port_scope)scope, removes ? &c->drop : &c->add,
					 e);
	return fault(j, "this key is not known", e);
}

int ports_parse(struct ports_change *c, const char *data, size_t len, struct err *e)
{
	int64_t version = 0;
	struct json j;
	char key[32];
	int r = 0;

	*c = (struct ports_change){.add = {.n = 0}};
	json_init(&j, data, len);
	if (json_open(&j, '{'))
		while (r == 0 && json_member(&j, key, sizeof(key))) {
			if (strcmp(key, "v") == 0)
				json_integer(&j, &version);
			else
				r = read_member(&j, key, c, e);
		}
	if (r < 0)
		return r;
	if (j.fault || !json_end(&j))
		return fault(&j, j.fault, e);
	return version == 1 ? 0 : fault(&j, "\"v\" should be 1: a newer envpod wrote this", e);
}

int ports_read(struct ports_change *c, int policy, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = policy < 0 ? -ENOENT : read_file_at(policy, PORTS_FILE, &b, PORTS_FILE_MAX);

	*c = (struct ports_change){.add = {.n = 0}};
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_status(e, POD_EXIT_CONFIG, -r, "read policy/" PORTS_FILE);
	return ports_parse(c, b.len ? b.data : "", b.len, e);
}

void ports_apply(struct ports *all, const struct ports_change *c)
{
	for (size_t i = 0; i < c->drop.n; i++)
		ports_drop(all, &c->drop.v[i]);
	for (size_t i = 0; i < c->add.n; i++)
		ports_add(all, &c->add.v[i]);
}

int ports_load(struct ports *all, const struct plan *plan, int policy, struct err *e)
{
	struct ports_change c;
	int r = ports_of_plan(all, plan, e);

	if (r == 0)
		r = ports_read(&c, policy, e);
	if (r == 0)
		ports_apply(all, &c);
	return r;
}
