/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/vault.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-vault/master.h"

#define INDEX        "index"
#define FILE_MAX     (SEAL_INDEX_MAX + SEAL_ARGV_MAX + 256)
#define LOCK_WAIT_MS 10000
#define ROTATIONS    3 /* that may happen between asking for the key and taking the lock */

void vault_finish(struct vault *v)
{
	index_finish(&v->index);
	secret_finish(&v->master);
	own_close(&v->lock);
	own_close(&v->keys);
	*v = (struct vault)VAULT_INIT;
}

static int open_keys(struct err *e)
{
	OWN_FREE char *path = xfmt("%s/keys", pod_state_dir());
	OWN_FD int fd = -1;
	struct stat st;
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_state_open(e);
	if (r < 0)
		return r;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open %s", path);
	if (st.st_uid != 0 || (st.st_mode & 077))
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "%s must be root's, and nobody else's to look into (chown root, "
				  "chmod 700)",
				  path);
	return take_fd(&fd);
}

static int take_lock(int keys, enum vault_use use, struct err *e)
{
	OWN_FD int fd = openat(keys, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	const struct timespec pause = {0, 10000000};
	int64_t end = clock_ms() + LOCK_WAIT_MS;

	if (fd < 0)
		return err_set(e, errno, "open %s/keys/lock", pod_state_dir());
	while (flock(fd, (use == VAULT_READ ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, errno, "lock %s/keys", pod_state_dir());
		if (clock_ms() >= end)
			return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
					  "another command is working on the vault; try again when "
					  "it is done");
		nanosleep(&pause, NULL);
	}
	return take_fd(&fd);
}

/* -ENOENT: there is none. */
static int load(int keys, struct buf *file, struct seal_head *h, struct err *e)
{
	size_t head_len;
	int r;

	buf_clear(file);
	r = read_file_at(keys, INDEX, file, FILE_MAX);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_set(e, -r, "read %s/keys/" INDEX, pod_state_dir());
	r = seal_head_read(SEAL_INDEX, file->data, file->len, h, &head_len, e);
	return r < 0 ? err_wrap(e, "%s/keys/" INDEX " is damaged", pod_state_dir()) : 0;
}

int vault_head(struct seal_head *h, struct err *e)
{
	OWN_BUF struct buf file = BUF_INIT;
	OWN_FD int keys = open_keys(e);

	return keys < 0 ? keys : load(keys, &file, h, e);
}

static int parse(struct vault *v, const struct buf *file, struct err *e)
{
	OWN_SECRET struct secret text = {0};
	int r = seal_index_open(SEAL_INDEX, file->data, file->len,
				(const unsigned char *)v->master.data, &text, e);

	if (r == 0)
		r = index_parse(&v->index, text.data, text.len, e);
	return r < 0 ? err_wrap(e, "%s/keys/" INDEX " is damaged or forged", pod_state_dir()) : 0;
}

/* Nothing was ever put in: an empty index; whoever writes needs a key for it. */
static int begin(struct vault *v, enum vault_use use, struct err *e)
{
	v->is_new = true;
	if (use == VAULT_READ)
		return 0;
	seal_head_new(&v->head, SEAL_FILE);
	return master_make(v->keys, &v->head, NULL, &v->master, e);
}

/*
 * The key first, then the lock: nobody waits for a person.  Rotated in between: 1.
 */
static int try_open(struct vault *v, enum vault_use use, int passphrase_fd, struct err *e)
{
	OWN_BUF struct buf file = BUF_INIT;
	struct seal_head before;
	int r = load(v->keys, &file, &before, e);

	if (r == 0)
		r = master_get(v->keys, &before, passphrase_fd, &v->master, e);
	if (r < 0 && r != -ENOENT)
		return r;
	v->lock = take_lock(v->keys, use, e);
	if (v->lock < 0)
		return v->lock;
	if (load(v->keys, &file, &v->head, e) == -ENOENT)
		return r == -ENOENT ? begin(v, use, e) : 1;
	if (e->code || e->msg[0])
		return -EINVAL;
	if (r == -ENOENT || memcmp(before.key_id, v->head.key_id, SEAL_ID) != 0)
		return 1;
	r = parse(v, &file, e);
	return r == 0 && use == VAULT_WRITE ? master_settle(v->keys, &v->head, e) : r;
}

int vault_open(struct vault *v, enum vault_use use, int passphrase_fd, struct err *e)
{
	int keys, r = 1;

	for (int i = 0; i < ROTATIONS && r == 1; i++) {
		vault_finish(v);
		keys = v->keys = open_keys(e);
		r = keys < 0 ? keys : try_open(v, use, passphrase_fd, e);
	}
	if (r == 1)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "the vault's master key is being changed; try again");
	return r;
}

int vault_commit(struct vault *v, struct err *e)
{
	OWN_SECRET struct secret text = {0};
	OWN_BUF struct buf file = BUF_INIT;
	int r = index_format(&v->index, &text, e);

	if (r < 0)
		return r;
	v->head.generation++;
	seal_index(SEAL_INDEX, &v->head, (const unsigned char *)v->master.data, text.data, text.len,
		   &file);
	r = write_file_at(v->keys, INDEX, file.data, file.len, 0600, true);
	if (r < 0)
		return err_set(e, -r, "write %s/keys/" INDEX, pod_state_dir());
	return master_settle(v->keys, &v->head, e);
}
