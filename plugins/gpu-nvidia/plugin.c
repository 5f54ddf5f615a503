/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpu-nvidia - NVIDIA's processors by NVIDIA's driver.
 *
 * Looks for: /dev/nvidia0 and on; /sys/module/nvidia/version; /proc/driver/nvidia/gpus.
 * Options: id=ID    only this one: N of /dev/nvidiaN, or its place on the bus (0000:01:00.0)
 *          caps=yes /dev/nvidia-caps, too: parts of a processor (MIG), monitoring of all of it
 * Gives the pod: the processors' nodes, and what all of them share: nvidiactl, nvidia-uvm,
 * nvidia-uvm-tools.  Not nvidia-modeset, which drives screens.  The libraries must be of the
 * driver's very version: a pod sees the host's, where they are, unless its own layer has others.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "envpod/plugin.h"

#define GPUS_MAX 64
#define GPUS_DIR "/proc/driver/nvidia/gpus"
#define CAPS_DIR "/dev/nvidia-caps"

struct gpu {
	char path[32]; /* /dev/nvidia0 */
	int minor;
	char bus[64], model[128]; /* "" where nobody knows */
};

struct gpus {
	struct gpu v[GPUS_MAX];
	int n;
};

/* "KEY:  VALUE" of a file of lines. */
static void read_value(const char *path, const char *key, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[512];

	out[0] = '\0';
	while (f && out[0] == '\0' && fgets(line, sizeof(line), f)) {
		const char *value = line + strlen(key);

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		value += strspn(value, ": \t");
		snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
	}
	if (f)
		fclose(f);
}

static void name_one(struct gpus *g, const char *bus)
{
	char path[512], minor[16], *end;
	long number;

	snprintf(path, sizeof(path), GPUS_DIR "/%.64s/information", bus);
	read_value(path, "Device Minor", minor, sizeof(minor));
	number = strtol(minor, &end, 10);
	for (int i = 0; i < g->n; i++) {
		if (end == minor || g->v[i].minor != number)
			continue;
		snprintf(g->v[i].bus, sizeof(g->v[i].bus), "%.63s", bus);
		read_value(path, "Model", g->v[i].model, sizeof(g->v[i].model));
	}
}

/* The nodes decide; the driver's own list only gives them names. */
static void find(struct gpus *g)
{
	DIR *d;

	g->n = 0;
	for (int i = 0; i < GPUS_MAX; i++) {
		struct gpu *one = &g->v[g->n];

		*one = (struct gpu){.minor = i};
		snprintf(one->path, sizeof(one->path), "/dev/nvidia%d", i);
		g->n += access(one->path, F_OK) == 0;
	}
	d = opendir(GPUS_DIR);
	for (struct dirent *at; d && (at = readdir(d));)
		if (at->d_name[0] != '.')
			name_one(g, at->d_name);
	if (d)
		closedir(d);
}

static bool has_library(const char *version)
{
	static const char *const dirs[] = {"/usr/lib/x86_64-linux-gnu",
					   "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"};
	char path[256];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/libcuda.so.%.64s", dirs[i], version);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static void say_version(const struct pod_host *host)
{
	char version[64], text[256];

	read_value("/sys/module/nvidia/version", "", version, sizeof(version));
	if (!version[0])
		host->log(host->ctx, POD_LOG_NOTE, "the driver does not say its version");
	else if (!has_library(version)) {
		snprintf(
			text, sizeof(text),
			"the driver is %s, and there is no libcuda.so.%s: install the libraries of "
			"that version, on the host or in the pod",
			version, version);
		host->log(host->ctx, POD_LOG_NOTE, text);
	}
}

static int probe(const struct pod_host *host)
{
	struct gpus g;
	char text[256];

	find(&g);
	for (int i = 0; i < g.n; i++) {
		snprintf(text, sizeof(text), "nvidia%d: %s%s%s", g.v[i].minor,
			 g.v[i].model[0] ? g.v[i].model : "a processor of unknown model",
			 g.v[i].bus[0] ? ", " : "", g.v[i].bus);
		host->log(host->ctx, POD_LOG_FOUND, text);
	}
	if (g.n > 0)
		say_version(host);
	return g.n > 0 ? 0 : -ENODEV;
}

struct asked {
	const char *ids[GPUS_MAX];
	int n;
	bool caps;
};

static int read_options(struct asked *a, const struct pod_host *host, const struct pod_ask *ask)
{
	for (const char *const *opt = ask->opts; *opt; opt++) {
		if (strncmp(*opt, "id=", 3) == 0 && a->n < GPUS_MAX)
			a->ids[a->n++] = *opt + 3;
		else if (strcmp(*opt, "caps=yes") == 0)
			a->caps = true;
		else {
			host->log(host->ctx, POD_LOG_ERROR, "the options are id=ID and caps=yes");
			return -EINVAL;
		}
	}
	return 0;
}

static bool is_asked(const struct asked *a, const struct gpu *g)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", g->minor);
	for (int i = 0; i < a->n; i++)
		if (strcmp(a->ids[i], number) == 0 ||
		    (g->bus[0] && strcasecmp(a->ids[i], g->bus) == 0))
			return true;
	return a->n == 0;
}

/* A node that is not there is not needed. */
static int need_device(const struct pod_host *host, const char *path)
{
	return access(path, F_OK) < 0
		       ? 0
		       : host->need(host->ctx, "device", (const char *const[]){"path", path, NULL});
}

static int need_caps(const struct pod_host *host)
{
	DIR *d = opendir(CAPS_DIR);
	char path[512];
	int r = 0;

	for (struct dirent *at; d && r == 0 && (at = readdir(d));) {
		snprintf(path, sizeof(path), CAPS_DIR "/%s", at->d_name);
		if (at->d_name[0] != '.')
			r = need_device(host, path);
	}
	if (d)
		closedir(d);
	return r;
}

static int need_shared(const struct pod_host *host, bool caps)
{
	static const char *const nodes[] = {"/dev/nvidiactl", "/dev/nvidia-uvm",
					    "/dev/nvidia-uvm-tools"};
	int r = 0;

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]) && r == 0; i++)
		r = need_device(host, nodes[i]);
	return r == 0 && caps ? need_caps(host) : r;
}

static int plan(const struct pod_host *host, const struct pod_ask *ask)
{
	struct asked a = {.n = 0};
	struct gpus g;
	int r = read_options(&a, host, ask), given = 0;

	if (r < 0)
		return r;
	find(&g);
	for (int i = 0; i < g.n && r == 0; i++) {
		if (!is_asked(&a, &g.v[i]))
			continue;
		r = need_device(host, g.v[i].path);
		given++;
	}
	if (r < 0 || given == 0)
		return r < 0 ? r : -ENODEV;
	say_version(host);
	return need_shared(host, a.caps);
}

__attribute__((visibility("default"))) const struct pod_plugin pod_plugin = {
	.abi = POD_ABI,
	.size = sizeof(struct pod_plugin),
	.name = "nvidia",
	.kind = "gpu",
	.summary = "NVIDIA's processors by NVIDIA's driver: nodes",
	.probe = probe,
	.plan = plan,
};
