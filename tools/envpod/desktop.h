/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's desktop: when its daemons are started and ended, and how its services stand. */
#ifndef ENVPOD_DESKTOP_H
#define ENVPOD_DESKTOP_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/need.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

/* Before a run, where the pod has a desktop and its daemons are not there; as network_up(). */
int desktop_up(const struct pod *p, const struct plan *pl, const char *status_fd);

struct desktop_service {
	char name[NEED_NAME_MAX], state[12];
	unsigned restarts;
};

struct desktop {
	bool ready;
	size_t n;
	struct desktop_service v[NEED_SERVICES_MAX];
};

/* RUN/NAME/desktop/session.json, for who wants it whole: false where there is none. */
bool desktop_text(const struct pod *p, struct buf *text);
/* From that text.  0, or -EBADMSG. */
int desktop_parse(struct desktop *d, const char *text, size_t len);

#endif
