/* SPDX-License-Identifier: Apache-2.0 */
/* The two calls of keyutils(7) that are needed, without its library. */
#include "tools/pod-vault/keyring.h"

#include <linux/keyctl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"

#define NAME_LEN (13 + 2 * SEAL_ID + 1)

static void name_of(const unsigned char id[SEAL_ID], char out[NAME_LEN])
{
	memcpy(out, "envpod-vault:", 13);
	secret_hex(out + 13, id, SEAL_ID);
}

static long find(const unsigned char id[SEAL_ID])
{
	char name[NAME_LEN];

	name_of(id, name);
	return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);
}

int keyring_put(const unsigned char *key, uint64_t seconds, struct err *e)
{
	unsigned char id[SEAL_ID];
	char name[NAME_LEN];
	long serial;

	seal_key_id(key, id);
	name_of(id, name);
	serial = syscall(SYS_add_key, "user", name, key, (size_t)SEAL_KEY, KEY_SPEC_USER_KEYRING);
	if (serial < 0 ||
	    (seconds && syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, serial, (unsigned)seconds) < 0))
		return err_status(e, POD_EXIT_UNSUPPORTED, errno,
				  "keep the key in the kernel's keyring");
	return 0;
}

int keyring_get(const unsigned char id[SEAL_ID], struct secret *key, struct err *e)
{
	long serial = find(id), n;
	int r;

	if (serial < 0)
		return -ENOKEY;
	r = secret_new(key, SEAL_KEY, e);
	if (r < 0)
		return r;
	n = syscall(SYS_keyctl, KEYCTL_READ, serial, key->data, (size_t)SEAL_KEY, 0);
	if (n == SEAL_KEY)
		return 0;
	secret_finish(key);
	return -ENOKEY;
}

bool keyring_drop(const unsigned char id[SEAL_ID])
{
	long serial = find(id);

	if (serial < 0)
		return false;
	syscall(SYS_keyctl, KEYCTL_REVOKE, serial);
	return syscall(SYS_keyctl, KEYCTL_UNLINK, serial, KEY_SPEC_USER_KEYRING) == 0;
}
