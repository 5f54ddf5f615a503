/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/leaf.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-proxy/issuers.h"

#define HOUR     3600L
#define LIFETIME (24 * HOUR)
#define RENEW    (12 * HOUR)

/* Forward secrecy and authenticated encryption, and nothing else. */
#define CIPHERS                                                                           \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-" \
	"GCM-SHA384"

/* --- one certificate --- */

/* The name is letters, digits, '-', '_' and '.' (name_copy()): it cannot say anything else here.
 * The subject stays empty, so that a name of any length fits; the alternative name is critical
 * then. */
static bool fill(X509 *crt, X509 *issuer, const struct leaves *l, const char *name)
{
	char alt[NAME_TEXT + 32];

	snprintf(alt, sizeof(alt), "critical,DNS:%s", name);
	return X509_set_version(crt, X509_VERSION_3) == 1 && crt_number(crt) &&
	       X509_set_issuer_name(crt, X509_get_subject_name(issuer)) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(crt), -HOUR) &&
	       X509_gmtime_adj(X509_getm_notAfter(crt), LIFETIME) &&
	       X509_set_pubkey(crt, l->key) == 1 &&
	       crt_extend(crt, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       crt_extend(crt, issuer, NID_key_usage, "critical,digitalSignature") &&
	       crt_extend(crt, issuer, NID_ext_key_usage, "serverAuth") &&
	       crt_extend(crt, issuer, NID_subject_alt_name, alt) &&
	       crt_extend(crt, issuer, NID_subject_key_identifier, "hash") &&
	       (issuer == crt || crt_extend(crt, issuer, NID_authority_key_identifier, "keyid")) &&
	       X509_sign(crt, l->issuer, EVP_sha256()) > 0;
}

/* --- a context around it --- */

/* The best of ours that the client has; a client that names only others is told so. */
static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		  const unsigned char *in, unsigned in_len, void *arg)
{
	const struct leaves *l = arg;

	(void)ssl;
	if (SSL_select_next_proto((unsigned char **)out, out_len, l->alpn, l->alpn_len, in,
				  in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context(struct leaves *l, X509 *crt, X509 *issuer)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose, l);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"envpod", 6) == 1 &&
	    SSL_CTX_use_certificate(ctx, crt) == 1 && SSL_CTX_use_PrivateKey(ctx, l->key) == 1 &&
	    SSL_CTX_add1_chain_cert(ctx, issuer) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* issuer NULL: itself */
static SSL_CTX *make(struct leaves *l, X509 *issuer, const char *name)
{
	X509 *crt = X509_new(), *by = issuer ? issuer : crt;
	SSL_CTX *ctx = crt && fill(crt, by, l, name) ? context(l, crt, by) : NULL;

	X509_free(crt);
	ERR_clear_error();
	return ctx;
}

SSL_CTX *leaves_rehearsal(struct leaves *l)
{
	return make(l, NULL, "localhost");
}

bool leaves_stale(const struct leaves *l)
{
	return l->overdue || issuers_others(l->policy, l->issuer);
}

static bool is_valid_now(const X509 *crt)
{
	return X509_cmp_current_time(X509_get0_notBefore(crt)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(crt)) > 0;
}

/*
 * An authority that was made anew meanwhile has another key: that is for the next injector.  So is
 * one of a day that has not come, by a clock that was put right since.
 */
static SSL_CTX *make_signed(struct leaves *l, const char *name)
{
	X509 *issuer = issuers_find(l->policy, name);
	bool ours = issuer && X509_check_private_key(issuer, l->issuer) == 1;
	SSL_CTX *ctx = NULL;

	if (ours && is_valid_now(issuer))
		ctx = make(l, issuer, name);
	else if (ours)
		l->overdue = true;

	X509_free(issuer);
	ERR_clear_error();
	return ctx;
}

/* --- keeping them --- */

/* That of this name, or where one may be put. */
static struct leaf *place(struct leaves *l, const char *name)
{
	struct leaf *oldest = l->v;

	for (size_t i = 0; i < LEAVES; i++) {
		if (l->v[i].ctx && strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
		if (l->v[i].used < oldest->used)
			oldest = &l->v[i];
	}
	return oldest;
}

/* Also when the clock was put back before it was made it is none. */
static bool is_good(const struct leaf *f, const char *name)
{
	time_t now = time(NULL);

	return f->ctx && strcmp(f->name, name) == 0 && now >= f->made && now - f->made <= RENEW;
}

SSL_CTX *leaves_find(struct leaves *l, const char *name)
{
	struct leaf *f = place(l, name);

	if (!is_good(f, name))
		return NULL;
	f->used = ++l->uses;
	return f->ctx;
}

SSL_CTX *leaves_get(struct leaves *l, const char *name)
{
	struct leaf *f = place(l, name);

	if (!is_good(f, name)) {
		SSL_CTX *ctx = make_signed(l, name);

		if (!ctx)
			return NULL;
		SSL_CTX_free(f->ctx);
		*f = (struct leaf){.ctx = ctx, .made = time(NULL)};
		snprintf(f->name, sizeof(f->name), "%s", name);
	}
	f->used = ++l->uses;
	return f->ctx;
}

int leaves_open(struct leaves *l, int dirfd, struct err *e)
{
	OWN_FD int ca = -1;

	*l = (struct leaves){
		.alpn = (const unsigned char *)"\002h2\010http/1.1", .alpn_len = 12, .policy = -1};
	ca = openat(dirfd, "ca", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	l->policy = openat(dirfd, "policy", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (l->policy < 0)
		return err_set(e, errno, "open the pod's policy");
	l->issuer = ca < 0 ? NULL : crt_key(ca, ISSUERS_KEY);
	if (!l->issuer)
		return err_set(e, ERR_PLAIN,
			       "the pod has no certificate authority (pod-proxy ca makes it)");
	l->key = EVP_EC_gen("P-256");
	if (!l->key)
		return err_set(e, ENOMEM, "make a key");
	l->v = xcalloc(LEAVES, sizeof(*l->v));
	return 0;
}

void leaves_finish(struct leaves *l)
{
	for (size_t i = 0; l->v && i < LEAVES; i++)
		SSL_CTX_free(l->v[i].ctx);
	free(l->v);
	EVP_PKEY_free(l->issuer);
	EVP_PKEY_free(l->key);
	own_close(&l->policy);
	*l = (struct leaves){.policy = -1};
}
