/* SPDX-License-Identifier: Apache-2.0 */
/* envpod monitor POD WORD...: pod-monitor's WORD, with the pod where that wants it. */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"
#include "tools/envpod/govern.h"

static void add_rest(struct strv *line, char **rest)
{
	while (*rest)
		strv_add(line, *rest++);
}

/* A pod that runs is watched from now on; whoever watches already sees the new rules by himself. */
static int set_policy(const char *pod, char **rest)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0};
	OWN_FD int pidfd = -1;
	struct err e = {0};
	int status;

	front_words(&line, "pod-monitor", "set-policy", pod, NULL);
	add_rest(&line, rest);
	status = front_run(&line);
	if (status || front_print)
		return status;
	if (pod_open(&p, pod, &e) < 0)
		return say_err(&e);
	return pod_init_pid(&p, &pidfd, &e) > 0 ? govern_wake(&p) : POD_EXIT_OK;
}

/* "show POD": options before the pod's name are as good as behind it. */
static int about_pod(const char *word, const char *pod, char **rest)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-monitor", word, pod, NULL);
	add_rest(&line, rest);
	return front_exec(&line);
}

static int show(const char *pod, char **rest)
{
	return about_pod("show", pod, rest);
}

static int sample(const char *pod, char **rest)
{
	return about_pod("sample", pod, rest);
}

static int check(const char *pod, char **rest)
{
	return about_pod("check", pod, rest);
}

static int alerts(const char *pod, char **rest)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-audit", "query", "--src", "monitor", pod, NULL);
	add_rest(&line, rest);
	return front_exec(&line);
}

/* Recorded samples are of no pod. */
static int test(const char *pod, char **rest)
{
	OWN_STRV struct strv line = {0};

	(void)pod;
	front_words(&line, "pod-monitor", "test", NULL);
	add_rest(&line, rest);
	return front_exec(&line);
}

static const struct {
	const char *word;
	int (*run)(const char *pod, char **rest);
} words[] = {
	{"set-policy", set_policy}, {"show", show},     {"alerts", alerts}, {"test", test},
	{"check", check},           {"sample", sample},
};

int cmd_monitor(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[2], words[i].word) == 0)
			return words[i].run(argv[1], argv + 3);
	if (argc > 1 && argv[1][0] == '-')
		return front_pass("pod-monitor", NULL, false, argc, argv);
	say_error("envpod monitor POD show|alerts|set-policy|test|check|sample: %s",
		  argc > 2 ? esc(argv[2]) : "which?");
	return POD_EXIT_USAGE;
}
