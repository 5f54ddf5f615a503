/* SPDX-License-Identifier: Apache-2.0 */
/* What pod-web is while it serves one pod. */
#ifndef POD_WEB_FRONT_H
#define POD_WEB_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/loop.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/web.h"
#include "libcommon/web_files.h"
#include "tools/pod-web/note.h"

/* Which of the three ports. */
enum front_port { PORT_DISPLAY, PORT_AUDIO, PORT_UPLOAD, FRONT_PORTS };

#define VIEWERS_MAX 32 /* at a time: pod-display has no more */

struct viewer;

struct front {
	struct pod pod;
	struct plan plan;
	struct loop loop;
	struct watch signals, door;
	struct web web;
	struct web_sessions sessions;
	struct web_files files;
	struct notes notes;
	bool has_audio, has_upload, has_clipboard;
	uint64_t upload_max;
	struct viewer *viewers;
	unsigned n_viewers;
};

/* What the plan says of the page: false where this pod has none. */
bool front_plan(struct front *f);
/* Listen, on what was handed in or on ports of our own choice, which the sessions remember. */
int ports_open(struct front *f, const int *given, unsigned n_given, struct err *e);

/* RUN/NAME/desktop/web.sock, root's: links, sessions. */
int door_open(struct front *f, int desktop, struct err *e);
/* End the session of that number (0: all), and what goes on in its name. */
unsigned front_revoke(struct front *f, uint32_t number);

extern const struct web_route front_routes[];

/* What a route calls, in the order of the table of front.c. */
void page_get(struct web_request *q);
void page_login(struct web_request *q);
void page_file(struct web_request *q);
void display_begin(struct web_request *q);
void display_finish(struct web_request *q);
/* Once a second: who is too slow. */
void display_tick(struct front *f);

/* A connection to a socket of the pod's, sock/NAME, not blocking; -errno. */
int podside_connect(const char *name);

#endif
