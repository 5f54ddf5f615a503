/* SPDX-License-Identifier: Apache-2.0 */
/* Of trust.c: which files there are, what goes into them. */
#ifndef POD_MOUNT_TRUSTLIST_H
#define POD_MOUNT_TRUSTLIST_H

#include "libcommon/buf.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/mask.h"

#define TRUST_FILE_MAX (8u << 20)
#define TRUST_ALIAS    "envpod"

enum trust_kind {
	TRUST_BUNDLE,  /* authorities in PEM, one after the other */
	TRUST_STORE,   /* Java's */
	TRUST_ALONE,   /* the pod's authority and nothing else */
	TRUST_HASH,    /* a symlink to that */
	TRUST_FIREFOX, /* policies of browsers, in JSON */
	TRUST_CHROMIUM,
};

struct trust_file {
	char *path;
	enum trust_kind kind;
};

struct trust {
	struct buf crt; /* PEM, of the pod's authority */
	char hash[16];
	struct trust_file v[48];
	size_t n;
};

void trust_finish(struct trust *t);
/* False where the pod has no authority. */
bool trust_load(struct trust *t, const struct pod *p);

/* A file of ours in the mask, which is nobody's change. */
void trust_mask(struct mask *m, const char *path);
/* Is it made from what lies there? */
bool trust_adds(const struct trust_file *f);
/* What the host has there, or what stands for it; empty: nothing. */
void trust_host(const struct trust_file *f, struct buf *b);
/* The paths that are looked at for that, and how many. */
#define TRUST_SOURCES 8
size_t trust_sources(const struct trust_file *f, const char *out[TRUST_SOURCES]);
/* old: what lies there, of the host's or the pod's */
void trust_make(const struct trust *t, const struct trust_file *f, const struct buf *old,
		struct buf *out);
/* Does what lies there name our authority?  What cannot be read does not. */
bool trust_has(const struct trust *t, const struct trust_file *f, const struct buf *now);
/* Something that cannot be added to, and may have what somebody put into it: it stays. */
bool trust_is_strange(const struct trust_file *f, const struct buf *now);

#endif
