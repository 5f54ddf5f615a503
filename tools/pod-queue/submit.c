/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-queue govern: a command of ours that must be approved hands itself in, with all its words and
 * what it reads, and a digest of what it would do.  Not for people, and agents cannot call it.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-queue/canon.h"
#include "tools/pod-queue/cmds.h"
#include "tools/pod-queue/desk.h"
#include "tools/pod-queue/note.h"

#define INPUT_MAX (256u << 20)

static int read_input(struct buf *input, char digest[ACTION_HEX], struct err *e)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	int r = read_fd(STDIN_FILENO, input, INPUT_MAX);

	if (r < 0)
		return err_set(e, -r, "read what the command is to be told");
	crypto_hash_sha256(hash, (const unsigned char *)(input->data ? input->data : ""),
			   input->len);
	sodium_bin2hex(digest, ACTION_HEX, hash, sizeof(hash));
	return 0;
}

static int compose(struct action *a, const char *digest, const char *input, char **words,
		   struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT, canonical = BUF_INIT;
	const char *fault;
	size_t at;

	for (char **w = words; *w; w++)
		if (!utf8_ok(*w))
			return err_set(
				e, ERR_PLAIN,
				"%s is no UTF-8: an action cannot say it; give such paths by "
				"--stdin",
				esc(*w));
	jw_open(&b, '{');
	jw_kstr(&b, "digest", digest);
	if (input)
		jw_kstr(&b, "input", input);
	jw_kstrv(&b, "words", words);
	jw_close(&b, '}');
	if (canon_value(&canonical, b.data, b.len, &fault, &at) < 0)
		return err_set(e, ERR_PLAIN, "words: %s", fault);
	if (canonical.len > ACTION_PARAMS)
		return err_set(e, ERR_PLAIN,
			       "more words than an action can hold: give paths by --stdin");
	a->params = buf_take(&canonical);
	return 0;
}

static int keep_input(const struct desk *d, const struct action *a, const struct buf *input,
		      struct err *e)
{
	OWN_FD int dir = -1;
	int r;

	if (!input->len)
		return 0;
	if (mkdirat(d->store.root, "input", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/queue/input", d->pod.path);
	dir = openat(d->store.root, "input", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, errno, "open %s/queue/input", d->pod.path);
	r = write_file_at(dir, a->id, input->data, input->len, 0600, true);
	return r < 0 ? err_set(e, -r, "write %s/queue/input/%s", d->pod.path, a->id) : 0;
}

static int submit(struct desk *d, struct action *a, const struct buf *input, struct err *e)
{
	int r;

	action_new_id(a->id);
	memcpy(a->by, d->who.name, sizeof(a->by));
	a->created = action_now();
	a->until = a->created + (int64_t)plan_u64(&d->plan, "queue.timeout", 86400);
	action_digest(a, "", a->digest);
	r = keep_input(d, a, input, e);
	if (r == 0)
		r = store_lock(&d->store, e);
	if (r == 0)
		r = note_action(&d->pod, "action_submitted", a, a->by, e);
	if (r == 0)
		r = store_add(&d->store, PLACE_STAGED, a, e);
	store_unlock(&d->store);
	return r;
}

int cmd_govern(int argc, char **argv)
{
	OWN(desk_finish) struct desk d = DESK_INIT;
	OWN_ACTION struct action a = {.tier = TIER_STAGED};
	OWN_BUF struct buf input = BUF_INIT;
	const char *digest = NULL;
	char hash[ACTION_HEX];
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "digest", &digest, "HEX", "of what it would do"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-queue govern --digest HEX POD commit|rollback -- WORD...",
		"Hand in a command that waits for approval; its input is ours.", 3, 0, 3};

	opt_parse(opts, &usage, argc, argv);
	if (!digest || !type_find(argv[1]) || !type_is_ours(type_find(argv[1])))
		die(POD_EXIT_USAGE, "govern: %s",
		    digest ? "neither commit nor rollback" : "--digest is missing");
	snprintf(a.name, sizeof(a.name), "%s", argv[1]);
	snprintf(a.type, sizeof(a.type), "%s", argv[1]);
	if (desk_open(&d, argv[0], &e) < 0 || read_input(&input, hash, &e) < 0 ||
	    compose(&a, digest, input.len ? hash : NULL, argv + 2, &e) < 0 ||
	    submit(&d, &a, &input, &e) < 0)
		return say_err(&e);
	printf("%s\n", a.id);
	return say_end(POD_EXIT_OK);
}
