/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod is governed by must be out of its reach: record, secrets, queue, policy. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

/* A secret that was planted on the host, in whatever a process says of itself. */
static enum verdict find_secret(const void *leaf)
{
	DIR *d = opendir("/proc");
	char path[300];

	for (struct dirent *entry; d && (entry = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/%.20s/%s", entry->d_name, (const char *)leaf);
		if (number_of(entry->d_name) > 0 && holds_secret(path))
			return opened("pid %s", entry->d_name);
	}
	return d ? held("in none") : stopped();
}

const struct probe govern_probes[] = {
	{"governance", "audit-log", CRITICAL, "the audit log is out of reach", see,
	 "{state}/pods/{pod}/audit", "state"},
	{"governance", "audit-archive", HIGH, "the logs of other pods are out of reach", see,
	 "{state}/archive", "state"},
	{"governance", "vault", CRITICAL, "the vault is out of reach", see, "{state}/vault",
	 "state"},
	{"governance", "vault-keys", CRITICAL, "the keys of vault and seal are out of reach", see,
	 "{state}/keys", "state"},
	{"governance", "planted-secret", CRITICAL,
	 "a secret of the pod's on the host is out of reach", see, "{state}/pods/{pod}/bait",
	 "state"},
	{"governance", "queue", CRITICAL, "the queue of actions is out of reach", see,
	 "{state}/pods/{pod}/queue", "state"},
	{"governance", "policy", CRITICAL, "the pod's policy is out of reach", see,
	 "{state}/pods/{pod}/policy", "state"},
	{"governance", "plan", CRITICAL, "the plan that the walls are built by is out of reach",
	 see, "{state}/pods/{pod}/plan", "state"},
	{"governance", "undo", HIGH, "what undo is made of is out of reach", see,
	 "{state}/pods/{pod}/undo", "state"},
	{"governance", "keeper", HIGH, "the sockets of the pod's keepers are out of reach", see,
	 "{keeper}", "keeper"},
	{"governance", "secret-in-environments", CRITICAL,
	 "no process shows a secret of the host in its environment", find_secret, "environ",
	 "secret"},
	{"governance", "secret-in-words", CRITICAL,
	 "no process shows a secret of the host among its words", find_secret, "cmdline", "secret"},
	{0},
};
