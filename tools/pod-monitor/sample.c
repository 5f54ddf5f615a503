/* SPDX-License-Identifier: Apache-2.0 */
/* One sample without a daemon: its totals, and what was counted of events, are those of the one
 * that watches, as far as it has come. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/cmds.h"
#include "tools/pod-monitor/disk.h"
#include "tools/pod-monitor/sampler.h"

#define LOOK_MS 250 /* between two looks: without it there are no rates */

static void take(struct sample *out, struct state *s, const struct pod *p, bool open_network)
{
	static const uint64_t nothing[SAMPLE_FIELDS];
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct source from = {.usage = USAGE_FILES_INIT};
	struct err e = {0};
	struct stat st;

	if (cgtree_open(&t, p->name, &e) < 0)
		die(err_exit(&e), "%s", e.msg);
	usage_open(&from.usage, &t);
	from.group = t.pod2 >= 0 && fstat(t.pod2, &st) == 0 ? st.st_ino : s->group;
	if (!open_network && counters_open_all(&from.counters, p, &e) < 0)
		die(err_exit(&e), "%s", e.msg);
	sampler_sample(out, s, &from, nothing);
	counters_close_all(&from.counters);
	usage_finish(&from.usage);
}

static int sample(const struct pod *p, const struct plan *pl, struct err *e)
{
	struct state *live = state_open(p, e), *own = live ? state_anonymous(e) : NULL;
	bool open_network = plan_is(pl, "network", "unsafe");
	struct sample first, second;
	OWN_BUF struct buf b = BUF_INIT;

	if (!own)
		return -e->code;
	memcpy(own, live, sizeof(*own)); /* that one is the watcher's to change */
	own->n = 0;
	disk_quota(p, own);
	sample_prepare();
	take(&first, own, p, open_network);
	state_push(own, &first);
	poll(NULL, 0, LOOK_MS);
	take(&second, own, p, open_network);
	sample_text(&b, &second, p->name);
	puts(b.data);
	state_close(live);
	state_close(own);
	return 0;
}

int cmd_sample(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-monitor sample POD",
					"Print what a pod uses and does now, as one JSON object.",
					1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || plan_open(&pl, &p, &e) < 0 || sample(&p, &pl, &e) < 0)
		return say_err(&e);
	return say_end(POD_EXIT_OK);
}
