/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names are allowed, denied or answered otherwise.  Lean enough for hundreds of thousands: a
 * name costs its own bytes, 12 bytes and its share of a table of 4-byte slots; a lookup hashes each
 * label once.
 *	x.y     that name        *.x.y   what lies below it        **.x.y   both
 * Deny wins over allow, wherever in the tree either stands.
 */
#ifndef POD_DNS_RULES_H
#define POD_DNS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/address.h"
#include "libcommon/err.h"
#include "libcommon/names.h"
#include "tools/pod-dns/name.h"

enum rules_mode { MODE_ALLOWLIST, MODE_DENYLIST, MODE_MONITOR };
enum rule_kind { RULE_ALLOW, RULE_DENY, RULE_REMAP };

struct rules_ports {
	uint16_t port[NAMES_PORTS]; /* 0 ends it; none: 80 and 443 */
};

struct rules_target { /* of a remap */
	bool is_name;
	struct in6_addr address;
	struct name name;
};

struct rules;

struct rules *rules_new(enum rules_mode mode, bool is_suffix);
void rules_free(struct rules *r);
enum rules_mode rules_mode(const struct rules *r);
size_t rules_count(const struct rules *r);

/* "x.y", "*.x.y:22,443".  -EINVAL with e set when it is no pattern. */
int rules_add(struct rules *r, enum rule_kind kind, const char *pattern, struct err *e);
/* "x.y=1.2.3.4", "x.y=other.name": name and its value apart. */
int rules_remap(struct rules *r, const char *pattern, const char *target, struct err *e);
/* Take back what an earlier add of the same kind put in; nothing happens when none did. */
int rules_drop(struct rules *r, enum rule_kind kind, const char *pattern, struct err *e);

enum decision { DECISION_ALLOW, DECISION_DENY, DECISION_REMAP };

struct verdict {
	enum decision decision;
	struct rules_ports ports;
	const struct rules_target *target; /* of a remap */
	enum rule_kind kind;               /* of the rule that decided */
	const char
		*prefix; /* "", "*." or "**.": how it is written; NULL: no rule, the mode decided */
	struct name rule; /* the name behind the prefix */
};

void rules_judge(const struct rules *r, const struct name *n, struct verdict *v);
/* The deciding rule as a person wrote it: "deny *.x.y", "mode allowlist". */
#define RULES_TEXT_MAX (NAME_TEXT_MAX + 16)
const char *verdict_text(const struct rules *r, const struct verdict *v, char out[RULES_TEXT_MAX]);

#endif
