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
#include "libcommon/web_events.h"
#include "libcommon/web_files.h"
#include "tools/pod-web/note.h"
#include "tools/pod-web/services.h"

/* Which of the three ports. */
enum front_port { PORT_DISPLAY, PORT_AUDIO, PORT_UPLOAD, FRONT_PORTS };

#define VIEWERS_MAX 32 /* at a time: pod-display has no more */

#define CONTROL_MAX 4096 /* bytes of a change, and of the pod's answer to it */

struct viewer;
struct upload;
struct sound;
struct webm;

/* Who alone may use keyboard and pointer, as pod-display was told. */
struct lease {
	uint32_t viewer; /* 0: nobody */
	uint64_t until;
};

struct front {
	struct pod pod;
	struct plan plan;
	struct loop loop;
	struct watch signals, door, session;
	struct web web;
	struct web_sessions sessions;
	struct web_files files;
	struct web_streams streams;
	struct notes notes;
	struct services services;
	bool has_audio, has_upload, has_clipboard;
	uint64_t upload_max;
	struct viewer *viewers;
	unsigned n_viewers;
	struct upload *uploads;
	unsigned n_uploads, n_listeners;
	struct lease lease;
	bool is_blank;
	bool has_news; /* the streams are to be told */
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
void sound_begin(struct web_request *q);
void sound_finish(struct web_request *q);
void webm_end(struct web_request *q);
void webm_finish(struct web_request *q);
void upload_begin(struct web_request *q);
size_t upload_data(struct web_request *q, const char *data, size_t len);
void upload_end(struct web_request *q);
void upload_finish(struct web_request *q);
void state_get(struct web_request *q);
void state_follow(struct web_request *q);
size_t control_data(struct web_request *q, const char *data, size_t len);
void control_end(struct web_request *q);
void control_finish(struct web_request *q);

/* Once a second: who is too slow, what has run out. */
void display_tick(struct front *f);
void upload_tick(struct front *f);
void state_tick(struct front *f);

/* Follow what the session says of the pod's services: session.json of desktop, to be read as
 * /session.json once we stand there. */
int state_open(struct front *f, const char *desktop, struct err *e);
void state_read(struct front *f);
/* Something of /state has changed: the streams hear of it at the end of this turn. */
void state_news(struct front *f);
void state_tell(struct front *f);
/* That viewer is gone, and what it held with it. */
void control_left(struct front *f, uint32_t viewer);

#endif
