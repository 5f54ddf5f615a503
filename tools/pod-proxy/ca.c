/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-proxy ca: the certificate authority of one pod.  Programs in that pod believe it, nobody else
 * does, and its key is root's alone: who has it can speak for any host, but only to that pod.  It
 * is read by this command and by nothing that reads a foreign byte; what signs leaves are
 * authorities below it, each of which can speak for one host (issuers.h).
 */
#include "tools/pod-proxy/ca.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-proxy/cmds.h"
#include "tools/pod-proxy/issuers.h"

#define NEW      "ca.new"
#define DAY      86400L
#define LIFETIME (5 * 365 * DAY)
#define LEFT     (90 * DAY) /* made anew when it has no more than this */
#define EARLY    DAY        /* clocks of pods are the host's, those of images in them may not be */

static bool lasts(const X509 *crt)
{
	time_t then = time(NULL) + LEFT;

	return X509_cmp_time(X509_get0_notAfter(crt), &then) > 0 &&
	       X509_cmp_current_time(X509_get0_notBefore(crt)) < 0;
}

static void hash_text(X509 *crt, char out[16])
{
	snprintf(out, 16, "%08lx", X509_subject_name_hash(crt));
}

/* Of one pod: its own, and the key of those below it. */
struct ca {
	struct pair root;
	EVP_PKEY *issuer;
};

static void ca_finish(struct ca *c)
{
	pair_finish(&c->root);
	EVP_PKEY_free(c->issuer);
	c->issuer = NULL;
}

/* A key that belongs to its certificate, which is valid for a while and can sign authorities, a key
 * for these, and its hash beside them. */
static bool load(struct ca *c, int dir)
{
	char hash[16], found[16];

	c->issuer = crt_key(dir, ISSUERS_KEY);
	if (!c->issuer || !pair_load(&c->root, dir, "crt", "key") || !lasts(c->root.crt) ||
	    X509_get_pathlen(c->root.crt) != 1 ||
	    read_line_at(dir, "hash", found, sizeof(found)) < 0)
		return false;
	hash_text(c->root.crt, hash);
	return strcmp(hash, found) == 0;
}

/* --- making one --- */

static bool set_name(X509 *crt, const char *pod)
{
	unsigned char tail[4];
	X509_NAME *name = X509_get_subject_name(crt);
	OWN_FREE char *cn = NULL;

	if (RAND_bytes(tail, sizeof(tail)) != 1)
		return false;
	/* A common name has 64 characters at most; nothing depends on the pod's being whole. */
	cn = xfmt("%.40s %02x%02x%02x%02x", pod, tail[0], tail[1], tail[2], tail[3]);
	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (unsigned char *)"envpod pod CA",
					  -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (unsigned char *)cn, -1, -1,
					  0) == 1 &&
	       X509_set_issuer_name(crt, name) == 1;
}

static int ca_make(struct pair *c, const char *pod, struct err *e)
{
	c->key = EVP_EC_gen("P-256");
	c->crt = X509_new();
	if (!c->key || !c->crt || X509_set_version(c->crt, X509_VERSION_3) != 1 ||
	    !crt_number(c->crt) || !set_name(c->crt, pod) ||
	    !X509_gmtime_adj(X509_getm_notBefore(c->crt), -EARLY) ||
	    !X509_gmtime_adj(X509_getm_notAfter(c->crt), LIFETIME) ||
	    X509_set_pubkey(c->crt, c->key) != 1 ||
	    !crt_extend(c->crt, c->crt, NID_basic_constraints, "critical,CA:TRUE,pathlen:1") ||
	    !crt_extend(c->crt, c->crt, NID_key_usage, "critical,keyCertSign") ||
	    !crt_extend(c->crt, c->crt, NID_ext_key_usage, "serverAuth") ||
	    !crt_extend(c->crt, c->crt, NID_subject_key_identifier, "hash") ||
	    X509_sign(c->crt, c->key, EVP_sha256()) == 0)
		return err_set(e, ERR_PLAIN, "make a CA for pod %s: OpenSSL could not", pod);
	return 0;
}

/* --- putting it there --- */

static int write_bio(int dir, const char *name, BIO *from, int mode, struct err *e)
{
	char *data;
	long len = BIO_get_mem_data(from, &data);
	int r = len > 0 ? write_file_at(dir, name, data, (size_t)len, mode, true) : -ENOMEM;

	OPENSSL_cleanse(data, len > 0 ? (size_t)len : 0);
	return r < 0 ? err_set(e, -r, "write ca/%s", name) : 0;
}

static int write_crt(int dir, const struct pair *c, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int r = bio && PEM_write_bio_X509(bio, c->crt) == 1 ? write_bio(dir, "crt", bio, 0644, e)
							    : err_set(e, ENOMEM, "write ca/crt");

	BIO_free(bio);
	return r;
}

static int write_key(int dir, const char *name, EVP_PKEY *key, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int r = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1
			? write_bio(dir, name, bio, 0600, e)
			: err_set(e, ENOMEM, "write ca/%s", name);

	BIO_free(bio);
	return r;
}

static int write_hash(int dir, const struct pair *c, struct err *e)
{
	char text[16] = "";
	int r;

	hash_text(c->crt, text);
	text[strlen(text)] = '\n'; /* eight digits: there is room, and all the rest are NUL */
	r = write_file_at(dir, "hash", text, strlen(text), 0644, true);
	return r < 0 ? err_set(e, -r, "write ca/hash") : 0;
}

/* In one step: a crash leaves the old authority or the new one, never a part of each. */
static int put(const struct pod *p, struct err *e)
{
	if (renameat2(p->dir, NEW, p->dir, "ca", RENAME_EXCHANGE) == 0) {
		int r = remove_tree_at(p->dir, NEW);

		return r < 0 ? err_set(e, -r, "remove %s/" NEW, p->path) : 0;
	}
	if (errno != ENOENT || renameat(p->dir, NEW, p->dir, "ca") < 0)
		return err_set(e, errno, "put %s/ca in place", p->path);
	return 0;
}

static int make_dir(const struct pod *p, struct err *e)
{
	OWN_FD int dir = -1;
	int r = remove_tree_at(p->dir, NEW);

	if (r == 0 && mkdirat(p->dir, NEW, 0700) < 0)
		r = -errno;
	if (r == 0)
		dir = openat(p->dir, NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (r < 0 || dir < 0)
		return err_set(e, r < 0 ? -r : errno, "make %s/" NEW, p->path);
	return take_fd(&dir);
}

static int make(struct ca *c, const struct pod *p, struct err *e)
{
	OWN_FD int dir = make_dir(p, e);
	int r = dir;

	ca_finish(c);
	if (r >= 0)
		r = ca_make(&c->root, p->name, e);
	c->issuer = r == 0 ? EVP_EC_gen("P-256") : NULL;
	if (r == 0 && !c->issuer)
		r = err_set(e, ENOMEM, "make a key");
	if (r == 0)
		r = write_key(dir, "key", c->root.key, e);
	if (r == 0)
		r = write_key(dir, ISSUERS_KEY, c->issuer, e);
	if (r == 0)
		r = write_crt(dir, &c->root, e);
	if (r == 0)
		r = write_hash(dir, &c->root, e);
	return r < 0 ? r : put(p, e);
}

/* Not the pod's lock: whoever has that may be waiting for the injector, who needs an authority. */
static int lock(const struct pod *p, struct err *e)
{
	OWN_FD int fd = openat(p->dir, "ca.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_set(e, errno, "lock %s/ca.lock", p->path);
	return take_fd(&fd);
}

int ca_settle(const struct pod *p, bool anew, struct err *e)
{
	OWN(ca_finish) struct ca c = {.issuer = NULL};
	OWN_FD int held = lock(p, e), dir = -1;
	int r = 0;

	if (held < 0)
		return held;
	dir = openat(p->dir, "ca", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 && errno != ENOENT)
		return err_set(e, errno, "open %s/ca", p->path);
	if (dir < 0 || anew || !load(&c, dir))
		r = make(&c, p, e);
	return r == 0 ? issuers_settle(p, &c.root, c.issuer, e) : r;
}

int cmd_ca(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	bool anew = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 0, "renew", &anew, NULL, "make another one, also where one is there"},
		{0},
	};
	const struct opt_usage usage = {"pod-proxy ca [--renew] POD",
					"Make the certificate authority of a pod, if it has none.",
					1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_check_caller(&e) < 0 || pod_open(&p, argv[0], &e) < 0 ||
	    ca_settle(&p, anew, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
