/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crashes leave: daemons and namespaces of pods that are gone, or that nothing keeps and
 * nothing runs in; numbers of pods that are gone.  Whatever somebody works on is passed over.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "libcommon/wall.h"
#include "tools/pod-net/claim.h"
#include "tools/pod-net/host.h"
#include "tools/pod-net/net.h"
#include "tools/pod-net/services.h"

struct gc {
	bool dry;
	bool host; /* what pods shared there */
	unsigned networks, numbers;
};

static bool pod_exists(const char *name)
{
	OWN_FREE char *path = xfmt("%s/pods/%s", pod_state_dir(), name);

	return access(path, F_OK) == 0;
}

/* A pod by its run directory alone: it may have no other any more. */
static int open_run(struct pod *p, const char *name)
{
	struct err ignored = {0};

	if (pod_check_name(name, &ignored) < 0)
		return -EINVAL;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->runpath = xfmt("%s/%s", pod_run_dir(), name);
	p->run = open(p->runpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return p->run < 0 ? -errno : 0;
}

static bool is_left(const struct pod *p)
{
	if (!wall_left(p) || pod_may_live(p))
		return false;
	return !pod_exists(p->name) || wall_keeper(p, NULL) <= 0;
}

static int collect_run(struct gc *g, const char *name, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err busy = {0};
	int r;

	if (open_run(&p, name) < 0 || !is_left(&p) || pod_lock(&p, 0, &busy) < 0)
		return 0;
	g->networks++;
	if (g->dry)
		return 0;
	unlinkat(p.run, "net/up", 0);
	r = services_stop(&p, e);
	if (r == 0)
		r = host_release(&p, true, e);
	if (r == 0)
		r = netns_unpin(&p, e);
	if (r < 0)
		return r;
	unlinkat(p.run, "services", 0);
	r = remove_tree_at(p.run, "net");
	claim_release(&p);
	return r < 0 ? err_set(e, -r, "remove %s/net", p.runpath) : 0;
}

static int each_entry(const char *path, struct gc *g,
		      int (*fn)(struct gc *g, int dir, const char *name, struct err *e),
		      struct err *e)
{
	OWN_DIR DIR *d = opendir(path);
	const struct dirent *ent;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s", path);
	while (r == 0 && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			r = fn(g, dirfd(d), ent->d_name, e);
	return r;
}

static int take_run(struct gc *g, int dir, const char *name, struct err *e)
{
	(void)dir;
	return collect_run(g, name, e);
}

/* Under the lock that whoever takes a number holds. */
static int take_number(struct gc *g, int dir, const char *name, struct err *e)
{
	char owner[POD_NAME_MAX + 1];
	ssize_t n = readlinkat(dir, name, owner, POD_NAME_MAX);
	uint64_t number;

	if (n <= 0 || unit_u64(name, NETID_MAX, &number) < 0)
		return 0;
	owner[n] = '\0';
	if (pod_exists(owner) || flock(dir, LOCK_EX | LOCK_NB) < 0)
		return 0;
	g->numbers++;
	if (!g->dry && !pod_exists(owner) && unlinkat(dir, name, 0) < 0)
		return err_set(e, errno, "free the network number %s", name);
	return 0;
}

static int collect(struct gc *g, struct err *e)
{
	OWN_FREE char *numbers = xfmt("%s/netids", pod_state_dir());
	int r = pod_state_open(e);

	if (r == 0)
		r = each_entry(pod_run_dir(), g, take_run, e);
	if (r == 0)
		r = each_entry(numbers, g, take_number, e);
	return r < 0 ? r : host_sweep(g->dry, &g->host, e);
}

int cmd_gc(int argc, char **argv)
{
	struct gc g = {.dry = false};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'n', "dry-run", &g.dry, NULL, "say what would be removed"},
		{0},
	};
	const struct opt_usage usage = {"pod-net gc [--dry-run]",
					"Remove what crashes left of the networks of pods.", 0, 0,
					0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "gc takes no argument (usage: %s)", usage.line);
	if (collect(&g, &e) < 0)
		return say_err(&e);
	if (g.networks || g.numbers)
		printf("%s %u network(s), %u number(s).\n", g.dry ? "Would remove" : "Removed",
		       g.networks, g.numbers);
	if (g.host)
		printf("%s what pods had on the host.\n", g.dry ? "Would remove" : "Removed");
	return say_end(POD_EXIT_OK);
}
