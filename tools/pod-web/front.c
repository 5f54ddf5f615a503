/* SPDX-License-Identifier: Apache-2.0 */
/* What is where, and who may; and what the plan says of it. */
#include "tools/pod-web/front.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/own.h"

#define UPLOAD_MAX (1ull << 30)

const struct web_route front_routes[] = {
	{.method = "GET", .path = "/login/*", .is_open = true, .end = page_login},
	{.method = "GET", .path = "/", .is_open = true, .end = page_get},
	{.method = "GET",
	 .path = "/ws/display",
	 .want = WEB_SOCKET,
	 .begin = display_begin,
	 .finish = display_finish},
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

/* Below where we stand, which is the root by then: nothing else can be named. */
int podside_connect(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "sock/%s", name);
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return take_fd(&fd);
}
