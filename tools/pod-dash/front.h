/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half that speaks HTTP: it reads requests, knows who is logged in, and has pages and a socket
 * to the runner; locked down, it can do nothing else.
 */
#ifndef POD_DASH_FRONT_H
#define POD_DASH_FRONT_H

#include "libcommon/loop.h"
#include "libcommon/web.h"
#include "libcommon/web_files.h"
#include "tools/pod-dash/ask.h"

/* Roles of a session, as libcommon/web_session.h keeps them. */
enum { SESSION_ADMIN = WEB_ROLE_FULL, SESSION_VIEW = WEB_ROLE_VIEW, SESSION_OPERATE };
enum role role_of(unsigned session_role);
/* The session's number of a role's name; 0: there is none. */
unsigned session_role(const char *name);

#define ADMIN_MS (30 * 60 * 1000ull) /* an admin's login ends after so much idleness */
#define BODY_MAX (INPUT_MAX * 2 + 4096)

struct stream;

struct front {
	struct loop loop;
	struct watch signals, runner, door;
	struct web web;
	struct web_sessions sessions;
	struct web_files files;
	uint32_t asked; /* the number of the last ask */
	struct pending *pending;
	struct stream *streams;
	unsigned n_streams;
	uint64_t said; /* ms: when the streams last heard something */
	uint64_t news; /* their number */
};

/* What the parent opened for it, before it has no powers any more. */
struct front_begin {
	int runner, sessions, door;
	int listen[8];
	unsigned n_listen;
	uint16_t port;
};

/* In a process of its own, until a signal or the runner's end.  The exit status. */
int front_main(struct front_begin *b);

extern const struct web_route front_routes[];

/* api.c */
void api_begin(struct web_request *q);
size_t api_data(struct web_request *q, const char *data, size_t len);
void api_end(struct web_request *q);
void api_finish(struct web_request *q);
void api_answered(struct front *f, const struct reply *r, int fd);

/* stream.c */
void stream_begin(struct web_request *q);
void stream_finish(struct web_request *q);
void stream_news(struct front *f, const char *json, size_t len);
void stream_tick(struct front *f);

/* page.c */
void page_get(struct web_request *q);
void page_login(struct web_request *q);
void page_logout(struct web_request *q);
void page_sessions(struct web_request *q);
void page_list_sessions(struct front *f, uint32_t mine, struct buf *b);
void page_revoke(struct web_request *q);
void page_file(struct web_request *q);

/* door.c: root asks for links, sessions and tokens. */
int door_begin(struct front *f, int fd);

#endif
