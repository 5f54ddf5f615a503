/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_limits.h"
#include "libcommon/finding.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-limit/limit.h"

struct check {
	const char *name, *status; /* pass, warn, fail */
	char message[200], hint[200];
};

static void print(const struct check *c, bool json)
{
	finding_line(&(struct finding){c->name, "limits", c->status, c->message, c->hint}, json);
}

/* cgroup2 itself: placing, freezing and ending pods hang on it. */
static void check_v2(struct cgtree *t, bool json)
{
	struct check c = {.name = "cgroup2", .status = "pass"};
	int r = cgtree_make_v2(t);

	if (t->root2 < 0) {
		c.status = "warn";
		snprintf(c.message, sizeof(c.message),
			 "not mounted: pods cannot be frozen, and are ended one process at a time");
		snprintf(c.hint, sizeof(c.hint),
			 "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none "
			 "/sys/fs/cgroup/unified");
	} else if (r < 0) {
		c.status = "warn";
		snprintf(c.message, sizeof(c.message), "%.100s takes no new group: %s", t->at.v2,
			 strerror(-r));
		snprintf(c.hint, sizeof(c.hint),
			 "in a container: give it a writable cgroup namespace of its own");
	} else if (faccessat(t->pod2, "cgroup.kill", F_OK, 0) < 0) {
		c.status = "warn";
		snprintf(c.message, sizeof(c.message),
			 "%.100s has no cgroup.kill: pods are ended one process at a time",
			 t->at.v2);
		snprintf(c.hint, sizeof(c.hint), "a kernel of 5.14 or newer");
	} else
		snprintf(c.message, sizeof(c.message), "%.100s: freeze, kill and events work",
			 t->at.v2);
	print(&c, json);
}

static void check_limit(struct cgtree *t, const struct limit *l, bool json)
{
	struct check c = {.name = l->key, .status = "pass"};
	const char *v1 = controller_names[l->ctl].v1;

	if (cgtree_enable(t, l->ctl) == 0 &&
	    (faccessat(t->pod2, l->key, F_OK, 0) == 0 || l->ctl == CTL_IO))
		snprintf(c.message, sizeof(c.message), "by cgroup v2");
	else if (t->at.v1[l->ctl][0] && l->v1 && cgtree_make_v1(t, l->ctl) == 0)
		snprintf(c.message, sizeof(c.message), "by the v1 hierarchy at %.100s",
			 t->at.v1[l->ctl]);
	else {
		c.status = "warn";
		snprintf(c.message, sizeof(c.message),
			 "nothing here can drive it: a pod that asks for it does not run (77)");
		snprintf(c.hint, sizeof(c.hint),
			 t->at.v1[l->ctl][0]
				 ? "only v2 has it; boot with cgroup_no_v1=%s"
				 : "the kernel lacks the %s controller, or keeps it from us",
			 v1);
	}
	print(&c, json);
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a check"},
		{0},
	};
	const struct opt_usage usage = {"pod-limit doctor [--json]",
					"What this machine can limit, and by which hierarchy.", 0,
					0, 0};
	struct cgtree t = CGTREE_INIT;
	struct err e = {0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no argument (usage: %s)", usage.line);
	if (pod_check_caller(&e) < 0 || cgtree_open(&t, ".doctor", &e) < 0)
		return say_err(&e);
	check_v2(&t, json);
	for (size_t l = 0; l < nlimits; l++)
		check_limit(&t, &limits[l], json);
	cgtree_remove_v2(&t, 100);
	for (enum controller c = 0; c < CTL_COUNT; c++)
		cgtree_remove_v1(&t, c, 100);
	cgtree_finish(&t);
	return POD_EXIT_OK;
}
