/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"

int cmd_about(int argc, char **argv)
{
	const struct opt_usage usage = {"envpod about", "Version, licence, what it is.", 0, 0, 0};

	opt_parse(NULL, &usage, argc, argv);
	printf("envpod %s\nGoverned environments for AI agents on Linux.\nLicence: Apache-2.0\n",
	       ENVPOD_VERSION);
	return POD_EXIT_OK;
}

/* The generated file for that shell, as `make` wrote it beside the programs or into share. */
static FILE *open_completions(const char *shell)
{
	OWN_FREE char *file = xfmt("completions/envpod.%s", shell);
	OWN_FREE char *path = data_path(file);

	return fopen(path, "re");
}

int cmd_completions(int argc, char **argv)
{
	const struct opt_usage usage = {"envpod completions bash|zsh|fish",
					"Print completions for a shell.", 1, 1, 0};
	OWN_FILE FILE *f = NULL;
	char chunk[4096];
	size_t n;

	opt_parse(NULL, &usage, argc, argv);
	f = open_completions(argv[0]);
	if (!f) {
		say_error("there are no completions for %s; use bash, zsh or fish", argv[0]);
		return POD_EXIT_USAGE;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		fwrite(chunk, 1, n, stdout);
	return POD_EXIT_OK;
}
