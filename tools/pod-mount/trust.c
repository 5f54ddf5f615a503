/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/trust.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/own.h"
#include "tools/pod-mount/trustlist.h"

uint64_t trust_stamp(const struct pod *p)
{
	struct stat st;

	if (p->dir < 0 || fstatat(p->dir, "ca/crt", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return ((uint64_t)st.st_ino << 32) ^ (uint64_t)st.st_ctim.tv_sec * 1000000000u ^
	       (uint64_t)st.st_ctim.tv_nsec;
}

void trust_mask(struct mask *m, const char *path)
{
	struct mask_entry *en = mask_add(m, path, MASK_MADE);

	en->file = en->derived = true;
}

void trust_collect(struct mask *m, const struct mask_ask *ask)
{
	OWN(trust_finish) struct trust t = {.n = 0};
	const char *paths[TRUST_SOURCES];
	struct stat st;

	if (!trust_load(&t, ask->pod))
		return;
	for (size_t i = 0; i < t.n; i++) {
		size_t n = trust_adds(&t.v[i]) ? trust_sources(&t.v[i], paths) : 0;

		trust_mask(m, t.v[i].path);
		while (n-- > 0)
			mask_watch(m, paths[n], false);
	}
	if (stat("/usr/lib/jvm", &st) == 0)
		mask_watch(m, "/usr/lib/jvm", false);
}

enum trust_made trust_content(const struct pod *p, const char *path, struct buf *out)
{
	OWN(trust_finish) struct trust t = {.n = 0};
	OWN_BUF struct buf old = BUF_INIT;

	if (!trust_load(&t, p))
		return TRUST_NOT_OURS;
	for (size_t i = 0; i < t.n; i++) {
		const struct trust_file *f = &t.v[i];

		if (strcmp(f->path, path) != 0)
			continue;
		if (trust_adds(f))
			trust_host(f, &old);
		trust_make(&t, f, &old, out);
		return f->kind == TRUST_HASH ? TRUST_LINK : TRUST_TEXT;
	}
	return TRUST_NOT_OURS;
}
