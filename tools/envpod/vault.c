/* SPDX-License-Identifier: Apache-2.0 */
/* envpod vault: `POD WORD` and `--scope NAME WORD` are pod-vault's `WORD POD` and `WORD --scope`.
 */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"

/* Words about a pod's secrets, or a scope's; and those about the vault as a whole. */
static const char *const about_pod[] = {"set",   "get",     "list", "rm",     "import",   "export",
					"share", "unshare", "bind", "unbind", "bindings", NULL};
static const char *const about_all[] = {"rotate", "unlock", "lock", "push", NULL};

static bool is_among(const char *const *words, const char *word)
{
	for (; word && *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static int pass_on(const char *word, const char *option, const char *name, char **rest)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-vault", word, NULL);
	if (option)
		strv_add(&line, option);
	if (name)
		strv_add(&line, name);
	while (*rest)
		strv_add(&line, *rest++);
	return front_exec(&line);
}

static int wrong(const char *word)
{
	say_error("envpod vault: '%s' is no word of it (envpod vault --help)",
		  word ? esc(word) : "");
	return POD_EXIT_USAGE;
}

int cmd_vault(int argc, char **argv)
{
	bool scoped = argc > 2 && (strcmp(argv[1], "--scope") == 0 || strcmp(argv[1], "-s") == 0);

	argv++;
	if (scoped)
		return is_among(about_pod, argv[2]) ? pass_on(argv[2], "--scope", argv[1], argv + 3)
						    : wrong(argv[2]);
	/* A pod may be called like a word. */
	if (argv[0] && is_among(about_pod, argv[1]))
		return pass_on(argv[1], NULL, argv[0], argv + 2);
	if (is_among(about_all, argv[0]))
		return pass_on(argv[0], NULL, NULL, argv + 1);
	if (argv[0] && argv[0][0] != '-' && argv[1])
		return wrong(argv[1]);
	return argv[0] && argv[0][0] == '-' ? pass_on(argv[0], NULL, NULL, argv + 1)
					    : wrong(argv[0]);
}
