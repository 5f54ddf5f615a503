/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ports of a pod that others may reach: those of the pod file (plan lines port, public_port,
 * internal_port, expose), changed by what a person said since, which is kept in policy/ports.json:
 *	{"v":1,"ports":["8080:80/tcp"],"public_ports":[],"internal_ports":["5432/tcp"],
 *	 "expose":["80"],"remove_ports":[],"remove_public_ports":[],"remove_internal_ports":[],
 *	 "remove_expose":[]}
 * The last four take back entries of the pod file.
 */
#ifndef LIBCOMMON_PORTS_H
#define LIBCOMMON_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"

#define PORTS_FILE     "ports.json"
#define PORTS_FILE_MAX 65536
#define PORTS_MAX      512

enum port_scope {
	PORT_OWN,      /* on the host's loopback */
	PORT_PUBLIC,   /* on all its addresses */
	PORT_INTERNAL, /* to other pods */
	PORT_EXPOSE,   /* no opening: the only ports that answer, if there is one */
	PORT_SCOPES,
};
/* "ports", "public_ports" …: as in the pod file. */
extern const char *const port_keys[PORT_SCOPES];

struct port {
	enum port_scope scope;
	uint16_t host, pod; /* host: 0 where the scope has none */
	bool udp;
};

struct ports {
	struct port v[PORTS_MAX];
	size_t n;
};

#define PORT_TEXT 24
/* "8080:80", "80" (the same on both sides), "53:53/udp"; where the scope has one number, "80".
 * -EINVAL; also for UDP where only TCP is carried. */
int port_parse(struct port *p, enum port_scope scope, const char *text);
/* As the plan says it: "8080:80/tcp", "5432/tcp", "80". */
const char *port_text(const struct port *p, char out[PORT_TEXT]);
bool port_equal(const struct port *a, const struct port *b);

bool ports_has(const struct ports *all, const struct port *p);
/* Once; -ENOSPC beyond PORTS_MAX. */
int ports_add(struct ports *all, const struct port *p);
bool ports_drop(struct ports *all, const struct port *p);
/* The first that opens this port of the host, or NULL. */
const struct port *ports_at(const struct ports *all, uint16_t host, bool udp);
/* Does this port of the pod answer at all? */
bool ports_exposed(const struct ports *all, uint16_t pod);
bool ports_any(const struct ports *all, enum port_scope scope);

/* What the plan says.  Status 78 for what is none. */
int ports_of_plan(struct ports *all, const struct plan *plan, struct err *e);

/* What policy/ports.json changes: added and taken back.  -EINVAL, "ports.json:LINE:COLUMN: …", 78.
 */
struct ports_change {
	struct ports add, drop;
};
int ports_parse(struct ports_change *c, const char *data, size_t len, struct err *e);
/* The same from the directory policy (-1: none); no file is no change. */
int ports_read(struct ports_change *c, int policy, struct err *e);
void ports_apply(struct ports *all, const struct ports_change *c);

/* What holds now: all of these together. */
int ports_load(struct ports *all, const struct plan *plan, int policy, struct err *e);

#endif
