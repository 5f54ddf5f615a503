/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/trust.h"

#include <stddef.h>

const char *const trust_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Alpine, Gentoo */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
	"/var/lib/ca-certificates/ca-bundle.pem",            /* openSUSE */
	"/etc/ca-certificates/extracted/tls-ca-bundle.pem",  /* Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",                  /* RHEL 6 */
	"/etc/ssl/cert.pem",                                 /* Alpine without its bundle, BSDs */
	NULL,
};

/* On Fedora /etc/ssl/certs is a link to the last one's directory. */
const char *const trust_alone[] = {
	TRUST_ANCHOR,
	"/etc/ssl/certs/envpod.pem",
	"/etc/pki/tls/certs/envpod.pem",
	NULL,
};

/* Each was tried alone, or is what the program's manual says, where it is not packaged. */
const struct trust_variable trust_variables[] = {
	{"SSL_CERT_FILE", TRUST_THE_BUNDLE, NULL},  /* OpenSSL, Go, python, rustls-native-certs */
	{"CURL_CA_BUNDLE", TRUST_THE_BUNDLE, NULL}, /* curl of any build, requests */
	{"REQUESTS_CA_BUNDLE", TRUST_THE_BUNDLE, NULL}, /* requests with certifi */
	{"NODE_EXTRA_CA_CERTS", TRUST_THE_ALONE, NULL}, /* node: besides the roots it brings */
	{"GIT_SSL_CAINFO", TRUST_THE_BUNDLE, NULL},     /* git */
	{"PIP_CERT", TRUST_THE_BUNDLE, NULL},           /* pip, with certifi inside */
	{"AWS_CA_BUNDLE", TRUST_THE_BUNDLE, NULL},      /* boto, the AWS client */
	{"CARGO_HTTP_CAINFO", TRUST_THE_BUNDLE, NULL},  /* cargo */
	{"DENO_TLS_CA_STORE", TRUST_SAYS, "system"},    /* deno: not the roots it brings alone */
	{"NIX_SSL_CERT_FILE", TRUST_THE_BUNDLE, NULL},  /* programs of nixpkgs */
	{"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", TRUST_THE_BUNDLE, NULL},   /* gRPC's C core */
	{"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", TRUST_THE_BUNDLE, NULL}, /* gcloud */
	{"UV_NATIVE_TLS", TRUST_SAYS, "true"},                          /* uv: not webpki's roots */
	{0},
};
