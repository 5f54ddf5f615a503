/* SPDX-License-Identifier: Apache-2.0 */
/* The keys by which somebody elsewhere proves this host's logs. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "libcommon/sealkeys.h"
#include "tools/pod-audit/keyfile.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/signkey.h"

#define NAME "verification-key"

/* Printed, and written down there, before it is removed here. */
static int take(const struct sealkeys *k, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN(keyfile_finish) struct keyfile file = {0};
	int r = read_file_at(k->dir, NAME, &b, KEYFILE_MAX);

	if (r == -ENOENT) {
		say_error("the verification key of this host was taken away already");
		return POD_EXIT_NO;
	}
	if (r == 0)
		r = keyfile_parse(&file, b.data, b.len);
	if (r == 0)
		r = write_full(STDOUT_FILENO, b.data, b.len);
	if (b.data)
		sodium_memzero(b.data, b.cap);
	if (r == 0 && fsync(STDOUT_FILENO) < 0 && errno != EINVAL && errno != EROFS)
		r = -errno;
	if (r == 0 && (unlinkat(k->dir, NAME, 0) < 0 || fsync(k->dir) < 0))
		r = -errno;
	return r < 0 ? say_err((err_set(e, -r, "take the verification key of this host"), e))
		     : POD_EXIT_OK;
}

/* As it stands in sign.pub; origins of checkpoints begin with its name. */
static int show(struct err *e)
{
	OWN(signkey_finish) struct signkey sign = {0};
	OWN_FREE char *path = xfmt("%s/keys/audit/" NAME, pod_state_dir());
	OWN_BUF struct buf public = BUF_INIT;

	if (signkey_open(&sign, e) < 0)
		return say_err(e);
	note_key_write(&sign.key, &public);
	printf("verification key: %s\n", access(path, F_OK) == 0
						 ? "still on this host; take it away with --take"
						 : "taken away");
	printf("public key: %s\n", public.data);
	return POD_EXIT_OK;
}

int cmd_key(int argc, char **argv)
{
	OWN(sealkeys_finish) struct sealkeys keys = SEALKEYS_INIT;
	struct err e = {0};
	bool taken = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "take", &taken, NULL,
		 "print the verification key, and remove it from this host"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-audit key [--take]",
		"Show the keys that prove this host's logs elsewhere, or take one away.", 0, 0, 0};

	opt_parse(opts, &usage, argc, argv);
	if (sodium_init() < 0)
		die(POD_EXIT_FAILED, "start libsodium: it refuses");
	if (pod_check_caller(&e) < 0 || pod_state_open(&e) < 0)
		return say_err(&e);
	if (!taken)
		return show(&e);
	return sealkeys_open(&keys, &e) < 0 ? say_err(&e) : take(&keys, &e);
}
