/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

static char *parent_of(const char *file, const char *here)
{
	OWN_FREE char *whole = path_clean(here, file);
	char *slash = strrchr(whole, '/');

	*slash = '\0';
	return xstrdup(*whole ? whole : "/");
}

int source_open(struct source *s, const char *file, const char *cwd, struct err *e)
{
	OWN_FREE char *here = getcwd(NULL, 0);
	int r = file ? podfile_load(file, &s->bytes, e) : 0;

	if (r < 0)
		return r;
	if (!here)
		return err_set(e, errno, "look up the current directory");
	s->cwd = path_clean(here, cwd ? cwd : ".");
	s->dir = file && strcmp(file, "-") != 0 ? parent_of(file, here) : xstrdup(s->cwd);
	s->origin.dir = s->dir;
	s->origin.cwd = s->cwd;
	return pod_caller(&s->origin.owner, e);
}

void source_finish(struct source *s)
{
	buf_finish(&s->bytes);
	free(s->dir);
	free(s->cwd);
}
