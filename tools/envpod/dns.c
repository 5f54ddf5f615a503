/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a pod: `envpod dns POD OPTION...` changes them, `envpod dns POD WORD...` asks. */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/wall.h"
#include "tools/envpod/front.h"

/* A live pod that stood without a wall until now gets one: there is something to reach. */
static int furnish(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0};
	struct err e = {0};

	if (pod_open(&p, name, &e) < 0 || pod_init_pid(&p, NULL, &e) <= 0 || wall_stands(&p))
		return POD_EXIT_OK;
	front_words(&line, "pod-net", "up", name, NULL);
	return front_run(&line);
}

/* The pod's name: the first word that is neither an option nor the argument of one; all take one.
 */
static const char *pod_of(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (word[0] != '-')
			return word;
		if (word[1] == '-' ? !strchr(word, '=') : strlen(word) == 2)
			i++;
	}
	return NULL;
}

static int edit(int argc, char **argv)
{
	OWN_STRV struct strv line = {0};
	const char *pod = pod_of(argc, argv);
	int status;

	front_words(&line, "pod-dns", "edit", NULL);
	for (int i = 1; i < argc; i++)
		strv_add(&line, argv[i]);
	status = front_run(&line);
	return status == POD_EXIT_OK && pod ? furnish(pod) : status;
}

int cmd_dns(int argc, char **argv)
{
	static const char *const words[] = {"check", "learn"};

	for (size_t i = 0; argc > 2 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[2], words[i]) == 0) {
			argv[2] = argv[1];
			return front_pass("pod-dns", words[i], false, argc - 1, argv + 1);
		}
	return edit(argc, argv);
}

int cmd_why(int argc, char **argv)
{
	return front_pass("pod-dns", "why", false, argc, argv);
}
