/* SPDX-License-Identifier: Apache-2.0 */
/* All secrets of a pod or a scope in one sealed file, for another machine or another person. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-vault/age.h"
#include "tools/pod-vault/bundle.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/prompt.h"
#include "tools/pod-vault/store.h"

static int collect(const struct target *t, struct puts *p, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	const struct scope *s;
	int r = vault_open(&v, VAULT_READ, -1, e);

	if (r < 0)
		return r;
	s = target_scope(t, &v, e);
	for (size_t i = 0; s && i < s->n && r == 0; i++) {
		OWN_SECRET struct secret value = {0};

		r = store_open(t->dir, s, &s->entries[i], &value, e);
		if (r == 0)
			r = puts_add(p, s->entries[i].name, strlen(s->entries[i].name), value.data,
				     value.len, e);
	}
	if (r == 0 && p->n == 0 && !e->msg[0])
		r = err_set(e, ERR_PLAIN, "%s has no secrets", t->name);
	return e->msg[0] ? -EINVAL : r;
}

/* A new file, or standard output. */
static int write_bundle(const char *path, const void *data, size_t len, struct err *e)
{
	OWN_FD int own = strcmp(path, "-") == 0
				 ? -1
				 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int fd = strcmp(path, "-") == 0 ? STDOUT_FILENO : own;
	int r = fd < 0 ? -errno : write_full(fd, data, len);

	if (r == 0 && own >= 0 && fsync(own) < 0)
		r = -errno;
	if (r < 0 && own >= 0)
		unlink(path);
	return r < 0 ? err_set(e, -r, "write %s", esc(path)) : 0;
}

struct seal_ask {
	int passphrase_fd;
	struct strv recipients, files; /* of age; none: by a passphrase */
};

static void seal_ask_finish(struct seal_ask *a)
{
	strv_finish(&a->recipients);
	strv_finish(&a->files);
}

static int seal_for(const struct puts *p, const struct seal_ask *a, const char *path, struct err *e)
{
	OWN_SECRET struct secret text = {0}, sealed = {0};
	int r = bundle_format(p, &text, e);

	if (r == 0)
		r = age_seal(&a->recipients, &a->files, &text, &sealed, e);
	return r == 0 ? write_bundle(path, sealed.data, sealed.len, e) : r;
}

static int seal_by_words(const struct puts *p, const struct seal_ask *a, const char *path,
			 struct err *e)
{
	OWN_SECRET struct secret words = {0};
	OWN_BUF struct buf data = BUF_INIT;
	int r = prompt_passphrase(&words, a->passphrase_fd, "Passphrase for the bundle: ", true, e);

	if (r == 0)
		r = bundle_seal(p, &words, &data, e);
	return r == 0 ? write_bundle(path, data.data, data.len, e) : r;
}

static int export(const struct target *t, const struct seal_ask *a, const char *path, struct err *e)
{
	OWN_PUTS struct puts p = {0};
	int r = collect(t, &p, e);

	if (r < 0)
		return r;
	return a->recipients.n || a->files.n ? seal_for(&p, a, path, e)
					     : seal_by_words(&p, a, path, e);
}

int cmd_export(int argc, char **argv)
{
	const char *scope = NULL, *path;
	uint64_t fd = UINT64_MAX;
	OWN(target_finish) struct target t = TARGET_INIT;
	OWN(seal_ask_finish) struct seal_ask a = {.passphrase_fd = -1};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME", "of this shared scope, not of a pod's own"},
		{OPT_U64, 0, "passphrase-fd", &fd, "N",
		 "read the bundle's passphrase there, not from the terminal"},
		{OPT_LIST, 'r', "recipient", &a.recipients, "KEY",
		 "seal it for the owner of this public key, by age; may be given again"},
		{OPT_LIST, 'R', "recipients-file", &a.files, "FILE",
		 "for those of this file; may be given again"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault export [OPTION]... POD FILE|-",
		"Write all secrets into a new file, sealed by a passphrase, or for recipients.", 1,
		2, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	path = words_after(n, argv, scope, 1, 1)[0];
	a.passphrase_fd = opt_fd(fd, -1);
	if (a.passphrase_fd >= 0 && (a.recipients.n || a.files.n))
		die(POD_EXIT_USAGE, "a bundle is sealed by a passphrase or for recipients");
	if (target_open(&t, argv[0], scope, &e) < 0 || export(&t, &a, path, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
