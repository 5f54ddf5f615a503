/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web-novnc - what in the pod serves the page that pod-web shows, and the agent's eyes and hands.
 *
 * Looks for: nothing: the programs are envpod's own.
 * Options: uid=N resolution=WxH page=yes|no audio=yes|no upload=yes|no
 *	clipboard=yes|no.
 * Gives the pod: the services display, audio, upload.  They go on while the pod is frozen; without
 * a page display serves the agent alone.
 */
#include "plugins/rows.h"

static const struct row rows[] = {
	{.service = "display",
	 .group = "guardian",
	 .ready = RUNTIME "/envpod-display",
	 .listen = "display",
	 .command = "pod-display serve --size {width}x{height}",
	 .when = "page=yes clipboard=no"},
	{.service = "display",
	 .group = "guardian",
	 .ready = RUNTIME "/envpod-display",
	 .listen = "display",
	 .command = "pod-display serve --clipboard --size {width}x{height}",
	 .when = "page=yes clipboard=yes"},
	{.service = "display",
	 .group = "guardian",
	 .ready = RUNTIME "/envpod-display",
	 .command = "pod-display serve --size {width}x{height}",
	 .when = "page=no"},
	{.service = "audio",
	 .group = "guardian",
	 .listen = "audio",
	 .command = "pod-audio serve",
	 .when = "audio=yes"},
	{.service = "upload",
	 .group = "guardian",
	 .listen = "upload",
	 .command = "pod-upload serve",
	 .when = "upload=yes"},
	{0},
};

static const struct row *const tables[] = {rows, NULL};
static const char *const known[] = {"page", "audio", "upload", "clipboard", NULL};

ROWS_PLUGIN("web", "novnc", "the pod's desktop in a browser: screen, sound, upload");
