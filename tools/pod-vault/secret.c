/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/secret.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"

int secret_begin(struct err *e)
{
	const struct rlimit none = {0, 0}, all = {RLIM_INFINITY, RLIM_INFINITY};

	if (sodium_init() < 0)
		return err_set(e, ERR_PLAIN, "libsodium cannot be used on this machine");
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "keep secrets out of core dumps");
	setrlimit(RLIMIT_MEMLOCK, &all); /* where it fails, secret_new() finds out */
	return 0;
}

int secret_new(struct secret *s, size_t len, struct err *e)
{
	char *data = sodium_malloc(len + 1);

	if (!data)
		return err_set(e, ENOMEM, "make room for a secret");
	/* sodium_malloc() says nothing when it could not lock what it gives. */
	if (mlock(data, len + 1) < 0) {
		sodium_free(data);
		return err_set(e, errno, "lock memory for a secret");
	}
	memset(data, 0, len + 1);
	*s = (struct secret){data, len};
	return 0;
}

void secret_finish(struct secret *s)
{
	sodium_free(s->data); /* wipes, unlocks; NULL is nothing */
	*s = (struct secret){0};
}

int secret_copy(struct secret *s, const void *data, size_t len, struct err *e)
{
	int r = secret_new(s, len, e);

	if (r == 0)
		memcpy(s->data, data, len);
	return r;
}

void secret_cut(struct secret *s, size_t len)
{
	if (len >= s->len)
		return;
	sodium_memzero(s->data + len, s->len - len);
	s->len = len;
}

int secret_read(struct secret *s, int fd, size_t max, const char *what, struct err *e)
{
	ssize_t n;
	int r = secret_new(s, max + 1, e);

	if (r < 0)
		return r;
	n = read_full(fd, s->data, max + 1);
	if (n < 0 || (size_t)n > max) {
		secret_finish(s);
		return n < 0 ? err_set(e, (int)-n, "read %s", what)
			     : err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
					  "%s is longer than %zu bytes", what, max);
	}
	secret_cut(s, (size_t)n);
	return 0;
}

void secret_hex(char *out, const void *data, size_t len)
{
	sodium_bin2hex(out, 2 * len + 1, data, len);
}

int secret_unhex(void *out, size_t len, const char *hex, size_t hex_len)
{
	size_t n;

	if (hex_len != 2 * len || sodium_hex2bin(out, len, hex, hex_len, NULL, &n, NULL) < 0)
		return -EINVAL;
	return n == len ? 0 : -EINVAL;
}
