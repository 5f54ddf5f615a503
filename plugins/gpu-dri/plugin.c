/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpu-dri - graphics processors by the kernel's own drivers (amdgpu, i915, virtio_gpu, …).
 *
 * Looks for: what libdrm enumerates (drmGetDevices2(3); no node is opened).
 * Options: id=ID       only this one: its render node's name (renderD128), its number in the list
 *                      of `pod-plugin probe` (0, 1, …), or its place on the bus (0000:01:00.0)
 *          primary=yes the primary node (card0), too: it sets modes and may read what other
 * programs draw Gives the pod: /dev/dri/renderD*, and /dev/kfd where amdgpu computes (ROCm).
 * User-space drivers find the rest in /sys, which every pod has, read-only.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>

#include "envpod/plugin.h"

#define DEVICES_MAX 64
#define KFD         "/dev/kfd"

struct gpu {
	const char *render, *primary; /* paths; NULL: it has none */
	char bus[64];                 /* "0000:01:00.0"; "" where it has no such place */
	char driver[64];
};

struct gpus {
	drmDevicePtr devices[DEVICES_MAX];
	struct gpu v[DEVICES_MAX];
	int n;
};

/* Of a bus with a place that is worth a name. */
static void name_bus(struct gpu *g, const drmDevice *d)
{
	const drmPciBusInfo *pci = d->bustype == DRM_BUS_PCI ? d->businfo.pci : NULL;

	if (pci)
		snprintf(g->bus, sizeof(g->bus), "%04x:%02x:%02x.%u", pci->domain, pci->bus,
			 pci->dev, pci->func);
	else if (d->bustype == DRM_BUS_PLATFORM)
		snprintf(g->bus, sizeof(g->bus), "%.63s", d->businfo.platform->fullname);
}

/* The driver's name is what its link in /sys ends with. */
static void name_driver(struct gpu *g)
{
	char link[128], to[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/class/drm/%s/device/driver",
		 strrchr(g->render ? g->render : g->primary, '/') + 1);
	n = readlink(link, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = '\0';
	snprintf(g->driver, sizeof(g->driver), "%.63s",
		 n > 0 && strrchr(to, '/') ? strrchr(to, '/') + 1 : "unknown driver");
}

static const char *node(const drmDevice *d, int type)
{
	return d->available_nodes & (1 << type) ? d->nodes[type] : NULL;
}

/* -ENOENT of libdrm, where there is no /dev/dri, is none. */
static int find(struct gpus *g)
{
	int n = drmGetDevices2(0, g->devices, DEVICES_MAX);

	g->n = 0;
	for (int i = 0; i < n; i++) {
		struct gpu *one = &g->v[g->n];

		*one = (struct gpu){.render = node(g->devices[i], DRM_NODE_RENDER),
				    .primary = node(g->devices[i], DRM_NODE_PRIMARY)};
		if (!one->render && !one->primary)
			continue;
		name_bus(one, g->devices[i]);
		name_driver(one);
		g->n++;
	}
	return n;
}

static void forget(struct gpus *g, int n)
{
	if (n > 0)
		drmFreeDevices(g->devices, n);
}

static void say(const struct pod_host *host, const struct gpu *g)
{
	char text[512];
	const char *path = g->render ? g->render : g->primary;

	snprintf(text, sizeof(text), "%s: %s%s%s%s", strrchr(path, '/') + 1, g->driver,
		 g->bus[0] ? ", " : "", g->bus,
		 g->render ? "" : ", which renders nothing (primary=yes gives it)");
	host->log(host->ctx, POD_LOG_FOUND, text);
}

static int probe(const struct pod_host *host)
{
	struct gpus g;
	int n = find(&g), found = g.n;

	for (int i = 0; i < g.n; i++)
		say(host, &g.v[i]);
	forget(&g, n);
	return found > 0 ? 0 : -ENODEV;
}

struct asked {
	const char *ids[DEVICES_MAX];
	int n;
	bool primary;
};

static int read_options(struct asked *a, const struct pod_host *host, const struct pod_ask *ask)
{
	for (const char *const *opt = ask->opts; *opt; opt++) {
		if (strncmp(*opt, "id=", 3) == 0 && a->n < DEVICES_MAX)
			a->ids[a->n++] = *opt + 3;
		else if (strcmp(*opt, "primary=yes") == 0)
			a->primary = true;
		else {
			host->log(host->ctx, POD_LOG_ERROR,
				  "the options are id=ID and primary=yes");
			return -EINVAL;
		}
	}
	return 0;
}

static bool is_called(const struct gpu *g, int number, const char *id)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	return strcmp(id, text) == 0 || (g->bus[0] && strcmp(id, g->bus) == 0) ||
	       (g->render && strcmp(id, strrchr(g->render, '/') + 1) == 0);
}

static bool is_asked(const struct asked *a, const struct gpu *g, int number)
{
	for (int i = 0; i < a->n; i++)
		if (is_called(g, number, a->ids[i]))
			return true;
	return a->n == 0;
}

static int need_device(const struct pod_host *host, const char *path)
{
	return host->need(host->ctx, "device", (const char *const[]){"path", path, NULL});
}

static int need_one(const struct pod_host *host, const struct gpu *g, bool primary)
{
	int r = g->render ? need_device(host, g->render) : 0;

	if (r == 0 && primary && g->primary)
		r = need_device(host, g->primary);
	if (r == 0 && strcmp(g->driver, "amdgpu") == 0 && access(KFD, F_OK) == 0)
		r = need_device(host, KFD);
	return r;
}

static int plan(const struct pod_host *host, const struct pod_ask *ask)
{
	struct asked a = {.n = 0};
	struct gpus g;
	int r = read_options(&a, host, ask), n, given = 0;

	if (r < 0)
		return r;
	n = find(&g);
	for (int i = 0; i < g.n && r == 0; i++) {
		if (!is_asked(&a, &g.v[i], i) || (!g.v[i].render && !a.primary))
			continue;
		r = need_one(host, &g.v[i], a.primary);
		given++;
	}
	forget(&g, n);
	return r < 0 ? r : given ? 0 : -ENODEV;
}

__attribute__((visibility("default"))) const struct pod_plugin pod_plugin = {
	.abi = POD_ABI,
	.size = sizeof(struct pod_plugin),
	.name = "dri",
	.kind = "gpu",
	.summary = "graphics processors by the kernel's own drivers: render nodes",
	.probe = probe,
	.plan = plan,
};
