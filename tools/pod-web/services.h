/* SPDX-License-Identifier: Apache-2.0 */
/* How the services of a pod's desktop stand, as its session says (RUN/NAME/desktop/session.json).
 */
#ifndef POD_WEB_SERVICES_H
#define POD_WEB_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVICES_TEXT (64 * 1024)
#define SERVICES_MAX  32

struct service {
	char name[64], state[16];
	int64_t restarts;
};

struct services {
	struct service v[SERVICES_MAX];
	unsigned n;
	bool is_ready;
};

/* False, and nothing of it: that is no such text. */
bool services_parse(struct services *s, const char *data, size_t len);
const struct service *services_find(const struct services *s, const char *name);

#endif
