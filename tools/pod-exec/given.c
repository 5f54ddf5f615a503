/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/given.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/dummies.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/trust.h"

/* A regular file that the view has under this very path. */
static bool is_there(int view, const char *path)
{
	OWN_FD int fd = open_beneath(view, path, O_PATH, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static const char *find(int view, const char *const *p)
{
	for (; *p; p++)
		if (is_there(view, *p))
			return *p;
	return NULL;
}

/* A variable that names a file which is not there would make its program trust nobody. */
static void add_trust(struct strv *env, int view)
{
	const char *const bundle = find(view, trust_bundles), *const alone =
								      find(view, trust_alone);

	for (const struct trust_variable *v = trust_variables; v->name; v++) {
		const char *value = v->kind == TRUST_THE_BUNDLE  ? bundle
				    : v->kind == TRUST_THE_ALONE ? alone
								 : v->says;

		if (value)
			strv_fmt(env, "%s=%s", v->name, value);
	}
}

int given_env(struct strv *env, const struct pod *p, int view, struct err *e)
{
	if (faccessat(p->dir, "ca/crt", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		add_trust(env, view);
	return dummies_load(env, p, e);
}
