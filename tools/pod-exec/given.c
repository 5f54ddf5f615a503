/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/given.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/trust.h"
#include "libcommon/words.h"

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

static bool is_key(const char *s)
{
	if (isdigit((unsigned char)*s))
		return false;
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return false;
	return *s;
}

static int bad(struct err *e)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "policy/proxy: a line \"dummy\" is not understood");
}

int given_dummies(struct strv *env, const char *data, size_t len, struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	const char *line;
	int r = plan_parse(&pl, data, len, e);

	if (r < 0)
		return err_wrap(e, "policy/proxy");
	for (size_t i = 0; (line = plan_next(&pl, "dummy", &i));) {
		OWN_STRV struct strv w = {0};

		if (words_split(&w, line) < 0 || w.n != 2 || !is_key(w.v[0]))
			return bad(e);
		strv_fmt(env, "%s=%s", w.v[0], w.v[1]);
	}
	return 0;
}

int given_env(struct strv *env, const struct pod *p, int view, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int policy =
		openat(p->dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = policy < 0 ? -errno : read_file_at(policy, "proxy", &b, PLAN_MAX);

	if (faccessat(p->dir, "ca/crt", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		add_trust(env, view);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "read %s/policy/proxy", p->path);
	return b.len ? given_dummies(env, b.data, b.len, e) : 0;
}
