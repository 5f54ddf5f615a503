/* SPDX-License-Identifier: Apache-2.0 */
/* Each tool knows its own subject: doctor asks them all, and adds what belongs to nobody. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"

static const char *const asked[][3] = {
	{"pod-mount", "doctor"}, {"pod-exec", "--doctor"}, {"pod-limit", "doctor"},
	{"pod-audit", "doctor"}, {"pod-net", "doctor"},    {"pod-dns", "doctor"},
	{"pod-proxy", "doctor"}, {"pod-vault", "doctor"},  {"pod-monitor", "doctor"},
	{"pod-trace", "doctor"},
};

static int ask(const char *const tool[], bool json)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, tool[0], tool[1], NULL);
	if (json)
		strv_add(&line, "--json");
	fflush(stdout);
	return front_run(&line);
}

/* Programs of the host that later walls and ordinary use lean on. */
static const struct {
	const char *name, *paths[3], *loses, *hint;
} programs[] = {
	{"nftables",
	 {"/usr/sbin/nft", "/sbin/nft"},
	 "the network wall's rules cannot be looked at",
	 "install the package nftables"},
	{"git", {"/usr/bin/git"}, "commit --merge finds no base in repositories", "install git"},
	{"man", {"/usr/bin/man"}, "the manual cannot be read", "install man-db"},
};

static void check_programs(bool json)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *found = NULL;

		for (int k = 0; programs[i].paths[k]; k++)
			if (access(programs[i].paths[k], X_OK) == 0)
				found = programs[i].paths[k];
		finding_block(
			&(struct finding){programs[i].name, "packages", found ? "pass" : "warn",
					  found ? found : programs[i].loses, programs[i].hint},
			json);
	}
}

static int check_tools(bool json)
{
	static const char *const tools[] = {"pod-config", "pod-mount", "pod-exec",
					    "pod-limit",  "pod-audit", "pod-supervise"};
	int status = POD_EXIT_OK;

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		struct err e = {0};
		OWN_FREE char *path = tool_path(tools[i], &e);

		finding_block(&(struct finding){tools[i], "tools", path ? "pass" : "fail",
						path ? path : e.msg, "install envpod again"},
			      json);
		if (!path)
			status = POD_EXIT_FAILED;
	}
	return status;
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {
		"envpod doctor [--json]",
		"Say what this host lacks, what that costs, how to mend it.", 0, 0, 0};
	int worst;

	opt_parse(opts, &usage, argc, argv);
	if (pod_state_open(&e) < 0)
		return say_err(&e);
	worst = check_tools(json);
	check_programs(json);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		int status = ask(asked[i], json);

		if (status > worst)
			worst = status;
	}
	return worst;
}
