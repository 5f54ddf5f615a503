/* SPDX-License-Identifier: Apache-2.0 */
/* What is where, and who may; and what the plan says of it. */
#include "tools/pod-web/front.h"

#include <string.h>

#define UPLOAD_MAX (1ull << 30)

#define ON(port) (1u << (port))

const struct web_route front_routes[] = {
	{.method = "GET", .path = "/login/*", .is_open = true, .end = page_login},
	{.method = "GET", .path = "/", .is_open = true, .end = page_get},
	{.method = "GET",
	 .path = "/ws/display",
	 .want = WEB_SOCKET,
	 .begin = display_begin,
	 .finish = display_finish},
	{.method = "GET",
	 .path = "/ws/audio",
	 .want = WEB_SOCKET,
	 .ports = ON(PORT_DISPLAY) | ON(PORT_AUDIO),
	 .begin = sound_begin,
	 .finish = sound_finish},
	{.method = "GET",
	 .path = "/audio.webm",
	 .ports = ON(PORT_DISPLAY) | ON(PORT_AUDIO),
	 .end = webm_end,
	 .finish = webm_finish},
	{.method = "GET",
	 .path = "/",
	 .ports = ON(PORT_AUDIO),
	 .end = webm_end,
	 .finish = webm_finish},
	{.method = "POST",
	 .path = "/upload",
	 .want = WEB_CHANGES | WEB_BODY,
	 .is_full = true,
	 .ports = ON(PORT_DISPLAY) | ON(PORT_UPLOAD),
	 .body_max = UINT64_MAX, /* web.upload_max is asked by begin() */
	 .begin = upload_begin,
	 .data = upload_data,
	 .end = upload_end,
	 .finish = upload_finish},
	{.method = "GET", .path = "/state", .end = state_get},
	{.method = "GET", .path = "/events", .end = state_follow, .finish = web_stream_finish},
	{.method = "POST",
	 .path = "/control",
	 .want = WEB_CHANGES | WEB_BODY,
	 .is_full = true,
	 .body_max = CONTROL_MAX,
	 .data = control_data,
	 .end = control_end,
	 .finish = control_finish},
	{0},
};

/* "web_display web-novnc audio=yes upload=no uid=1000" */
static bool says(const char *plugin, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = plugin; (at = strstr(at, word)); at += n)
		if (at > plugin && at[-1] == ' ' && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

bool front_plan(struct front *f)
{
	static const char mine[] = "web_display ";
	const char *text;

	for (size_t i = 0; (text = plan_next(&f->plan, "plugin", &i));) {
		if (strncmp(text, mine, sizeof(mine) - 1) != 0)
			continue;
		f->has_audio = says(text, "audio=yes");
		f->has_upload = says(text, "upload=yes");
		f->has_clipboard = plan_is(&f->plan, "web.clipboard", "yes");
		f->upload_max = plan_u64(&f->plan, "web.upload_max", UPLOAD_MAX);
		return true;
	}
	return false;
}
