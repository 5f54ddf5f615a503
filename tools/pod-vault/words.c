/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "envpod/exit.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"

char **words_after(int n, char **argv, const char *scope, int min, int max)
{
	int skip = scope ? 0 : 1;

	if (n < skip)
		die(POD_EXIT_USAGE, "name a pod, or a shared scope by --scope");
	if (n - skip < min || (max >= 0 && n - skip > max))
		die(POD_EXIT_USAGE,
		    n - skip < min ? "missing argument after %s" : "too many arguments for %s",
		    scope ? scope : argv[0]);
	return argv + skip;
}
