/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audio-pipewire - sound of the pod's own: a speaker that nobody hears but pod-audio.
 *
 * Looks for: nothing; what the host lacks, a pod can install.  Options: uid=N.
 * Gives the pod: the services pipewire, wireplumber, pulse, which begin and end as one (none of
 * them goes on well after another's death), and where programs find them.  wireplumber wants the
 * desktop's bus.
 */
#include "plugins/rows.h"

#define CONFIG SHARED "/pipewire"

static const struct row rows[] = {
	{.package = "pipewire-bin", .file = "/usr/bin/pipewire"},
	{.package = "pipewire-pulse", .file = "/usr/bin/pipewire-pulse"},
	{.package = "wireplumber", .file = "/usr/bin/wireplumber"},
	{.env = "PULSE_SERVER", .value = "unix:" RUNTIME "/pulse/native"},
	{.env = "PIPEWIRE_RUNTIME_DIR", .value = RUNTIME},
	{.service = "pipewire",
	 .group = "app",
	 .with = "sound",
	 .after = "bus",
	 .ready = RUNTIME "/pipewire-0",
	 .command = "pipewire -c " CONFIG "/pipewire.conf"},
	{.service = "wireplumber",
	 .group = "app",
	 .with = "sound",
	 .after = "pipewire",
	 .command = "/usr/bin/env XDG_CONFIG_HOME=" SHARED " wireplumber"},
	{.service = "pulse",
	 .group = "app",
	 .with = "sound",
	 .after = "wireplumber",
	 .ready = RUNTIME "/pulse/native",
	 .command = "pipewire-pulse -c " CONFIG "/pulse.conf"},
	{0},
};

static const struct row *const tables[] = {rows, NULL};
static const char *const known[] = {NULL};

ROWS_PLUGIN("audio", "pipewire", "sound of the pod's own: PipeWire and a speaker of no hardware");
