/* SPDX-License-Identifier: Apache-2.0 */
/* mbedtls_get HOST PATH BUNDLE: one request by mbedTLS, which believes that bundle; the answer, or
 * why not. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what, int r)
{
	char text[200];

	mbedtls_strerror(r, text, sizeof(text));
	printf("%s: %s\n", what, text);
	exit(1);
}

int main(int argc, char **argv)
{
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_net_context net;
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt roots;
	unsigned char text[4096];
	int r;

	if (argc != 4)
		return 64;
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	mbedtls_net_init(&net);
	mbedtls_ssl_init(&ssl);
	mbedtls_ssl_config_init(&config);
	mbedtls_x509_crt_init(&roots);
	r = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0);
	if (r == 0 && mbedtls_x509_crt_parse_file(&roots, argv[3]) < 0)
		r = MBEDTLS_ERR_X509_FILE_IO_ERROR;
	if (r == 0)
		r = mbedtls_net_connect(&net, argv[1], "443", MBEDTLS_NET_PROTO_TCP);
	if (r == 0)
		r = mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
						MBEDTLS_SSL_TRANSPORT_STREAM,
						MBEDTLS_SSL_PRESET_DEFAULT);
	if (r != 0)
		die("prepare", r);
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(&config, &roots, NULL);
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
	r = mbedtls_ssl_setup(&ssl, &config);
	if (r == 0)
		r = mbedtls_ssl_set_hostname(&ssl, argv[1]);
	mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
	if (r == 0)
		r = mbedtls_ssl_handshake(&ssl);
	if (r != 0)
		die("handshake", r);
	snprintf((char *)text, sizeof(text),
		 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", argv[2], argv[1]);
	mbedtls_ssl_write(&ssl, text, strlen((char *)text));
	while ((r = mbedtls_ssl_read(&ssl, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)r, stdout);
	return 0;
}
