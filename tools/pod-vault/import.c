/* SPDX-License-Identifier: Apache-2.0 */
/* Many secrets at once, from a file or a bundle; and a bundle made of them. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-vault/bundle.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/prompt.h"
#include "tools/pod-vault/store.h"

static int read_all(const char *path, struct secret *data, size_t max, struct err *e)
{
	OWN_FD int own = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : own;

	return fd < 0 ? err_set(e, errno, "open %s", esc(path))
		      : secret_read(data, fd, max, esc(path), e);
}

static int read_bundle(struct puts *p, const struct secret *data, int passphrase_fd, struct err *e)
{
	OWN_SECRET struct secret words = {0};
	int r = prompt_passphrase(&words, passphrase_fd, "Passphrase of the bundle: ", false, e);

	return r == 0 ? bundle_open(p, data->data, data->len, &words, e) : r;
}

/* What a shell or compose would have taken off. */
static void warn_of_quotes(const struct puts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct secret *s = &p->v[i].value;

		if (s->len > 1 && (s->data[0] == '"' || s->data[0] == '\'') &&
		    s->data[s->len - 1] == s->data[0])
			say_warn("the value of %s is in quotes, which are part of it", p->v[i].key);
	}
}

static int read_file(struct puts *p, const char *path, bool bundle, int passphrase_fd,
		     struct err *e)
{
	OWN_SECRET struct secret data = {0};
	int r = read_all(path, &data, bundle ? BUNDLE_MAX : DOTENV_MAX, e);

	if (r < 0)
		return r;
	if (bundle)
		return read_bundle(p, &data, passphrase_fd, e);
	r = dotenv_parse(p, data.data, data.len, strcmp(path, "-") ? path : "stdin", e);
	if (r == 0)
		warn_of_quotes(p);
	return r;
}

int cmd_import(int argc, char **argv)
{
	const char *scope = NULL;
	bool overwrite = false, bundle = false;
	uint64_t fd = UINT64_MAX;
	OWN(target_finish) struct target t = TARGET_INIT;
	OWN_PUTS struct puts p = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME", "into this shared scope, not a pod's own"},
		{OPT_FLAG, 0, "overwrite", &overwrite, NULL,
		 "also those that are there already, which are refused else"},
		{OPT_FLAG, 0, "bundle", &bundle, NULL, "the file is a bundle that export made"},
		{OPT_U64, 0, "passphrase-fd", &fd, "N",
		 "read the bundle's passphrase there, not from the terminal"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault import [OPTION]... POD FILE|-",
		"Put in all that a file of KEY=VALUE lines holds, or nothing of it.", 1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	const char *path = words_after(n, argv, scope, 1, 1)[0];

	if (target_open(&t, argv[0], scope, &e) < 0 ||
	    read_file(&p, path, bundle, opt_fd(fd, -1), &e) < 0)
		return say_err(&e);
	if (p.n == 0)
		die(POD_EXIT_FAILED, "%s holds no secrets", esc(path));
	if (put_all(&t, p.v, p.n, overwrite, &e) < 0 || push_target(&t, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}

/* --- export --- */

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
static int write_bundle(const char *path, const struct buf *data, struct err *e)
{
	OWN_FD int own = strcmp(path, "-") == 0
				 ? -1
				 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int fd = strcmp(path, "-") == 0 ? STDOUT_FILENO : own;
	int r = fd < 0 ? -errno : write_full(fd, data->data, data->len);

	if (r == 0 && own >= 0 && fsync(own) < 0)
		r = -errno;
	if (r < 0 && own >= 0)
		unlink(path);
	return r < 0 ? err_set(e, -r, "write %s", esc(path)) : 0;
}

static int export(const struct target *t, const char *path, int passphrase_fd, struct err *e)
{
	OWN_SECRET struct secret words = {0};
	OWN_BUF struct buf data = BUF_INIT;
	OWN_PUTS struct puts p = {0};
	int r = collect(t, &p, e);

	if (r == 0)
		r = prompt_passphrase(&words, passphrase_fd, "Passphrase for the bundle: ", true,
				      e);
	if (r == 0)
		r = bundle_seal(&p, &words, &data, e);
	return r == 0 ? write_bundle(path, &data, e) : r;
}

int cmd_export(int argc, char **argv)
{
	const char *scope = NULL;
	uint64_t fd = UINT64_MAX;
	OWN(target_finish) struct target t = TARGET_INIT;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME", "of this shared scope, not of a pod's own"},
		{OPT_U64, 0, "passphrase-fd", &fd, "N",
		 "read the bundle's passphrase there, not from the terminal"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault export [OPTION]... POD FILE|-",
		"Write all secrets into a new file, sealed by a passphrase, for import --bundle.",
		1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	const char *path = words_after(n, argv, scope, 1, 1)[0];

	if (target_open(&t, argv[0], scope, &e) < 0 || export(&t, path, opt_fd(fd, -1), &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
