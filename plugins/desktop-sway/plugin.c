/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desktop-sway - a Wayland compositor without a screen, and Xwayland for programs of X.
 *
 * Looks for: nothing; what the host lacks, a pod can install.  Options: uid=N resolution=WxH.
 * Gives the pod: the services bus, sway; WAYLAND_DISPLAY, DISPLAY and the bus's address.  Sway
 * starts programs for whoever asks it to (swaymsg exec): it is frozen with the pod.
 */
#include "plugins/rows.h"

static const struct row rows[] = {
	{.package = "sway", .file = "/usr/bin/sway"},
	{.package = "xwayland", .file = "/usr/bin/Xwayland"},
	{.package = "foot", .file = "/usr/bin/foot"},
	{.package = "fonts-dejavu-core", .file = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"},
	{.env = "WAYLAND_DISPLAY", .value = "wayland-1"},
	{.env = "DISPLAY", .value = ":0"},
	{.env = "SWAYSOCK", .value = RUNTIME "/sway.sock"},
	{.env = "XDG_SESSION_TYPE", .value = "wayland"},
	{.env = "XDG_CURRENT_DESKTOP", .value = "sway"},
	{.env = "MOZ_ENABLE_WAYLAND", .value = "1"},
	{.env = "NO_AT_BRIDGE", .value = "1"},
	{.service = "sway",
	 .group = "app",
	 .after = "bus",
	 .ready = RUNTIME "/wayland-1",
	 /* It takes the socket that it is told where nothing is; one that was killed leaves it. */
	 .command = "/bin/sh -c rm\\040-f\\040\"$SWAYSOCK\";\\040exec\\040\"$@\" sway "
		    "/usr/bin/env -u WAYLAND_DISPLAY -u DISPLAY WLR_BACKENDS=headless "
		    "WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 "
		    "POD_RESOLUTION={width}x{height} sway -c " SHARED "/sway/config"},
	{0},
};

static const struct row *const tables[] = {rows_bus, rows, NULL};
static const char *const known[] = {NULL};

ROWS_PLUGIN("desktop", "sway", "a Wayland desktop: sway, Xwayland, foot");
