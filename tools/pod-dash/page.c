/* SPDX-License-Identifier: Apache-2.0 */
/* The page, its files; logging in and out; who is logged in. */
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-dash/front.h"

static const char again[] =
	"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>envpod</title>"
	"<h1>Not logged in</h1><p>The dashboard opens by a link that works once: "
	"<code>envpod dashboard --print-url</code> prints a new one.</html>\n";

/* A cookie of SameSite=Strict does not come along where the link was clicked on another's page:
 * loading the page once more, from ours, brings it. */
static void not_logged_in(struct web_request *q)
{
	const char *site = q->head.value[WEB_SITE];
	const char *const once[] = {"Refresh", "0; url=/", NULL};

	web_answer(q, 401, "text/html; charset=utf-8", again, sizeof(again) - 1,
		   site && strcmp(site, "cross-site") == 0 ? once : NULL);
}

void page_get(struct web_request *q)
{
	struct front *f = q->web->arg;
	const struct web_file *index = web_files_find(&f->files, "/index.html");

	if (!q->session)
		not_logged_in(q);
	else if (index)
		web_files_answer(q, index);
	else
		web_refuse(q, 404, "not_found", "there is no page");
}

void page_file(struct web_request *q)
{
	struct front *f = q->web->arg;
	const struct web_file *file = web_files_find(&f->files, q->path);

	if (file)
		web_files_answer(q, file);
	else if (strcmp(q->path, "/favicon.ico") == 0)
		web_answer(q, 204, NULL, "", 0, NULL);
	else
		web_refuse(q, 404, "not_found", "there is nothing here");
}

void page_login(struct web_request *q)
{
	struct front *f = q->web->arg;
	char secret[WEB_SECRET] = "", cookie[160];
	struct web_session *s = web_login(&f->sessions, q->rest, f->loop.now_ms, secret);
	const char *const headers[] = {"Location", "/", "Set-Cookie", cookie, NULL};

	if (!s) {
		web_answer(q, 410, "text/html; charset=utf-8", again, sizeof(again) - 1, NULL);
		return;
	}
	if (s->role == SESSION_ADMIN)
		s->idle_ms = ADMIN_MS;
	web_cookie_text(&f->web, secret, cookie);
	web_answer(q, 303, NULL, "", 0, headers);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(cookie, sizeof(cookie));
}

void page_logout(struct web_request *q)
{
	struct front *f = q->web->arg;
	static const char done[] = "{\"status\":\"logged out\"}\n";

	web_session_end(&f->sessions, q->session);
	web_answer(q, 200, "application/json", done, sizeof(done) - 1, NULL);
}

void page_list_sessions(struct front *f, uint32_t mine, struct buf *b)
{
	const struct web_session *s;
	unsigned at = 0;

	jw_open(b, '[');
	while ((s = web_session_next(&f->sessions, &at, f->loop.now_ms))) {
		jw_open(b, '{');
		jw_knum(b, "session", s->number);
		jw_kstr(b, "role", role_names[role_of(s->role)]);
		jw_kbool(b, "token", s->idle_ms == 0);
		jw_knum(b, "since_s", (int64_t)((f->loop.now_ms - s->since) / 1000));
		jw_knum(b, "seen_s", (int64_t)((f->loop.now_ms - s->seen) / 1000));
		jw_kbool(b, "mine", s->number == mine);
		jw_close(b, '}');
	}
	jw_close(b, ']');
	buf_char(b, '\n');
}

void page_sessions(struct web_request *q)
{
	OWN_BUF struct buf b = BUF_INIT;

	page_list_sessions(q->web->arg, q->session, &b);
	web_answer(q, 200, "application/json", b.data, b.len, NULL);
}

/* One's own, or as an admin anybody's. */
void page_revoke(struct web_request *q)
{
	struct front *f = q->web->arg;
	static const char done[] = "{\"status\":\"ended\"}\n";
	uint64_t number;

	if (unit_u64(q->rest, UINT32_MAX, &number) < 0 || !number)
		web_refuse(q, 400, "number", "name a session by its number");
	else if (number != q->session && role_of(q->role) < ROLE_ADMIN)
		web_refuse(q, 403, "forbidden", "your login may not do that");
	else if (!web_session_end(&f->sessions, (uint32_t)number))
		web_refuse(q, 404, "not_found", "there is no such session");
	else
		web_answer(q, 200, "application/json", done, sizeof(done) - 1, NULL);
}
