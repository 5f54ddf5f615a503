/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/cache.h"

#include <fcntl.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"

/* "envpod-cache 1 HASH HEAD\n", HASH being that of the bytes that follow. */
#define MAGIC "envpod-cache 1 "

void cache_hash(const void *data, size_t len, char hex[CACHE_HASH])
{
	unsigned char sum[16];

	crypto_generichash_blake2b(sum, sizeof(sum), data, len, NULL, 0);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

int cache_open(void)
{
	OWN_FREE char *path = xfmt("%s/cache", pod_state_dir());

	mkdir(path, 0700);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

const char *cache_parse(const char *file, size_t len, const char *head, size_t *n)
{
	const size_t front = sizeof(MAGIC) - 1 + CACHE_HASH, nhead = strlen(head);
	char hash[CACHE_HASH];
	const char *data = file + front + nhead + 1;

	if (len < front + nhead + 1 || memcmp(file, MAGIC, sizeof(MAGIC) - 1) != 0 ||
	    file[front - 1] != ' ' || memcmp(file + front, head, nhead) != 0 || data[-1] != '\n')
		return NULL;
	*n = len - (size_t)(data - file);
	cache_hash(data, *n, hash);
	return memcmp(hash, file + sizeof(MAGIC) - 1, CACHE_HASH - 1) == 0 ? data : NULL;
}

bool cache_get(int cache, const char *name, const char *head, struct buf *data)
{
	OWN_BUF struct buf b = BUF_INIT;
	const char *from;
	size_t n;

	buf_clear(data);
	if (cache < 0 || read_file_at(cache, name, &b, CACHE_MAX) < 0)
		return false;
	from = cache_parse(b.data, b.len, head, &n);
	if (from)
		buf_add(data, from, n);
	return from;
}

void cache_put(int cache, const char *name, const char *head, const struct buf *data)
{
	OWN_BUF struct buf b = BUF_INIT;
	char hash[CACHE_HASH];

	if (cache < 0 || strlen(head) > CACHE_HEAD_MAX || strchr(head, '\n') ||
	    data->len > CACHE_MAX / 2)
		return;
	cache_hash(data->data ? data->data : "", data->len, hash);
	buf_fmt(&b, MAGIC "%s %s\n", hash, head);
	buf_add(&b, data->data ? data->data : "", data->len);
	write_file_at(cache, name, b.data, b.len, 0600, false);
}
