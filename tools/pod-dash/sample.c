/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "libcommon/cgroup_tree.h"
#include "libcommon/counters.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/usage.h"

static void add_number(struct buf *b, uint64_t n)
{
	jw_number(b, n >= USAGE_NO_MAX ? -1 : (int64_t)n);
}

static void add_usage(struct buf *b, const char *name)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct usage_files files = USAGE_FILES_INIT;
	struct usage u = {0};
	struct err ignored = {0};

	if (cgtree_open(&t, name, &ignored) < 0)
		return;
	usage_open(&files, &t);
	usage_read(&files, &u);
	usage_finish(&files);
	add_number(b, u.cpu_usec);
	add_number(b, u.memory);
	add_number(b, u.pids);
}

static void add_traffic(struct buf *b, const struct pod *p)
{
	struct counters_all all = {0};
	uint64_t sum[COUNTER_KINDS] = {0};
	struct err ignored = {0};

	/* a pod without a network has no counters, and is given none */
	if (faccessat(p->run, "counters", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    counters_open_all(&all, p, &ignored) == 0) {
		counters_sum(&all, sum);
		counters_close_all(&all);
	}
	add_number(b, sum[COUNT_UP]);
	add_number(b, sum[COUNT_DOWN]);
}

static void add_pod(struct buf *b, const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err ignored = {0};

	if (pod_open(&p, name, &ignored) < 0 || pod_init_pid(&p, NULL, &ignored) <= 0)
		return;
	jw_key(b, name);
	jw_open(b, '[');
	add_usage(b, name);
	add_traffic(b, &p);
	jw_close(b, ']');
}

void sample_tell(const struct runner *r)
{
	OWN_FREE char *pods = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = opendir(pods);
	OWN_BUF struct buf b = BUF_INIT;
	struct err ignored = {0};
	const char *name;

	jw_open(&b, '{');
	jw_key(&b, "usage");
	jw_open(&b, '{');
	while (d && dir_next(d, &name) > 0)
		if (b.len < ASK_MAX / 2 && pod_check_name(name, &ignored) == 0)
			add_pod(&b, name);
	jw_close(&b, '}');
	jw_knum(&b, "at", (int64_t)loop_clock());
	jw_close(&b, '}');
	runner_tell(r, b.data, b.len);
}
