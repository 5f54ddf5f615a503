/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/trustlist.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/trust.h"

#define CRT_MAX 16384

void trust_finish(struct trust *t)
{
	buf_finish(&t->crt);
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].path);
}

/* Where tools find authorities they are to add, by distribution. */
static const char *const anchors[] = {
	"/etc/pki/ca-trust/source/anchors",
	"/etc/ca-certificates/trust-source/anchors",
	"/etc/pki/trust/anchors",
	NULL,
};

/* Directories that are looked into by the hash of a name. */
static const char *const hashed[] = {
	"/etc/ssl/certs",
	"/etc/pki/tls/certs",
	"/etc/pki/ca-trust/extracted/pem/directory-hash",
	NULL,
};

static const char *const stores[] = {
	"/etc/ssl/certs/java/cacerts",
	"/etc/pki/ca-trust/extracted/java/cacerts",
	"/etc/pki/java/cacerts",
	"/var/lib/ca-certificates/java-cacerts",
	"/etc/ca-certificates/extracted/java-cacerts.jks",
	NULL,
};

/*
 * Browsers ask for their policies where an administrator puts them.  They are here whether there is
 * a browser or not: the pod may get one.
 */
static const char *const chromiums[] = {
	"/etc/chromium/policies/managed",
	"/etc/opt/chrome/policies/managed",
	"/etc/opt/edge/policies/managed",
	"/etc/brave/policies/managed",
	NULL,
};

static const char *const firefoxes[] = {
	"/etc/firefox/policies",
	"/etc/firefox-esr/policies",
	NULL,
};

static bool is_kind(const char *path, mode_t type)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* Under its real path: a file of ours can only stand in a real directory. */
static void add(struct trust *t, const char *dir, const char *name, enum trust_kind kind)
{
	OWN_FREE char *real = realpath(dir, NULL);
	OWN_FREE char *path = xfmt("%s%s%s", real ? real : dir, *name ? "/" : "", name);

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].path, path) == 0)
			return;
	if (t->n < sizeof(t->v) / sizeof(t->v[0]))
		t->v[t->n++] = (struct trust_file){take_ptr(path), kind};
}

/* "HASH.N": the first N that the host has not given to an authority of the same name. */
static void add_link(struct trust *t, const char *dir)
{
	struct stat st;

	for (int i = 0; i < 10; i++) {
		OWN_FREE char *name = xfmt("%s.%d", t->hash, i);
		OWN_FREE char *path = xfmt("%s/%s", dir, name);

		if (lstat(path, &st) == 0)
			continue;
		add(t, dir, TRUST_ALIAS ".pem", TRUST_ALONE);
		add(t, dir, name, TRUST_HASH);
		return;
	}
}

/* Each JDK's own; most are links to one of the stores above. */
static void add_jdks(struct trust *t)
{
	OWN_DIR DIR *d = opendir("/usr/lib/jvm");
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		OWN_FREE char *path = xfmt("/usr/lib/jvm/%s/lib/security/cacerts", ent->d_name);

		if (ent->d_name[0] != '.' && is_kind(path, S_IFREG))
			add(t, path, "", TRUST_STORE);
	}
}

static void list(struct trust *t)
{
	bool any = false;

	for (const char *const *p = trust_bundles; *p; p++) {
		if (!is_kind(*p, S_IFREG))
			continue;
		add(t, *p, "", TRUST_BUNDLE);
		any = true;
	}
	if (!any) /* a host without authorities: ours is the only one */
		add(t, trust_bundles[0], "", TRUST_BUNDLE);
	add(t, TRUST_ANCHOR, "", TRUST_ALONE);
	for (const char *const *p = anchors; *p; p++)
		if (is_kind(*p, S_IFDIR))
			add(t, *p, TRUST_ALIAS ".crt", TRUST_ALONE);
	for (const char *const *p = hashed; *p; p++)
		if (is_kind(*p, S_IFDIR))
			add_link(t, *p);
	for (const char *const *p = stores; *p; p++)
		if (is_kind(*p, S_IFREG))
			add(t, *p, "", TRUST_STORE);
	add_jdks(t);
	for (const char *const *p = firefoxes; *p; p++)
		add(t, *p, "policies.json", TRUST_FIREFOX);
	for (const char *const *p = chromiums; *p; p++)
		add(t, *p, TRUST_ALIAS ".json", TRUST_CHROMIUM);
}

bool trust_load(struct trust *t, const struct pod *p)
{
	OWN_FD int dir = p->dir < 0 ? -1 : open_beneath(p->dir, "ca", O_PATH | O_DIRECTORY, 0);

	if (dir < 0 || read_file_at(dir, "crt", &t->crt, CRT_MAX) < 0 || t->crt.len == 0 ||
	    read_line_at(dir, "hash", t->hash, sizeof(t->hash)) < 0 ||
	    strspn(t->hash, "0123456789abcdef") != 8 || t->hash[8])
		return false;
	list(t);
	return true;
}
