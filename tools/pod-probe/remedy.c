/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-probe/remedy.h"

#include <string.h>

#define FILTER    "S-03, S-04", "security.seccomp_profile: default"
#define NETWORK   "N-01", "network.mode: Isolated, with the names it needs in network.dns.allow"
#define DEVICES   "E-01, I-06", "remove devices.extra; devices.gpu: no"
#define RESOLVING "N-03", "network.dns.mode: Allowlist"

static const struct remedy remedies[] = {
	{"seccomp", FILTER},
	{"no-filter", FILTER},
	{"core-handler", FILTER},
	{"trace-me", FILTER},
	{"tiocsti", FILTER},
	{"tioclinux", FILTER},
	{"mount-in-user-namespace", FILTER},
	{"network", NETWORK},
	{"abstract-socket", NETWORK},
	{"host-loopback", NETWORK},
	{"host-interfaces", NETWORK},
	{"own-network", NETWORK},
	{"stray-dev-nodes", DEVICES},
	{"gpu", DEVICES},
	{"mem", DEVICES},
	{"kmem", DEVICES},
	{"kmsg", DEVICES},
	{"hidden-files", "F-04, F-07", "remove the path from filesystem.reveal"},
	{"host-sockets", "F-03", "remove the mount from filesystem.mounts"},
	{"direct-writes", "F-01, F-02", "cow: yes in the place of permissions: ReadWrite"},
	{"default-user", "N-05", "leave `user` out (you), or user: agent"},
	{"limit-memory", "C-01", "processor.memory"},
	{"limit-cpu", "C-02", "processor.cores"},
	{"limit-pids", "C-03", "processor.max_pids"},
	{"unlisted-name", RESOLVING},
	{0},
};

/* What they find lies in files and directories that the pod may have changed. */
static const char *const of_view[] = {"hidden-files",
				      "host-sockets",
				      "direct-writes",
				      "own-setuid",
				      "stray-dev-nodes",
				      "home-sockets",
				      NULL};

const struct remedy *remedy_of(const struct probe *p)
{
	const struct remedy *found = NULL;

	for (const struct remedy *r = remedies; r->of; r++) {
		if (strcmp(r->of, p->id) == 0)
			return r;
		if (strcmp(r->of, p->category) == 0)
			found = r;
	}
	return found;
}

bool probe_sees_view(const struct probe *p)
{
	for (const char *const *id = of_view; *id; id++)
		if (strcmp(*id, p->id) == 0)
			return true;
	return false;
}
