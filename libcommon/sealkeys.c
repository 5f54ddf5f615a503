/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/sealkeys.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/unit.h"

void sealkeys_finish(struct sealkeys *k)
{
	own_close(&k->lock);
	own_close(&k->dir);
	*k = (struct sealkeys)SEALKEYS_INIT;
}

static int write_verification_key(int dir, const struct logseal *host)
{
	char text[sizeof(SEALKEYS_WORD) + 2 * LOGSEAL_KEY + 1] = SEALKEYS_WORD;
	const size_t head = sizeof(SEALKEYS_WORD) - 1;
	int r;

	sodium_bin2hex(text + head, (size_t)2 * LOGSEAL_KEY + 1, host->line, LOGSEAL_KEY);
	text[head + (size_t)2 * LOGSEAL_KEY] = '\n';
	r = write_file_at(dir, "verification-key", text, head + (size_t)2 * LOGSEAL_KEY + 1, 0600,
			  true);
	sodium_memzero(text, sizeof(text));
	return r;
}

static int fill(int dir)
{
	OWN_LOGSEAL struct logseal host = {0};
	int r;

	if (getrandom(host.line, LOGSEAL_KEY, 0) != LOGSEAL_KEY)
		return -errno;
	r = logseal_create(dir, &host);
	if (r == 0)
		r = write_verification_key(dir, &host);
	if (r == 0)
		r = write_file_at(dir, "logs", "", 0, 0600, true);
	return r;
}

/* Made whole under another name: nobody sees half of them, and of two makers one is late. */
static int make(int keys)
{
	char name[40];
	OWN_FD int dir = -1;
	int r;

	snprintf(name, sizeof(name), "audit.new.%d", (int)getpid());
	remove_tree_at(keys, name);
	if (mkdirat(keys, name, 0700) < 0)
		return -errno;
	dir = openat(keys, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = dir < 0 ? -errno : fill(dir);
	if (r == 0 && renameat2(keys, name, keys, "audit", RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0)
		remove_tree_at(keys, name);
	else if (fsync(keys) < 0)
		r = -errno;
	return r == -EEXIST ? 0 : r;
}

static int open_keys(int keys)
{
	int dir = openat(keys, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return dir < 0 ? -errno : dir;
}

int sealkeys_open(struct sealkeys *k, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/keys", pod_state_dir());
	OWN_FD int keys = -1;
	int r = 0;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	keys = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (keys < 0)
		return err_set(e, errno, "open %s", path);
	k->dir = open_keys(keys);
	if (k->dir == -ENOENT) {
		r = make(keys);
		k->dir = r < 0 ? r : open_keys(keys);
	}
	if (k->dir < 0)
		return err_set(e, -k->dir, "open the keys of audit logs, %s/audit", path);
	k->lock = openat(k->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->lock < 0 || flock(k->lock, LOCK_EX) < 0)
		return err_set(e, errno, "lock the keys of audit logs");
	return 0;
}

void sealkeys_list(const unsigned char host[LOGSEAL_KEY], const char *line, size_t len,
		   char out[LOGSEAL_HEX])
{
	unsigned char key[LOGSEAL_KEY], sum[(LOGSEAL_HEX - 1) / 2];

	logseal_derive(host, "envpod-seal-list", key);
	crypto_generichash_blake2b(sum, sizeof(sum), (const unsigned char *)line, len, key,
				   LOGSEAL_KEY);
	sodium_bin2hex(out, LOGSEAL_HEX, sum, sizeof(sum));
	sodium_memzero(key, sizeof(key));
}

/* A line that a crash has torn stays, as one of its own. */
static int add_to_list(int dir, const char *line)
{
	OWN_FD int fd =
		openat(dir, "logs", O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	OWN_BUF struct buf b = BUF_INIT;
	struct stat st;
	char last = '\n';
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1))
		return -errno;
	if (last != '\n')
		buf_char(&b, '\n');
	buf_fmt(&b, "%s\n", line);
	r = write_full(fd, b.data, b.len);
	if (r < 0 && ftruncate(fd, st.st_size) < 0) /* half a line, on a full disk */
		return -errno;
	return r < 0 ? r : fdatasync(fd) < 0 ? -errno : 0;
}

static int load(const struct sealkeys *k, struct logseal *host, struct err *e)
{
	int fd = logseal_load(k->dir, host, e);

	if (fd == -ENOENT)
		return err_set(e, ENOENT, "read the key that seals audit logs, keys/audit/seal");
	return fd < 0 ? err_wrap(e, "keys of audit logs") : fd;
}

int sealkeys_next(const struct sealkeys *k, struct logseal *s, struct err *e)
{
	OWN_LOGSEAL struct logseal host = {0};
	OWN_FD int fd = load(k, &host, e);
	unsigned char root[LOGSEAL_KEY];

	if (fd < 0)
		return fd;
	logseal_derive(host.line, "envpod-seal-log", root);
	logseal_begin(s, root, host.log);
	sodium_memzero(root, sizeof(root));
	return 0;
}

static int list(const struct sealkeys *k, const struct logseal *host, const char *pod)
{
	char now[UNIT_TIME_LEN], seal[LOGSEAL_HEX];
	OWN_FREE char *line = NULL, *whole = NULL;

	unit_now(now);
	line = xfmt("%llu %s %s", (unsigned long long)host->log, now, pod);
	sealkeys_list(host->line, line, strlen(line), seal);
	whole = xfmt("%s %s", line, seal);
	return add_to_list(k->dir, whole);
}

/* The list first: it never lacks a log, whatever ends us. */
int sealkeys_turn(const struct sealkeys *k, const char *pod, struct err *e)
{
	OWN_LOGSEAL struct logseal host = {0}, next = {0};
	OWN_FD int fd = load(k, &host, e);
	int r = fd < 0 ? fd : list(k, &host, pod);

	if (fd < 0)
		return fd;
	if (r < 0)
		return err_set(e, -r, "write down that an audit log begins");
	next.log = host.log + 1;
	logseal_derive(host.line, "envpod-seal-host", next.line);
	if (logseal_store(fd, &next) < 0 || fdatasync(fd) < 0)
		return err_set(e, errno, "turn the key that seals audit logs");
	return 0;
}

bool sealkeys_gave(const struct sealkeys *k, const char *pod, uint64_t log)
{
	OWN_LOGSEAL struct logseal host = {0};
	OWN_BUF struct buf b = BUF_INIT;
	struct err e = {0};
	OWN_FD int fd = load(k, &host, &e);
	OWN_FREE char *head = xfmt("%llu ", (unsigned long long)log), *tail = xfmt("Z %s ", pod);
	bool gave = false;

	if (fd < 0 || host.log <= log || read_file_at(k->dir, "logs", &b, 64u << 20) < 0)
		return false;
	for (const char *p = b.data, *nl; (nl = strchr(p, '\n')); p = nl + 1)
		if (strncmp(p, head, strlen(head)) == 0)
			gave = memmem(p, (size_t)(nl - p), tail, strlen(tail)) != NULL;
	return gave;
}
