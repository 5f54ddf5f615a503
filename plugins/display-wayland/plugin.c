/* SPDX-License-Identifier: Apache-2.0 */
/*
 * display-wayland - the invoking user's own compositor.
 *
 * Looks for: the sockets /run/user/UID/wayland-N; the lowest N.  It is run as that user.
 * Options: uid=N, whose.
 * Gives the pod: that socket as /run/envpod/host/wayland-N, and the variables that lead toolkits to
 * it.  The compositor sees a program of the user's: it can draw, imitate other windows, and, where
 * the compositor offers it to everybody (wlroots does), see the screen and type.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/plugin.h"

/* N of "wayland-N", or -1. */
static long number_of(const char *name)
{
	static const char mark[] = "wayland-";
	const char *digits = name + sizeof(mark) - 1;

	if (strncmp(name, mark, sizeof(mark) - 1) != 0 || !*digits || strlen(digits) > 4 ||
	    digits[strspn(digits, "0123456789")] != '\0')
		return -1;
	return strtol(digits, NULL, 10);
}

/* -1: none. */
static long find(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	struct stat st;
	long least = -1;

	while (d && (at = readdir(d))) {
		long n = number_of(at->d_name);

		if (n >= 0 && (least < 0 || n < least) &&
		    fstatat(dirfd(d), at->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISSOCK(st.st_mode))
			least = n;
	}
	if (d)
		closedir(d);
	return least;
}

static int probe(const struct pod_host *host)
{
	char dir[64], text[128];
	long n;

	snprintf(dir, sizeof(dir), "/run/user/%u", getuid());
	n = find(dir);
	if (n < 0) {
		host->log(host->ctx, POD_LOG_NOTE,
			  "a compositor is looked for by the user whose it is, not by nobody");
		return -ENODEV;
	}
	snprintf(text, sizeof(text), "%s/wayland-%ld", dir, n);
	host->log(host->ctx, POD_LOG_FOUND, text);
	return 0;
}

static int say(const struct pod_host *host, const char *dir, long n)
{
	char path[96], as[64];
	const char *const env[][2] = {
		{"WAYLAND_DISPLAY", as},      {"XDG_SESSION_TYPE", "wayland"},
		{"XCURSOR_THEME", "Adwaita"}, {"XCURSOR_SIZE", "24"},
		{"MOZ_ENABLE_WAYLAND", "1"},  {"QT_QPA_PLATFORM", "wayland"},
		{"GDK_BACKEND", "wayland"},   {"XDG_RUNTIME_DIR", dir},
	};
	int r;

	snprintf(path, sizeof(path), "%s/wayland-%ld", dir, n);
	snprintf(as, sizeof(as), "/run/envpod/host/wayland-%ld", n);
	r = host->need(host->ctx, "socket", (const char *const[]){"path", path, "as", as, NULL});
	for (size_t i = 0; i < sizeof(env) / sizeof(env[0]) && r == 0; i++)
		r = host->need(host->ctx, "env",
			       (const char *const[]){"name", env[i][0], "value", env[i][1], NULL});
	return r;
}

static int plan(const struct pod_host *host, const struct pod_ask *ask)
{
	const char *uid = NULL;
	char dir[64];
	long n;

	for (const char *const *opt = ask->opts; *opt; opt++)
		if (strncmp(*opt, "uid=", 4) == 0)
			uid = *opt + 4;
	if (!uid || ask->opts[1] || !*uid || strlen(uid) > 10 ||
	    uid[strspn(uid, "0123456789")] != '\0') {
		host->log(host->ctx, POD_LOG_ERROR, "its option is uid=N, whose display it is");
		return -EINVAL;
	}
	snprintf(dir, sizeof(dir), "/run/user/%s", uid);
	n = find(dir);
	return n < 0 ? -ENODEV : say(host, dir, n);
}

__attribute__((visibility("default"))) const struct pod_plugin pod_plugin = {
	.abi = POD_ABI,
	.size = sizeof(struct pod_plugin),
	.name = "wayland",
	.kind = "display",
	.summary = "the invoking user's own Wayland compositor",
	.probe = probe,
	.plan = plan,
};
