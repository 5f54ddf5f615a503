/* SPDX-License-Identifier: Apache-2.0 */
/* The page, its files, and logging in. */
#include <string.h>

#include "tools/pod-web/front.h"

static const char again[] =
	"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>envpod</title>"
	"<h1>Not logged in</h1><p>This desktop opens by a link that works once: "
	"<code>envpod display POD</code> prints a new one.</html>\n";

/*
 * A cookie of SameSite=Strict does not come along where the link was clicked on another's page,
 * though it was just set: loading the page once more, from ours, brings it.
 */
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
	struct event ev;

	if (!s) {
		note_refused(&f->notes, 410, "link", f->loop.now_ms);
		web_answer(q, 410, "text/html; charset=utf-8", again, sizeof(again) - 1, NULL);
		return;
	}
	note_begin(&f->notes, &ev, "web_login", s->number);
	event_str(&ev, "role", s->role == WEB_ROLE_FULL ? "full" : "view");
	note_send(&f->notes, &ev);
	web_cookie_text(&f->web, secret, cookie);
	web_answer(q, 303, NULL, "", 0, headers);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(cookie, sizeof(cookie));
}
