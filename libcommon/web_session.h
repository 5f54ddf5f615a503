/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may speak to a front: links, which log in once, the sessions that come of them, and tokens,
 * which programs send with each request.  All lie in a mapped file, so that a front that is started
 * again goes on with them, and under the name it had.  Only BLAKE2b of each secret is kept, so that
 * whoever reads the file can log in nowhere.
 *
 * Times are milliseconds of CLOCK_BOOTTIME: the file lies in a directory that is empty after a
 * start of the machine.
 */
#ifndef LIBCOMMON_WEB_SESSION_H
#define LIBCOMMON_WEB_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/web_head.h"

#define WEB_SESSIONS  128
#define WEB_LINKS     32
#define WEB_PORTS     4
#define WEB_LINK_MS   (5 * 60 * 1000ull)
#define WEB_IDLE_MS   (8 * 3600 * 1000ull)
#define WEB_HASH_SIZE 32

/* What a session may; a front gives the numbers above 1 their meaning. */
enum web_role { WEB_ROLE_NONE, WEB_ROLE_FULL, WEB_ROLE_VIEW };

struct web_session {
	unsigned char hash[WEB_HASH_SIZE];
	uint32_t number; /* 0: free; never given twice, and no secret: events name it */
	uint32_t role;
	uint64_t since, seen;
	uint64_t idle_ms; /* it ends when it was not seen for so long; 0: a token, which stays */
};

struct web_link {
	unsigned char hash[WEB_HASH_SIZE];
	uint64_t until; /* 0: free */
	uint32_t role;
};

struct web_sessions {
	struct web_page *page;
	int fd;
};

#define WEB_SESSIONS_INIT \
	{                 \
		NULL, -1  \
	}

/*
 * Map fd (owned by s from then on), a file of any size and contents: what is not ours, or not
 * whole, is made anew, with a new name.  -errno with e set.
 */
int web_sessions_map(struct web_sessions *s, int fd, struct err *e);
void web_sessions_finish(struct web_sessions *s);
/* Nothing of it holds any more: for a front that ends because it shall. */
void web_sessions_forget(struct web_sessions *s);

/* The front's name, "a1b2….localhost" without ".localhost". */
const char *web_sessions_label(const struct web_sessions *s);
/* The ports that it had, for as long as it goes by that name; 0: none yet. */
uint16_t web_sessions_port(const struct web_sessions *s, unsigned which);
void web_sessions_set_port(struct web_sessions *s, unsigned which, uint16_t port);

/* A link's secret, good for one login within WEB_LINK_MS; the oldest goes where there are many. */
void web_link_new(struct web_sessions *s, unsigned role, uint64_t now, char out[WEB_SECRET]);
/* Log in by it: the new session and, in out, its secret.  NULL: it is none, or no longer. */
struct web_session *web_login(struct web_sessions *s, const char *link, uint64_t now,
			      char out[WEB_SECRET]);
/* A token, which does not end by itself. */
struct web_session *web_token_new(struct web_sessions *s, unsigned role, uint64_t now,
				  char out[WEB_SECRET]);

/* Whose secret this is, seen now; NULL: nobody's.  is_token: tokens alone, or sessions alone. */
struct web_session *web_session_find(struct web_sessions *s, const char *secret, bool is_token,
				     uint64_t now);
/* The session of that number, if it still holds; is not seen by this. */
struct web_session *web_session_of(struct web_sessions *s, uint32_t number, uint64_t now);
void web_session_see(struct web_session *one, uint64_t now);
/* From now on it is nobody's; number 0: all of them, and all links.  How many ended. */
unsigned web_session_end(struct web_sessions *s, uint32_t number);
/* Each that holds: NULL at the end; *at begins at 0. */
struct web_session *web_session_next(struct web_sessions *s, unsigned *at, uint64_t now);

#endif
