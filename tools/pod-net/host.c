/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules come before the link and go before it does.  Every step can be done twice, and the record
 * comes first: after a crash the same walk down takes everything away.
 */
#include "tools/pod-net/host.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-net/chains.h"
#include "tools/pod-net/forwarding.h"
#include "tools/pod-net/hostwall.h"
#include "tools/pod-net/nft.h"
#include "tools/pod-net/routes.h"
#include "tools/pod-net/shared.h"
#include "tools/pod-net/veth.h"

#define SHARED ".host"
#define RECORD "net/veth"
#define MARK   "used"  /* there is, or may be, something that pods share */
#define LINKS  100000u /* with the prefix and a number of five digits this makes 15 bytes */

struct record {
	char link[IF_NAMESIZE], v4[INET_ADDRSTRLEN], v6[INET6_ADDRSTRLEN];
	uint64_t netns; /* in which of the host's all that is */
};

/* Which network namespace we stand in. */
static uint64_t our_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

/* --- who has something there --- */

static bool anybody(void)
{
	OWN_DIR DIR *d = opendir(pod_run_dir());
	const struct dirent *ent;
	char path[POD_NAME_MAX + 16];

	while (d && (ent = readdir(d))) {
		if (ent->d_name[0] == '.' || strlen(ent->d_name) > POD_NAME_MAX)
			continue;
		snprintf(path, sizeof(path), "%.*s/" RECORD, POD_NAME_MAX, ent->d_name);
		if (faccessat(dirfd(d), path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

static int read_record(const struct pod *p, struct record *rec)
{
	char line[160];
	int r = read_line_at(p->run, RECORD, line, sizeof(line));

	if (r < 0)
		return r;
	return sscanf(line, "%15s %15s %45s %" SCNu64, rec->link, rec->v4, rec->v6, &rec->netns) ==
			       4
		       ? 0
		       : -EINVAL;
}

static int write_record(const struct net *n, const struct record *rec, struct err *e)
{
	OWN_FREE char *line =
		xfmt("%s %s %s %" PRIu64 "\n", rec->link, rec->v4, rec->v6, rec->netns);
	OWN_FD int dir = openat(n->pod.run, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = dir < 0 ? -errno : write_file_at(dir, "veth", line, strlen(line), 0600, false);

	return r < 0 ? err_set(e, -r, "write %s/" RECORD, n->pod.runpath) : 0;
}

static int new_record(const struct net *n, int shared, struct record *rec, struct err *e)
{
	char text[24] = "";
	uint64_t counter = 0;
	int r;

	if (read_line_at(shared, "counter", text, sizeof(text)) >= 0)
		unit_u64(text, UINT32_MAX, &counter);
	do {
		counter = (counter + 1) % LINKS;
		snprintf(rec->link, sizeof(rec->link), VETH_PREFIX "%u-%u",
			 (unsigned)n->number % 100000u, (unsigned)counter % LINKS);
	} while (if_nametoindex(rec->link));
	snprintf(text, sizeof(text), "%u\n", (unsigned)counter);
	r = write_file_at(shared, "counter", text, strlen(text), 0600, false);
	rec->netns = our_netns();
	snprintf(text, sizeof(text), "%" PRIu64 "\n", rec->netns);
	if (r == 0)
		r = write_file_at(shared, MARK, text, strlen(text), 0600, false);
	if (r < 0)
		return err_set(e, -r, "write to %s/" SHARED, pod_run_dir());
	inet_ntop(AF_INET, &n->v4, rec->v4, sizeof(rec->v4));
	inet_ntop(AF_INET6, &n->v6, rec->v6, sizeof(rec->v6));
	return write_record(n, rec, e);
}

/* --- taking down --- */

/* What all pods share: the same whether a pod was the last or a crash left it. */
static int end_shared(int shared, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = veth_others(e);

	if (r != 0) /* pods of another run directory need it: theirs is the last word */
		return r < 0 ? r : forwarding_forget(shared, e);
	r = chains_close(e);

	hostwall_end(&b);
	if (r == 0)
		r = nft_apply(b.data, e);
	if (r == 0)
		r = forwarding_restore(shared, e);
	if (r == 0 && unlinkat(shared, MARK, 0) < 0 && errno != ENOENT)
		r = err_set(e, errno, "remove %s/" SHARED "/" MARK, pod_run_dir());
	return r;
}

static int release_one(const struct record *rec, bool link, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	hostwall_remove(rec->link, rec->v4, rec->v6, &b);
	r = nft_apply(b.data, e);
	return r < 0 || !link ? r : veth_remove(rec->link, e);
}

int host_check(const struct pod *p, struct err *e)
{
	struct record rec;

	if (read_record(p, &rec) < 0 || rec.netns == our_netns())
		return 0;
	return err_set(e, ERR_PLAIN,
		       "the link of pod %s is in another network namespace of the host: run this "
		       "there",
		       p->name);
}

/* What is in another network namespace cannot be taken away from here; with force it is forgotten:
 * that namespace may be gone. */
static int release(const struct pod *p, int shared, bool force, struct err *e)
{
	struct record rec = {.netns = 0};
	int r = read_record(p, &rec);
	bool here = r < 0 || rec.netns == our_netns();

	if (!here && !force)
		return host_check(p, e);
	if (r == 0 && here && release_one(&rec, force, e) < 0)
		return -EINVAL;
	if (unlinkat(p->run, RECORD, 0) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "remove %s/" RECORD, p->runpath);
	return anybody() || !here ? 0 : end_shared(shared, e);
}

static bool has_shared(void)
{
	OWN_FREE char *path = xfmt("%s/" SHARED, pod_run_dir());

	return access(path, F_OK) == 0;
}

/* What pods share is left over, and in the network namespace we stand in. */
static bool marked_here(int shared)
{
	char text[24];
	uint64_t netns;

	return read_line_at(shared, MARK, text, sizeof(text)) >= 0 &&
	       unit_u64(text, UINT64_MAX, &netns) == 0 && netns == our_netns();
}

int host_release(const struct pod *p, bool force, struct err *e)
{
	OWN_FD int shared = -1;

	if (faccessat(p->run, RECORD, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	shared = shared_open(SHARED, e);
	return shared < 0 ? shared : release(p, shared, force, e);
}

int host_sweep(bool dry, bool *found, struct err *e)
{
	OWN_FD int shared = -1;

	*found = false;
	if (!has_shared())
		return 0;
	shared = shared_open(SHARED, e);
	if (shared < 0)
		return shared;
	*found = !anybody() && marked_here(shared);
	if (dry || !*found)
		return 0;
	return end_shared(shared, e);
}

/* --- building --- */

/* One run directory keeps the records of one network namespace; of one that is gone, they are void.
 */
static int settle_here(int shared, struct err *e)
{
	if (faccessat(shared, MARK, F_OK, 0) < 0 || marked_here(shared))
		return 0;
	if (anybody())
		return err_set(e, ERR_PLAIN,
			       "pods of %s have links in another network namespace of the host",
			       pod_run_dir());
	return forwarding_forget(shared, e);
}

static int build(const struct net *n, int shared, const struct strv *uplinks,
		 const struct record *rec, struct err *e)
{
	OWN_STRV struct strv routed4 = {0}, routed6 = {0};
	OWN_BUF struct buf rules = BUF_INIT;
	int r = chains_open(e);

	if (r == 0)
		r = forwarding_note(shared, uplinks, e);
	if (r < 0)
		return r;
	forwarding_ours(shared, AF_INET, &routed4);
	forwarding_ours(shared, AF_INET6, &routed6);
	hostwall_add(n, rec->link, &routed4, &routed6, &rules);
	r = nft_apply(rules.data, e);
	return r < 0 ? r : forwarding_open(shared, e);
}

int host_take(const struct net *n, int ns, struct err *e)
{
	OWN_STRV struct strv uplinks = {0};
	OWN_FD int shared = shared_open(SHARED, e);
	struct err undone = {0};
	struct record rec;
	int r = shared < 0 ? shared : release(&n->pod, shared, true, e);

	if (r == 0)
		r = settle_here(shared, e);
	if (r == 0) /* before anything is ours that may be somebody else's */
		r = routes_look(n, &uplinks, e);
	if (r < 0)
		return r;
	r = new_record(n, shared, &rec, e);
	if (r == 0)
		r = build(n, shared, &uplinks, &rec, e);
	if (r == 0)
		r = veth_make(n, rec.link, ns, e);
	if (r < 0)
		release(&n->pod, shared, true, &undone);
	return r;
}

int host_renew(const struct net *n, struct err *e)
{
	OWN_STRV struct strv uplinks = {0};
	OWN_FD int shared = -1;
	struct record rec;
	int r = host_check(&n->pod, e);

	if (r == 0 && read_record(&n->pod, &rec) < 0)
		return 0;
	if (r == 0)
		r = shared = shared_open(SHARED, e);
	if (r >= 0)
		r = routes_look(n, &uplinks, e);
	return r < 0 ? r : build(n, shared, &uplinks, &rec, e);
}
