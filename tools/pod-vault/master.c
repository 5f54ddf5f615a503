/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/master.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "tools/pod-vault/keyring.h"
#include "tools/pod-vault/prompt.h"

#define FILE_LEN (2 * SEAL_KEY + 1) /* hex digits and a newline */

/* Whoever could write it could have it opened; whoever could read it needs no vault. */
static int check_file(int fd, const char *name, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at %s/keys/%s", pod_state_dir(), name);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 077))
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "the master key %s/keys/%s must be a file of root's that nobody "
				  "else can read (chown root, chmod 600); if others could, set its "
				  "secrets anew after envpod vault rotate",
				  pod_state_dir(), name);
	return 0;
}

static int read_file(int keys, const char *name, struct secret *key, struct err *e)
{
	OWN_SECRET struct secret text = {0};
	OWN_FD int fd = openat(keys, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_set(e, errno, "open the master key %s/keys/%s", pod_state_dir(), name);
	r = check_file(fd, name, e);
	if (r == 0)
		r = secret_read(&text, fd, FILE_LEN, "the master key", e);
	if (r == 0)
		r = secret_new(key, SEAL_KEY, e);
	if (r < 0)
		return r;
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		secret_cut(&text, text.len - 1);
	if (secret_unhex(key->data, SEAL_KEY, text.data, text.len) == 0)
		return 0;
	secret_finish(key);
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "the master key %s/keys/%s is damaged: want %d hex digits",
			  pod_state_dir(), name, 2 * SEAL_KEY);
}

static bool is_key(const struct secret *key, const struct seal_head *h)
{
	unsigned char id[SEAL_ID];

	seal_key_id((const unsigned char *)key->data, id);
	return sodium_memcmp(id, h->key_id, SEAL_ID) == 0;
}

/* A rotation that was cut off leaves the right one under its new name. */
static int from_file(int keys, const struct seal_head *h, struct secret *key, struct err *e)
{
	static const char *const names[] = {MASTER_FILE, MASTER_NEW};
	bool any = false;

	for (size_t i = 0; i < 2; i++) {
		int r = read_file(keys, names[i], key, e);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		if (is_key(key, h))
			return 0;
		secret_finish(key);
		any = true;
	}
	return err_set(
		e, ENOKEY,
		any ? "the master key %s/keys/%s is not the one the vault was sealed by: put "
		      "that one back"
		    : "the master key %s/keys/%s is gone, and without it nothing of the "
		      "vault can be opened: put it back",
		pod_state_dir(), MASTER_FILE);
}

static int derived(const struct seal_head *h, const struct secret *words, struct secret *key,
		   struct err *e)
{
	int r = seal_derive(h, words->data, words->len, key, e);

	if (r < 0 || is_key(key, h))
		return r;
	secret_finish(key);
	return err_set(e, ENOKEY,
		       h->kind == SEAL_COMMAND ? "what the key command prints does not open the "
						 "vault"
					       : "that passphrase does not open the vault");
}

/* Asked once in a process: what follows a change, the injector's feed, needs it again. */
static struct secret known;
static bool never_ask;

void master_never_ask(void)
{
	never_ask = true;
}

static int from_passphrase(const struct seal_head *h, int fd, struct secret *key, struct err *e)
{
	OWN_SECRET struct secret words = {0};
	int r = fd >= 0 ? -ENOKEY : keyring_get(h->key_id, key, e);

	if (r != -ENOKEY)
		return r;
	if (fd < 0 && (never_ask || !prompt_possible()))
		return err_set(e, ENOKEY, "the vault is locked: unlock it (envpod vault unlock)");
	r = prompt_passphrase(&words, fd, "Passphrase of the vault: ", false, e);
	return r < 0 ? r : derived(h, &words, key, e);
}

static int from_command(const struct seal_head *h, struct secret *key, struct err *e)
{
	OWN_SECRET struct secret words = {0};
	int r = keyring_get(h->key_id, key, e);

	if (r != -ENOKEY)
		return r;
	if (never_ask)
		return err_set(e, ENOKEY, "the vault is locked: unlock it (envpod vault unlock)");
	r = prompt_command(&words, h->argv, h->argv_len, e);
	return r < 0 ? r : derived(h, &words, key, e);
}

static int ask(const struct seal_head *h, int passphrase_fd, struct secret *key, struct err *e)
{
	int r = 0;

	if (known.len && is_key(&known, h))
		return secret_copy(key, known.data, known.len, e);
	r = h->kind == SEAL_PASSPHRASE ? from_passphrase(h, passphrase_fd, key, e)
				       : from_command(h, key, e);
	if (r < 0 || known.len)
		return r;
	return secret_copy(&known, key->data, key->len, e);
}

int master_get(int keys, const struct seal_head *h, int passphrase_fd, struct secret *key,
	       struct err *e)
{
	return h->kind == SEAL_FILE ? from_file(keys, h, key, e) : ask(h, passphrase_fd, key, e);
}

/* --- a new one --- */

static int make_file(int keys, struct secret *key, struct err *e)
{
	OWN_SECRET struct secret text = {0};
	int r = secret_new(key, SEAL_KEY, e);

	if (r == 0)
		r = secret_new(&text, FILE_LEN, e);
	if (r < 0)
		return r;
	randombytes_buf(key->data, SEAL_KEY);
	secret_hex(text.data, key->data, SEAL_KEY);
	text.data[FILE_LEN - 1] = '\n';
	r = write_file_at(keys, MASTER_NEW, text.data, FILE_LEN, 0600, true);
	return r < 0 ? err_set(e, -r, "write a master key into %s/keys", pod_state_dir()) : 0;
}

int master_ask(const struct seal_head *h, int passphrase_fd, struct secret *words, struct err *e)
{
	if (h->kind == SEAL_FILE)
		return 0;
	if (h->kind == SEAL_COMMAND)
		return prompt_command(words, h->argv, h->argv_len, e);
	return prompt_passphrase(words, passphrase_fd, "New passphrase of the vault: ", true, e);
}

int master_make(int keys, struct seal_head *h, const struct secret *words, struct secret *key,
		struct err *e)
{
	int r = h->kind == SEAL_FILE ? make_file(keys, key, e)
				     : seal_derive(h, words->data, words->len, key, e);

	if (r == 0)
		seal_key_id((const unsigned char *)key->data, h->key_id);
	return r;
}

static bool is_needed(int keys, const char *name, const struct seal_head *h)
{
	OWN_SECRET struct secret key = {0};
	struct err ignored = {0};

	return h->kind == SEAL_FILE && read_file(keys, name, &key, &ignored) == 0 &&
	       is_key(&key, h);
}

int master_settle(int keys, const struct seal_head *h, struct err *e)
{
	int r = 0;

	if (faccessat(keys, MASTER_NEW, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = is_needed(keys, MASTER_NEW, h) ? renameat(keys, MASTER_NEW, keys, MASTER_FILE)
						   : unlinkat(keys, MASTER_NEW, 0);
	if (r == 0 && h->kind != SEAL_FILE && unlinkat(keys, MASTER_FILE, 0) < 0 && errno != ENOENT)
		r = -1;
	if (r < 0 || fsync(keys) < 0)
		return err_set(e, errno, "put the master key in its place in %s/keys",
			       pod_state_dir());
	return 0;
}
