/* SPDX-License-Identifier: Apache-2.0 */
/* Many secrets at once, from a file or a bundle. */
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

struct source {
	const char *path;
	bool bundle;
	int passphrase_fd;
	struct strv identities; /* of age; any: the file is sealed by it */
};

static void source_finish(struct source *s)
{
	strv_finish(&s->identities);
}

static int read_bundle(struct puts *p, const struct secret *data, const struct source *from,
		       struct err *e)
{
	OWN_SECRET struct secret words = {0}, text = {0};
	int r;

	if (from->identities.n) {
		r = age_open(&from->identities, data, &text, e);
		return r == 0 ? bundle_parse(p, text.data, text.len, e) : r;
	}
	r = prompt_passphrase(&words, from->passphrase_fd, "Passphrase of the bundle: ", false, e);
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

static int read_file(struct puts *p, const struct source *from, struct err *e)
{
	OWN_SECRET struct secret data = {0};
	size_t max = from->identities.n ? AGE_MAX : from->bundle ? BUNDLE_MAX : DOTENV_MAX;
	int r = read_all(from->path, &data, max, e);

	if (r < 0)
		return r;
	if (from->bundle || from->identities.n)
		return read_bundle(p, &data, from, e);
	r = dotenv_parse(p, data.data, data.len, strcmp(from->path, "-") ? from->path : "stdin", e);
	if (r == 0)
		warn_of_quotes(p);
	return r;
}

int cmd_import(int argc, char **argv)
{
	const char *scope = NULL;
	bool overwrite = false;
	uint64_t fd = UINT64_MAX;
	OWN(source_finish) struct source from = {.bundle = false};
	OWN(target_finish) struct target t = TARGET_INIT;
	OWN_PUTS struct puts p = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 's', "scope", &scope, "NAME", "into this shared scope, not a pod's own"},
		{OPT_FLAG, 0, "overwrite", &overwrite, NULL,
		 "also those that are there already, which are refused else"},
		{OPT_FLAG, 0, "bundle", &from.bundle, NULL,
		 "the file is a bundle that export made by a passphrase"},
		{OPT_U64, 0, "passphrase-fd", &fd, "N",
		 "read the bundle's passphrase there, not from the terminal"},
		{OPT_LIST, 'i', "identity", &from.identities, "FILE",
		 "the bundle is sealed for a recipient, and this key of age's opens it"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-vault import [OPTION]... POD FILE|-",
		"Put in all that a file of KEY=VALUE lines holds, or nothing of it.", 1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	from.path = words_after(n, argv, scope, 1, 1)[0];
	from.passphrase_fd = opt_fd(fd, -1);
	if (from.identities.n && from.passphrase_fd >= 0)
		die(POD_EXIT_USAGE, "a bundle is opened by a passphrase or by a key of age's");
	if (target_open(&t, argv[0], scope, &e) < 0 || read_file(&p, &from, &e) < 0)
		return say_err(&e);
	if (p.n == 0)
		die(POD_EXIT_FAILED, "%s holds no secrets", esc(from.path));
	if (put_all(&t, p.v, p.n, overwrite, &e) < 0 || push_target(&t, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
