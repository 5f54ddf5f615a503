/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/claim.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "tools/pod-net/shared.h"

#define CLAIMS ".addresses"

static bool owner_of(int claims, const char *address, char owner[POD_NAME_MAX + 1])
{
	ssize_t n = readlinkat(claims, address, owner, POD_NAME_MAX);

	owner[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* What a pod without a network has claimed is free. */
static bool has_network(const char *pod)
{
	OWN_FREE char *path = xfmt("%s/%s/net", pod_run_dir(), pod);

	return access(path, F_OK) == 0;
}

static int take_one(int claims, const struct pod *p, const char *address, struct err *e)
{
	char owner[POD_NAME_MAX + 1];

	if (owner_of(claims, address, owner)) {
		if (strcmp(owner, p->name) == 0)
			return 0;
		if (has_network(owner))
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "pod %s has the address %s, which would be pod %s's: "
					  "their subnets overlap (network.subnet)",
					  owner, address, p->name);
		unlinkat(claims, address, 0);
	}
	return symlinkat(p->name, claims, address) < 0
		       ? err_set(e, errno, "claim the address %s", address)
		       : 0;
}

static void release(int claims, const char *pod)
{
	OWN_DIR DIR *d = fdopendir(dup(claims));
	const struct dirent *ent;
	char owner[POD_NAME_MAX + 1];

	while (d && (ent = readdir(d)))
		if (owner_of(claims, ent->d_name, owner) && strcmp(owner, pod) == 0)
			unlinkat(claims, ent->d_name, 0);
}

int claim_take(const struct net *n, struct err *e)
{
	OWN_FD int claims = shared_open(CLAIMS, e);
	char v4[INET_ADDRSTRLEN], v6[INET6_ADDRSTRLEN];
	int r = claims;

	inet_ntop(AF_INET, &n->v4, v4, sizeof(v4));
	inet_ntop(AF_INET6, &n->v6, v6, sizeof(v6));
	if (r >= 0)
		r = take_one(claims, &n->pod, v4, e);
	if (r >= 0)
		r = take_one(claims, &n->pod, v6, e);
	if (r < 0 && claims >= 0)
		release(claims, n->pod.name);
	return r;
}

void claim_release(const struct pod *p)
{
	struct err ignored = {0};
	OWN_FD int claims = shared_open(CLAIMS, &ignored);

	if (claims >= 0)
		release(claims, p->name);
}
