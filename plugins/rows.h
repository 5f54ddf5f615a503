/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins that are tables: a row a need.  In values stands {uid}, {width}, {height}, {screen} for
 * what the plan's words uid=N and resolution=WxH say; a row may hang on a word, as "audio=yes".
 */
#ifndef PLUGINS_ROWS_H
#define PLUGINS_ROWS_H

#include <stddef.h>

#include "envpod/plugin.h"

#define RUNTIME "/run/user/{uid}"     /* of the desktop's user, in the pod */
#define SHARED  "/run/envpod/desktop" /* share/desktop, in the pod */

/* A need: of one of the three kinds; members that are NULL are not said. */
struct row {
	const char *package, *file;
	const char *env, *value;
	const char *service, *group, *ready, *after, *with, *listen, *command;
	const char *when; /* words, all of which must be among the options */
};

/* The plan of a plugin that is tables, each ended by {0}; known: words that are yes or no. */
int rows_plan(const struct row *const *tables, const char *const *known,
	      const struct pod_host *host, const struct pod_ask *ask);
/* It is everywhere: what the host lacks can be installed in a pod.  Says what that would be. */
int rows_probe(const struct row *const *tables, const struct pod_host *host);

/* The one symbol of such a plugin: tables and known end with NULL. */
#define ROWS_PLUGIN(its_kind, its_name, its_summary)                                  \
	static int probe(const struct pod_host *host)                                 \
	{                                                                             \
		return rows_probe(tables, host);                                      \
	}                                                                             \
	static int plan(const struct pod_host *host, const struct pod_ask *ask)       \
	{                                                                             \
		return rows_plan(tables, known, host, ask);                           \
	}                                                                             \
	__attribute__((visibility("default"))) const struct pod_plugin pod_plugin = { \
		.abi = POD_ABI,                                                       \
		.size = sizeof(struct pod_plugin),                                    \
		.name = its_name,                                                     \
		.kind = its_kind,                                                     \
		.summary = its_summary,                                               \
		.probe = probe,                                                       \
		.plan = plan,                                                         \
	}

/* --- rows that several have --- */

/*
 * One bus, whose address every run has.  It starts programs when it is asked to, as do the other
 * parts of a desktop but the X server: they are frozen with the pod (group app).
 */
static const struct row rows_bus[] = {
	{.package = "dbus-daemon", .file = "/usr/bin/dbus-daemon"},
	{.env = "XDG_RUNTIME_DIR", .value = RUNTIME},
	{.env = "DBUS_SESSION_BUS_ADDRESS", .value = "unix:path=" RUNTIME "/bus"},
	{.service = "bus",
	 .group = "app",
	 .ready = RUNTIME "/bus",
	 .command = "dbus-daemon --session --nofork --nopidfile "
		    "--address=unix:path=" RUNTIME "/bus"},
	{0},
};

/*
 * -noreset: without it the server forgets everything when its last client leaves.  It listens on
 * nothing but its socket in /tmp: an abstract one would be the host's with network.mode Unsafe.
 * The lock of a server that was killed names a process number that may be another's by now.
 */
static const struct row rows_x11[] = {
	{.package = "xvfb", .file = "/usr/bin/Xvfb"},
	{.package = "x11-xkb-utils", .file = "/usr/bin/xkbcomp"},
	{.package = "fonts-dejavu-core", .file = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"},
	{.env = "DISPLAY", .value = ":99"},
	{.env = "XDG_SESSION_TYPE", .value = "x11"},
	{.service = "x11",
	 .group = "guardian",
	 .ready = "/tmp/.X11-unix/X99",
	 .command = "/bin/sh -c rm\\040-f\\040/tmp/.X99-lock;\\040exec\\040\"$@\" x11 Xvfb :99 "
		    "-screen 0 {screen}x24 -dpi 96 -noreset -nolisten tcp -nolisten local"},
	{0},
};

#endif
