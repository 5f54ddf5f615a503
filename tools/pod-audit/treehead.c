/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree goes on from where the checkpoint before left it, if the log still has the line that it
 * ended with; else it is made anew, and must lead through the root that was signed last.
 */
#include "tools/pod-audit/treehead.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-audit/signkey.h"
#include "tools/pod-audit/source.h"

struct growth {
	struct tree tree;
	struct tree_place at;
	struct note last; /* the checkpoint before; size 0: none */
	bool fits;        /* the tree has led through its root, or there is none */
};

void treehead_origin(const char *pod, bool has_log, uint64_t log, char out[NOTE_ORIGIN])
{
	if (has_log)
		snprintf(out, NOTE_ORIGIN, "/%s/%" PRIu64, pod, log);
	else
		snprintf(out, NOTE_ORIGIN, "/%s", pod);
}

/* The end of the file is enough: notes are short, and the last whole one counts. */
static int read_last(int kept, struct note *last)
{
	char window[4 * NOTE_TEXT];
	off_t size = lseek(kept, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(window) ? size - (off_t)sizeof(window) : 0;
	ssize_t n = size < 0 ? -1 : pread(kept, window, (size_t)(size - from), from);
	const char *p = window;
	struct note note;

	if (n < 0)
		return -errno;
	while (note_next(&note, &p, window + n))
		*last = note;
	return 0;
}

/* Does the root that was signed last stand where the tree is now? */
static void look(struct growth *g)
{
	unsigned char root[TREE_HASH];

	if (g->last.size == 0 || g->tree.size != g->last.size)
		return;
	tree_root(&g->tree, root);
	g->fits = memcmp(root, g->last.root, TREE_HASH) == 0;
}

/* The line that ends at the place must still say the chain it said. */
static bool is_there(const struct source *s, const struct tree_place *at)
{
	struct record_tail tail;

	return source_line_before(s, at->segment, at->offset, &tail) > 0 &&
	       strcmp(tail.chain, at->chain) == 0;
}

static void resume(struct growth *g, const struct source *s)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (read_file_at(s->dir, "tree", &b, TREE_TEXT_MAX) == 0 &&
	    tree_parse(&g->tree, &g->at, b.data, b.len) == 0 && is_there(s, &g->at)) {
		look(g);
		if (g->fits)
			return;
	}
	memset(&g->tree, 0, sizeof(g->tree));
	g->at = (struct tree_place){0};
}

static int grow(struct growth *g, struct source *s, struct err *e)
{
	struct record_tail tail;
	struct line *l;
	int r = g->tree.size ? source_seek(s, g->at.segment, g->at.offset, e) : 0;

	if (r < 0)
		return r;
	while ((r = source_next(s, &l, e)) > 0 && !l->torn) {
		unsigned segment = record_segment_number(l->segment);

		if (l->long_ || record_tail(l->text, l->len, &tail) < 0)
			return err_status(e, POD_EXIT_NO, ERR_PLAIN,
					  "%s:%" PRIu64 " is no audit line: pod-audit verify says "
					  "more, and nothing is signed",
					  l->segment, l->number);
		if (segment != g->at.segment)
			g->at.offset = 0;
		g->at.segment = segment;
		g->at.offset += l->len + 1;
		memcpy(g->at.chain, tail.chain, sizeof(g->at.chain));
		tree_add(&g->tree, l->text, l->len);
		look(g);
	}
	return r < 0 ? r : 0;
}

/* What is signed must be on disk, also in segments that were filled since. */
static int sync_log(const struct source *s, const struct growth *g, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		char name[32];
		OWN_FD int fd = -1;

		if (s->segments[i] < g->at.segment && g->tree.size)
			continue;
		snprintf(name, sizeof(name), "%06u.jsonl", s->segments[i]);
		fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || fdatasync(fd) < 0)
			return err_set(e, errno, "sync audit segment %s", name);
	}
	return 0;
}

static int sign(const struct growth *g, const struct source *s, struct note *n, struct err *e)
{
	OWN(signkey_finish) struct signkey key = {0};
	char path[NOTE_ORIGIN];
	int r = signkey_open(&key, e);

	if (r < 0)
		return r;
	treehead_origin(s->pod, s->has_seal == 1, s->seal.log, path);
	if (snprintf(n->origin, sizeof(n->origin), "%.180s%.70s", key.key.name, path) >=
	    (int)sizeof(n->origin))
		return err_set(e, ENAMETOOLONG, "name a checkpoint");
	n->size = g->tree.size;
	tree_root(&g->tree, n->root);
	r = note_sign(n, key.seed);
	return r < 0 ? err_set(e, -r, "sign a checkpoint") : 0;
}

/* An empty line behind each; one that a crash has torn is ended before it. */
static int keep(int kept, const struct source *s, const struct growth *g, const struct note *n)
{
	OWN_BUF struct buf note = BUF_INIT, tree = BUF_INIT;
	int r = 0;

	if (g->last.size != n->size || strcmp(g->last.text, n->text) != 0) {
		buf_str(&note, lseek(kept, 0, SEEK_END) > 0 ? "\n" : "");
		note_write(n, &note);
		r = write_full(kept, note.data, note.len);
		if (r == 0 && fdatasync(kept) < 0)
			r = -errno;
	}
	tree_write(&g->tree, &g->at, &tree);
	return r < 0 ? r : write_file_at(s->dir, "tree", tree.data, tree.len, 0600, false);
}

/* With the file of checkpoints locked: nobody makes one meanwhile. */
static int make(int kept, const char *pod, struct note *n, struct err *e)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct growth g = {0};
	int r = read_last(kept, &g.last);

	if (r < 0)
		return err_set(e, -r, "read the checkpoints of pod %s", pod);
	if (source_open(&s, pod, false, e) < 0)
		return -e->code;
	g.fits = g.last.size == 0;
	resume(&g, &s);
	if (sync_log(&s, &g, e) < 0 || grow(&g, &s, e) < 0)
		return -e->code;
	if (!g.fits)
		return err_status(
			e, POD_EXIT_NO, ERR_PLAIN,
			"the log of pod %s is not the one that its checkpoint of %" PRIu64
			" event(s) was made of: pod-audit verify says more, and nothing is "
			"signed",
			pod, g.last.size);
	if (sign(&g, &s, n, e) < 0)
		return -e->code;
	r = keep(kept, &s, &g, n);
	return r < 0 ? err_set(e, -r, "keep a checkpoint of pod %s", pod) : 0;
}

int treehead_make(const char *pod, struct note *n, struct err *e)
{
	OWN_FD int dir = record_open(pod, e);
	OWN_FD int kept =
		dir < 0 ? -1
			: openat(dir, "checkpoints",
				 O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (dir < 0)
		return dir;
	if (kept < 0 || flock(kept, LOCK_EX) < 0)
		return err_set(e, errno, "lock the checkpoints of pod %s", pod);
	return make(kept, pod, n, e);
}
