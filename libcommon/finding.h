/* SPDX-License-Identifier: Apache-2.0 */
/* What a tool's doctor found out about this host: one check, as text or as a JSON object. */
#ifndef LIBCOMMON_FINDING_H
#define LIBCOMMON_FINDING_H

#include <stdbool.h>

struct finding {
	const char *name, *group;
	const char *status;  /* pass, warn or fail */
	const char *message; /* what was found */
	const char *hint;    /* how to mend what did not pass; NULL or "": nobody knows */
};

/* To stdout, text in one line ("pass  NAME  MESSAGE (HINT)") or with the hint on one of its own. */
void finding_line(const struct finding *f, bool json);
void finding_block(const struct finding *f, bool json);

#endif
