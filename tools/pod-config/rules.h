/* SPDX-License-Identifier: Apache-2.0 */
/* What no single key can say: types of pods, defaults that hang on others, contradictions. */
#ifndef POD_CONFIG_RULES_H
#define POD_CONFIG_RULES_H

#include "tools/pod-config/type.h"

struct rules {
	const struct origin *origin;
	const struct node *file; /* for places */
	struct problems *problems;
};

/* Before the defaults: what the pod's type and the invoking user decide. */
void rules_begin(const struct rules *r, jv *root);
/* After them: what hangs on other keys; then what contradicts. */
void rules_end(const struct rules *r, jv *root);

/* Bindings of secrets: a closed network, a host that may be reached (rules_vault.c). */
void rules_vault(const struct rules *r, jv root);
/* Screening: in a network that has no way round it (rules_vault.c). */
void rules_screen(const struct rules *r, jv root);
/* Rules of the monitor (rules_monitor.c). */
void rules_monitor(const struct rules *r, jv *root);
/* Checks of health: each complete, with a path and a port (rules_health.c). */
void rules_health(const struct rules *r, jv *root);

/* What the keys of a desktop and of its page say of each other; before the defaults
 * (rules_desktop.c). */
void rules_desktop(const struct rules *r, jv *root);

/* Call for each item of a list of sections; *item may be changed. */
void rules_each_item(const struct rules *r, jv *root, const char *path,
		     void (*call)(const struct rules *r, jv *item, struct place at));
/* The place of a key, or of the section it would stand in. */
struct place rules_place(const struct rules *r, const char *path);

#endif
