/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desktop-openbox - the light desktop: an X server without a screen, openbox, a panel, a terminal.
 *
 * Looks for: nothing; what the host lacks, a pod can install.  Options: uid=N resolution=WxH.
 * Gives the pod: the services x11, bus, wm, panel; DISPLAY and the bus's address.
 */
#include "plugins/rows.h"

#define CONFIG SHARED "/openbox"

static const struct row rows[] = {
	{.package = "openbox", .file = "/usr/bin/openbox"},
	{.package = "tint2", .file = "/usr/bin/tint2"},
	{.package = "xterm", .file = "/usr/bin/xterm"},
	{.package = "x11-xserver-utils", .file = "/usr/bin/xsetroot"},
	{.env = "XDG_CURRENT_DESKTOP", .value = "openbox"},
	{.env = "NO_AT_BRIDGE", .value = "1"},
	{.service = "wm",
	 .group = "app",
	 .after = "x11 bus",
	 .command = "openbox --config-file " CONFIG "/rc.xml --startup "
		    "xsetroot\\040-solid\\040rgb:2e/34/40"},
	{.service = "panel",
	 .group = "app",
	 .after = "wm",
	 .command = "tint2 -c " CONFIG "/tint2rc"},
	{0},
};

static const struct row *const tables[] = {rows_x11, rows_bus, rows, NULL};
static const char *const known[] = {NULL};

ROWS_PLUGIN("desktop", "openbox", "a light desktop: Xvfb, openbox, tint2");
