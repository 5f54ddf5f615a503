/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/dummies.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/plan.h"
#include "libcommon/words.h"

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

int dummies_parse(struct strv *env, const char *data, size_t len, struct err *e)
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

int dummies_load(struct strv *env, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int policy =
		openat(p->dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = policy < 0 ? -errno : read_file_at(policy, "proxy", &b, PLAN_MAX);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "read %s/policy/proxy", p->path);
	return b.len ? dummies_parse(env, b.data, b.len, e) : 0;
}
