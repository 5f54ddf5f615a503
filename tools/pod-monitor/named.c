/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/named.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/words.h"

static struct named_id id_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct named_id){0};
	return (struct named_id){st.st_dev, st.st_ino, (uint64_t)st.st_size, clock_ns(&st.st_ctim)};
}

static bool is_same(const struct named_id *a, const struct named_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void named_init(struct named *n, const struct plan *plan)
{
	*n = (struct named){.path = plan_str(plan, "monitor.policy", NULL)};
	if (n->path)
		n->known = n->seen = id_of(n->path);
}

bool named_pending(const struct named *n)
{
	return n->path && !is_same(&n->seen, &n->known);
}

/* Half a file may be a whole one with fewer rules. */
bool named_changed(struct named *n)
{
	struct named_id now;

	if (!n->path)
		return false;
	now = id_of(n->path);
	if (!is_same(&now, &n->seen)) {
		n->seen = now;
		n->seen_ms = clock_ms();
	}
	if (is_same(&n->seen, &n->known) || clock_ms() < n->seen_ms + NAMED_MS)
		return false;
	n->known = n->seen;
	return true;
}

int named_check(const char *path, const struct plan *plan, struct err *e)
{
	OWN_FREE char *real = realpath(path, NULL);
	const char *mount;

	/* It is opened by this path later: no part of that may be a link that the pod could turn.
	 */
	if (!real)
		return err_set(e, errno, "monitor.policy: %s", esc(path));
	if (strcmp(real, path) != 0)
		return err_status(e, POD_EXIT_CONFIG, EPERM,
				  "monitor.policy: %s leads through a symlink: name %s", esc(path),
				  esc(real));
	for (size_t i = 0; (mount = plan_next(plan, "mount", &i));) {
		OWN_STRV struct strv words = {0};

		if (words_split(&words, mount) < 0 || words.n < 2 || strcmp(words.v[0], "rw") != 0)
			continue;
		OWN_FREE char *source = realpath(words.v[1], NULL);

		if (source && path_below(real, source))
			return err_status(e, POD_EXIT_CONFIG, EPERM,
					  "monitor.policy: the pod may write %s (mount %s): keep "
					  "it elsewhere",
					  esc(path), esc(words.v[1]));
	}
	return 0;
}
