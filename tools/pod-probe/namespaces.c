/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever else a wall is made of: each of these must be another one than the host's. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

static enum verdict shares(const void *kind)
{
	char path[40], name[24], here[64];
	const char *host;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", (const char *)kind);
	snprintf(name, sizeof(name), "ns-%s", (const char *)kind);
	host = bait(name);
	n = readlink(path, here, sizeof(here) - 1);
	if (n < 0 || !host)
		return untried("read %s: %s", path, strerror(errno));
	here[n] = '\0';
	return strcmp(here, host) == 0 ? opened("%s is the host's", here) : held("%s", here);
}

const struct probe namespace_probes[] = {
	{"filesystem", "own-mounts", CRITICAL, "the mounts are the pod's own", shares, "mnt",
	 "ns-mnt"},
	{"process", "own-processes", CRITICAL, "the processes are the pod's own", shares, "pid",
	 "ns-pid"},
	{"process", "own-ids", CRITICAL, "the ids are the pod's own", shares, "user", "ns-user"},
	{"process", "own-ipc", HIGH, "shared memory and queues are the pod's own", shares, "ipc",
	 "ns-ipc"},
	{"process", "own-name", LOW, "the host name is the pod's own", shares, "uts", "ns-uts"},
	{"limits", "own-groups", MEDIUM, "the control groups are the pod's own", shares, "cgroup",
	 "ns-cgroup"},
	{"network", "own-network", CRITICAL, "the network is the pod's own", shares, "net",
	 "ns-net"},
	{0},
};
