/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/logseal.h"

#include <fcntl.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"

void logseal_finish(struct logseal *s)
{
	sodium_memzero(s, sizeof(*s));
}

static void keyed(const unsigned char key[LOGSEAL_KEY], const void *data, size_t len,
		  unsigned char *out, size_t size)
{
	crypto_generichash_blake2b_state st;

	crypto_generichash_blake2b_init(&st, key, LOGSEAL_KEY, size);
	crypto_generichash_blake2b_update(&st, data, len);
	crypto_generichash_blake2b_final(&st, out, size);
	sodium_memzero(&st, sizeof(st));
}

void logseal_derive(const unsigned char key[LOGSEAL_KEY], const char *word,
		    unsigned char out[LOGSEAL_KEY])
{
	keyed(key, word, strlen(word), out, LOGSEAL_KEY);
}

static void next_epoch(struct logseal *s)
{
	logseal_derive(s->epoch, "envpod-seal-line", s->line);
	logseal_derive(s->epoch, "envpod-seal-epoch", s->epoch);
}

static void next_line(struct logseal *s)
{
	if (++s->index % LOGSEAL_EPOCH == 0)
		next_epoch(s);
	else
		logseal_derive(s->line, "envpod-seal-next", s->line);
}

void logseal_begin(struct logseal *s, const unsigned char root[LOGSEAL_KEY], uint64_t log)
{
	*s = (struct logseal){.log = log};
	memcpy(s->epoch, root, LOGSEAL_KEY);
	next_epoch(s);
	next_line(s);
}

void logseal_seek(struct logseal *s, uint64_t index)
{
	while (s->index / LOGSEAL_EPOCH < index / LOGSEAL_EPOCH) {
		s->index = (s->index / LOGSEAL_EPOCH + 1) * LOGSEAL_EPOCH;
		next_epoch(s);
	}
	while (s->index < index)
		next_line(s);
}

void logseal_line(struct logseal *s, const char *chain, char out[LOGSEAL_HEX])
{
	unsigned char sum[(LOGSEAL_HEX - 1) / 2];

	keyed(s->line, chain, 64, sum, sizeof(sum));
	sodium_bin2hex(out, LOGSEAL_HEX, sum, sizeof(sum));
	next_line(s);
}

/*
 *     envpod-seal 1 LOG INDEX K E CHECK
 * with LOG and INDEX in ten and twenty digits, K and E in 64 hex digits, CHECK in 16: BLAKE2b-64 of
 * the text before it, for a disk that tore the line.
 */
#define HEAD  "envpod-seal 1 "
#define CHECK 16
#define BODY  (LOGSEAL_TEXT - CHECK - 1) /* up to and with the blank before CHECK */

static void check_of(const char *text, char out[CHECK + 1])
{
	unsigned char sum[CHECK / 2];

	crypto_generichash_blake2b(sum, sizeof(sum), (const unsigned char *)text, BODY, NULL, 0);
	sodium_bin2hex(out, CHECK + 1, sum, sizeof(sum));
}

static void write_text(const struct logseal *s, char text[LOGSEAL_TEXT + 1])
{
	char line[2 * LOGSEAL_KEY + 1], epoch[2 * LOGSEAL_KEY + 1], check[CHECK + 1];

	sodium_bin2hex(line, sizeof(line), s->line, LOGSEAL_KEY);
	sodium_bin2hex(epoch, sizeof(epoch), s->epoch, LOGSEAL_KEY);
	snprintf(text, LOGSEAL_TEXT + 1, HEAD "%010llu %020llu %s %s ", (unsigned long long)s->log,
		 (unsigned long long)s->index, line, epoch);
	check_of(text, check);
	snprintf(text + BODY, CHECK + 2, "%s\n", check);
	sodium_memzero(line, sizeof(line));
	sodium_memzero(epoch, sizeof(epoch));
}

/* Digits of a fixed number, and the blank behind them. */
static int take_number(const char **p, int digits, uint64_t *n)
{
	*n = 0;
	for (; digits > 0; digits--, (*p)++) {
		if (**p < '0' || **p > '9' || *n > UINT64_MAX / 100)
			return -EINVAL;
		*n = *n * 10 + (uint64_t)(**p - '0');
	}
	return *(*p)++ == ' ' ? 0 : -EINVAL;
}

static int take_key(const char **p, unsigned char key[LOGSEAL_KEY])
{
	size_t n;

	if (sodium_hex2bin(key, LOGSEAL_KEY, *p, (size_t)2 * LOGSEAL_KEY, NULL, &n, NULL) != 0 ||
	    n != LOGSEAL_KEY || (*p)[2 * LOGSEAL_KEY] != ' ')
		return -EINVAL;
	*p += 2 * LOGSEAL_KEY + 1;
	return 0;
}

int logseal_parse(struct logseal *s, const char *text, size_t len)
{
	const char *p = text + sizeof(HEAD) - 1;
	char check[CHECK + 1];

	if (len != LOGSEAL_TEXT || memcmp(text, HEAD, sizeof(HEAD) - 1) != 0 ||
	    text[len - 1] != '\n')
		return -EINVAL;
	check_of(text, check);
	if (memcmp(text + BODY, check, CHECK) != 0 || take_number(&p, 10, &s->log) < 0 ||
	    take_number(&p, 20, &s->index) < 0 || take_key(&p, s->line) < 0 ||
	    take_key(&p, s->epoch) < 0)
		return -EINVAL;
	return 0;
}

int logseal_load(int auditfd, struct logseal *s, struct err *e)
{
	OWN_FD int fd = openat(auditfd, "seal", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	char text[LOGSEAL_TEXT + 1];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);
	int r = n < 0 ? -errno : 0;

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_set(e, -r, "read the seal of the audit log");
	r = logseal_parse(s, text, (size_t)n);
	sodium_memzero(text, sizeof(text));
	if (r < 0)
		return err_set(e, ERR_PLAIN,
			       "the seal of the audit log is damaged: its file audit/seal must be "
			       "put back, or removed, from where on lines are not sealed");
	return take_fd(&fd);
}

int logseal_store(int fd, const struct logseal *s)
{
	char text[LOGSEAL_TEXT + 1];
	ssize_t n;

	write_text(s, text);
	n = pwrite(fd, text, LOGSEAL_TEXT, 0);
	sodium_memzero(text, sizeof(text));
	return n == LOGSEAL_TEXT ? 0 : n < 0 ? -errno : -EIO;
}

int logseal_create(int auditfd, const struct logseal *s)
{
	OWN_FD int fd =
		openat(auditfd, "seal", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : logseal_store(fd, s);

	/* Once a log: an empty one, after a loss of power, would stop it for good. */
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}
