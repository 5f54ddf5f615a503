/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define UNSEEN "covers more events than the log has: its end was cut off, or it was replaced"

void proofs_finish(struct proofs *p)
{
	free(p->v);
	*p = (struct proofs){0};
}

static struct proof *add(struct proofs *p, const char *file)
{
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	p->v[p->n] = (struct proof){.file = file};
	return &p->v[p->n++];
}

/* "envpod/HOST/web/3" for "/web/3", or for "/web/"; "envpod/HOST/web" for that one, too. */
static bool is_of(const struct note *n, const char *origin)
{
	size_t len = strlen(origin), all = strlen(n->origin);
	const char *at;

	if (origin[len - 1] != '/')
		return all > len && strcmp(n->origin + all - len, origin) == 0;
	at = memmem(n->origin, all, origin, len - 1);
	at = at ? at + len - 1 : "?";
	return !*at || (*at == '/' && at[1 + strspn(at + 1, "0123456789")] == '\0');
}

static bool is_believed(const struct note *n, const struct note_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		if (note_is_signed(n, &keys->v[i]))
			return true;
	return false;
}

static void take_notes(struct proofs *p, const char *file, const struct buf *text,
		       const char *origin, const struct note_keys *keys)
{
	const char *at = text->data, *end = at + text->len;
	size_t before = p->n;
	struct note n;

	while (at && note_next(&n, &at, end)) {
		struct proof *proof;

		if (!is_of(&n, origin))
			continue;
		proof = add(p, file);
		proof->size = n.size;
		memcpy(proof->root, n.root, TREE_HASH);
		proof->fault = n.size ? UNSEEN : NULL;
		if (!is_believed(&n, keys))
			proof->fault = keys->n ? "is not signed by a key that is believed"
					       : "cannot be believed: there is no public key here "
						 "(--key with the line of pod-audit key)";
	}
	if (p->n == before)
		add(p, file)->fault = "holds no checkpoint of this log";
}

int proofs_read(struct proofs *p, const struct strv *files, const char *origin,
		const struct note_keys *keys, struct err *e)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *file = files->v[i];
		bool standard = strcmp(file, "-") == 0;
		OWN_FD int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					 : open(file, O_RDONLY | O_CLOEXEC);
		OWN_BUF struct buf b = BUF_INIT;
		int r = fd < 0 ? -errno : read_fd(fd, &b, NOTE_FILE);

		if (r < 0)
			return err_set(e, -r, "read checkpoints of %s", esc(file));
		take_notes(p, file, &b, origin, keys);
	}
	return 0;
}

static void look(struct proof *proof, const struct tree *t)
{
	unsigned char root[TREE_HASH];

	if (!proof->fault || strcmp(proof->fault, UNSEEN) != 0)
		return;
	tree_root(t, root);
	proof->fault = memcmp(root, proof->root, TREE_HASH) == 0
			       ? NULL
			       : "is of other events than the log begins with now";
}

static int by_size(const void *a, const void *b)
{
	const struct proof *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

int proofs_check(struct proofs *p, struct source *s, struct err *e)
{
	struct tree t = {0};
	struct line *l;
	size_t due = 0;
	int r;

	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), by_size);
	source_rewind(s);
	while ((r = source_next(s, &l, e)) > 0 && !l->torn && !l->long_) {
		while (due < p->n && p->v[due].size <= t.size)
			due++;
		tree_add(&t, l->text, l->len);
		for (size_t i = due; i < p->n && p->v[i].size == t.size; i++)
			look(&p->v[i], &t);
	}
	p->lines = t.size;
	return r < 0 ? r : 0;
}

bool proofs_hold(const struct proofs *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].fault)
			return false;
	return true;
}

uint64_t proofs_anchored(const struct proofs *p)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].fault && p->v[i].size > lines)
			lines = p->v[i].size;
	return lines;
}
