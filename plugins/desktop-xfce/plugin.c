/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desktop-xfce - Xfce on an X server without a screen.
 *
 * Looks for: nothing; what the host lacks, a pod can install.  Options: uid=N resolution=WxH.
 * Gives the pod: the services x11, bus, xfce; DISPLAY and the bus's address.  The panel is ours:
 * volume, power and the change of users would need daemons that a pod does not have.
 */
#include "plugins/rows.h"

static const struct row rows[] = {
	{.package = "xfce4-session", .file = "/usr/bin/xfce4-session"},
	{.package = "xfwm4", .file = "/usr/bin/xfwm4"},
	{.package = "xfce4-panel", .file = "/usr/bin/xfce4-panel"},
	{.package = "xfdesktop4", .file = "/usr/bin/xfdesktop"},
	{.package = "xfce4-settings", .file = "/usr/bin/xfsettingsd"},
	{.package = "xfconf", .file = "/usr/bin/xfconf-query"},
	{.package = "thunar", .file = "/usr/bin/thunar"},
	{.package = "xfce4-terminal", .file = "/usr/bin/xfce4-terminal"},
	{.package = "adwaita-icon-theme", .file = "/usr/share/icons/Adwaita/index.theme"},
	{.env = "XDG_CURRENT_DESKTOP", .value = "XFCE"},
	{.env = "NO_AT_BRIDGE", .value = "1"},
	/* Of every run, since the bus starts what reads it. */
	{.env = "XDG_CONFIG_DIRS", .value = SHARED "/xfce:/etc/xdg"},
	{.service = "xfce", .group = "app", .after = "x11 bus", .command = "xfce4-session"},
	{0},
};

static const struct row *const tables[] = {rows_x11, rows_bus, rows, NULL};
static const char *const known[] = {NULL};

ROWS_PLUGIN("desktop", "xfce", "the Xfce desktop on Xvfb");
