/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/issuers.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-proxy/sites.h"

#define FILE_NAME  "issuers"
#define FIRST_LINE "envpod-issuers 1\n"
#define LAST_LINE  "end\n"
#define FILE_MAX   (16u << 20)
#define ORG        "envpod pod CA"

/* --- reading --- */

/* The certificate behind the line "domain NAME". */
static X509 *find_exact(const struct buf *b, const char *name)
{
	OWN_FREE char *line = xfmt("\ndomain %s\n", name);
	const char *at = strstr(b->data, line);
	BIO *bio = at ? BIO_new_mem_buf(at, (int)(b->len - (size_t)(at - b->data))) : NULL;
	X509 *crt = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return crt;
}

static bool load(int policy, struct buf *b)
{
	size_t first = strlen(FIRST_LINE);

	return read_file_at(policy, FILE_NAME, b, FILE_MAX) == 0 && b->len > first &&
	       strlen(b->data) == b->len && strncmp(b->data, FIRST_LINE, first) == 0;
}

X509 *issuers_find(int policy, const char *name)
{
	OWN_BUF struct buf b = BUF_INIT;
	X509 *crt = NULL;

	if (!load(policy, &b))
		return NULL;
	for (; name && !crt; name = strchr(name, '.') ? strchr(name, '.') + 1 : NULL)
		crt = find_exact(&b, name);
	return crt;
}

bool issuers_others(int policy, EVP_PKEY *key)
{
	OWN_BUF struct buf b = BUF_INIT;
	BIO *bio = load(policy, &b) ? BIO_new_mem_buf(b.data, (int)b.len) : NULL;
	X509 *crt = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL; /* the first */
	bool others = crt && X509_check_private_key(crt, key) != 1;

	X509_free(crt);
	BIO_free(bio);
	ERR_clear_error();
	return others;
}

/* --- making --- */

static bool set_names(X509 *crt, const X509 *root, const char *domain)
{
	X509_NAME *name = X509_get_subject_name(crt);
	/* A common name has 64 characters at most; the constraint has the whole of it. */
	OWN_FREE char *cn = xfmt("%.64s", domain);

	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (unsigned char *)ORG, -1, -1,
					  0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (unsigned char *)cn, -1, -1,
					  0) == 1 &&
	       X509_set_issuer_name(crt, X509_get_subject_name(root)) == 1;
}

/* The domain is letters, digits, '-', '_' and '.': it cannot say anything else here. */
static bool constrain(X509 *crt, X509 *root, const char *domain)
{
	OWN_FREE char *names = xfmt("critical,permitted;DNS:%s,excluded;IP:0.0.0.0/0.0.0.0,"
				    "excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0",
				    domain);

	return crt_extend(crt, root, NID_name_constraints, names);
}

static X509 *make(const struct pair *root, EVP_PKEY *key, const char *domain)
{
	X509 *crt = X509_new();

	if (crt && X509_set_version(crt, X509_VERSION_3) == 1 && crt_number(crt) &&
	    set_names(crt, root->crt, domain) &&
	    X509_set1_notBefore(crt, X509_get0_notBefore(root->crt)) == 1 &&
	    X509_set1_notAfter(crt, X509_get0_notAfter(root->crt)) == 1 &&
	    X509_set_pubkey(crt, key) == 1 &&
	    crt_extend(crt, root->crt, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    crt_extend(crt, root->crt, NID_key_usage, "critical,keyCertSign") &&
	    crt_extend(crt, root->crt, NID_ext_key_usage, "serverAuth") &&
	    constrain(crt, root->crt, domain) &&
	    crt_extend(crt, root->crt, NID_subject_key_identifier, "hash") &&
	    crt_extend(crt, root->crt, NID_authority_key_identifier, "keyid") &&
	    X509_sign(crt, root->key, EVP_sha256()) > 0)
		return crt;
	X509_free(crt);
	return NULL;
}

static int add(struct buf *to, const struct pair *root, EVP_PKEY *key, const char *domain,
	       struct err *e)
{
	X509 *crt = make(root, key, domain);
	BIO *bio = crt ? BIO_new(BIO_s_mem()) : NULL;
	char *data = NULL;
	long len = bio && PEM_write_bio_X509(bio, crt) == 1 ? BIO_get_mem_data(bio, &data) : 0;

	buf_fmt(to, "domain %s\n", domain);
	buf_add(to, data, len > 0 ? (size_t)len : 0);
	BIO_free(bio);
	X509_free(crt);
	return len > 0 ? 0 : err_set(e, ERR_PLAIN, "sign an authority for %s", domain);
}

/* Those where TLS is ended, each once. */
static void domains(const struct sites *s, struct strv *all)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].port != 80 && !strv_has(all, s->v[i].domain))
			strv_add(all, s->v[i].domain);
}

/* --- is it that already? --- */

static bool same_domains(const struct buf *b, const struct strv *all)
{
	static const char word[] = "\ndomain ";
	const char *at = b->data;
	size_t n = 0;

	for (; (at = strstr(at, word)); n++) {
		at += sizeof(word) - 1;
		if (n == all->n || strncmp(at, all->v[n], strlen(all->v[n])) != 0 ||
		    at[strlen(all->v[n])] != '\n')
			return false;
	}
	return n == all->n;
}

/* All were made at a time: the first speaks for them. */
static bool is_current(int policy, const struct strv *all, const struct pair *root, EVP_PKEY *key)
{
	OWN_BUF struct buf b = BUF_INIT;
	EVP_PKEY *by = X509_get0_pubkey(root->crt);
	bool good;
	X509 *crt;

	if (!load(policy, &b) || !same_domains(&b, all))
		return false;
	if (all->n == 0)
		return true;
	crt = find_exact(&b, all->v[0]);
	good = crt && X509_check_private_key(crt, key) == 1 && X509_verify(crt, by) == 1;
	X509_free(crt);
	return good;
}

static int renew(const struct pod *p, int policy, const struct strv *all, const struct pair *root,
		 EVP_PKEY *key, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = 0;

	buf_str(&b, FIRST_LINE);
	for (size_t i = 0; i < all->n && r == 0; i++)
		r = add(&b, root, key, all->v[i], e);
	buf_str(&b, LAST_LINE);
	if (r == 0 && b.len > FILE_MAX)
		r = err_set(e, EFBIG, "write %s/policy/" FILE_NAME, p->path);
	if (r < 0)
		return r;
	/* The injector reads it when it is nobody any more; there is no secret in it. */
	r = write_file_at(policy, FILE_NAME, b.data, b.len, 0644, true);
	return r < 0 ? err_set(e, -r, "write %s/policy/" FILE_NAME, p->path) : 0;
}

int issuers_settle(const struct pod *p, const struct pair *root, EVP_PKEY *key, struct err *e)
{
	OWN_FD int policy =
		openat(p->dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN(sites_finish) struct sites s = {.n = 0};
	OWN_STRV struct strv all = {0};
	int r;

	if (policy < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s/policy", p->path);
	r = sites_read(&s, policy, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	domains(&s, &all);
	return is_current(policy, &all, root, key) ? 0 : renew(p, policy, &all, root, key, e);
}
