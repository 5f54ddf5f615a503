/* SPDX-License-Identifier: Apache-2.0 */
#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"

/* Of all pods, those that run are meant. */
static bool only_live;

static int limit_one(const char *word, const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0};
	struct err e = {0};

	if (pod_open(&p, name, &e) < 0)
		return say_err(&e);
	if (only_live && !pod_may_live(&p))
		return POD_EXIT_OK;
	front_words(&line, "pod-limit", word, name, NULL);
	return front_run(&line);
}

static int freeze_one(const char *name)
{
	return limit_one("freeze", name);
}

static int thaw_one(const char *name)
{
	return limit_one("thaw", name);
}

static int each(int argc, char **argv, const char *line, const char *text, int (*fn)(const char *))
{
	bool all = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "all", &all, NULL, "every pod that runs"},
		{0},
	};
	const struct opt_usage usage = {line, text, 0, 0, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	only_live = all;
	return front_each(n, argv, all, fn);
}

int cmd_lock(int argc, char **argv)
{
	return each(argc, argv, "envpod lock POD...", "Freeze every process of a pod.", freeze_one);
}

int cmd_unlock(int argc, char **argv)
{
	return each(argc, argv, "envpod unlock POD...", "Thaw a frozen pod.", thaw_one);
}
