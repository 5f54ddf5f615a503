/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/snapshots.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define FILE_MAX (128u << 10) /* bytes: LAYERS_MAX lines and more */
#define FIND_MIN 4
#define ID_CHARS "0123456789abcdef"
#define TRIES    64

void snapshot_finish(struct snapshot *s)
{
	stack_finish(&s->stack);
}

void snapshots_finish(struct snapshots *s)
{
	for (size_t i = 0; i < s->n; i++)
		snapshot_finish(&s->v[i]);
	free(s->v);
	*s = (struct snapshots){0};
}

static int bad(struct err *e, const char *what)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "snapshot: %s", what);
}

static bool parse_head(struct snapshot *s, const char *line, size_t len)
{
	struct err ignore = {0};
	char text[128], extra;

	if (len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	if (sscanf(text, "envpod-snapshot 1 %" SCNu64 " %7s %63s%c", &s->seconds, s->kind, s->name,
		   &extra) != 3)
		return false;
	if (strcmp(s->kind, "named") != 0 && strcmp(s->kind, "auto") != 0 &&
	    strcmp(s->kind, SNAPSHOT_AGENT) != 0)
		return false;
	return strcmp(s->name, "-") == 0 || pod_check_name(s->name, &ignore) == 0;
}

int snapshot_parse(struct snapshot *s, const char *text, size_t len, struct err *e)
{
	static const char end[] = "end\n";
	const char *eol = len ? memchr(text, '\n', len) : NULL;
	size_t head = eol ? (size_t)(eol - text) : 0;

	if (!eol || memchr(text, '\0', len) || !parse_head(s, text, head))
		return bad(e, "its first line is not understood");
	text += head + 1;
	len -= head + 1;
	if (len < strlen(end) || memcmp(text + len - strlen(end), end, strlen(end)) != 0)
		return bad(e, "it is cut off");
	return stack_parse(&s->stack, text, len - strlen(end), e);
}

static struct snapshot *push(struct snapshots *s)
{
	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n] = (struct snapshot){.name = "-"};
	return &s->v[s->n++];
}

static int load_file(struct snapshots *s, int dirfd, const char *id, struct err *e)
{
	struct snapshot *sn = push(s);
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(dirfd, id, &b, FILE_MAX);
	struct stat st;

	if (fstatat(dirfd, id, &st, AT_SYMLINK_NOFOLLOW) == 0)
		sn->written_ns = clock_ns(&st.st_mtim);
	memcpy(sn->id, id, sizeof(sn->id));
	if (r < 0)
		return err_set(e, -r, "read snapshot %s", id);
	r = snapshot_parse(sn, b.data ? b.data : "", b.len, e);
	return r < 0 ? err_wrap(e, "%s", id) : 0;
}

static bool is_id(const char *name)
{
	return strlen(name) == SNAPSHOT_ID && strspn(name, ID_CHARS) == SNAPSHOT_ID;
}

static int load_files(struct snapshots *s, const struct pod *p, struct err *e)
{
	int fd = openat(p->dir, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	int r = 0, more = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_set(e, errno, "list %s/snapshots", p->path);
	while (r == 0 && (more = dir_next(d, &name)) > 0)
		if (is_id(name))
			r = load_file(s, fd, name, e);
	return r == 0 && more < 0 ? err_set(e, -more, "list %s/snapshots", p->path) : r;
}

static void point_id(char out[SNAPSHOT_ID + 1], const char *layer)
{
	size_t n = strlen(layer);

	snprintf(out, SNAPSHOT_ID + 1, "%s", layer + (n > SNAPSHOT_ID ? n - SNAPSHOT_ID : 0));
}

/* Each layer with all that lies below it. */
static int load_points(struct snapshots *s, const struct pod *p, struct err *e)
{
	OWN_STACK struct stack all = {0};
	int r = stack_load(&all, p, e);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct snapshot *sn = push(s);

		point_id(sn->id, all.v[i].id);
		memcpy(sn->kind, all.v[i].kind, sizeof(sn->kind));
		sn->seconds = layer_time(all.v[i].id);
		sn->is_layer = true;
		for (size_t k = 0; k <= i; k++)
			stack_push(&sn->stack, all.v[k].id, all.v[k].kind, all.v[k].name);
	}
	return r;
}

static int by_age(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;

	if (x->seconds != y->seconds)
		return x->seconds < y->seconds ? -1 : 1;
	if (!x->is_layer && !y->is_layer && x->written_ns != y->written_ns)
		return x->written_ns < y->written_ns ? -1 : 1;
	return x->is_layer != y->is_layer ? y->is_layer - x->is_layer
					  : (x->stack.n > y->stack.n) - (x->stack.n < y->stack.n);
}

int snapshots_load(struct snapshots *s, const struct pod *p, bool points, struct err *e)
{
	int r = load_files(s, p, e);

	if (r == 0 && points)
		r = load_points(s, p, e);
	if (r < 0)
		return r;
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_age);
	return 0;
}

static bool has_name(const struct snapshot *s, const char *name)
{
	return strcmp(s->name, name) == 0 && strcmp(name, "-") != 0;
}

const struct snapshot *snapshots_find(const struct snapshots *s, const char *what,
				      const struct pod *p, struct err *e)
{
	const struct snapshot *found = NULL;
	size_t n = strlen(what), hits = 0;

	for (size_t i = 0; i < s->n; i++)
		if (has_name(&s->v[i], what))
			return &s->v[i];
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->v[i].id, what) == 0)
			return &s->v[i];
		if (n >= FIND_MIN && strncmp(s->v[i].id, what, n) == 0) {
			found = &s->v[i];
			hits++;
		}
	}
	if (hits == 1)
		return found;
	err_set(e, ERR_PLAIN,
		hits ? "pod %s has several snapshots that begin with %s (envpod snapshot %s ls)"
		     : "pod %s has no snapshot %s (envpod snapshot %s ls)",
		p->name, esc(what), p->name);
	return NULL;
}

static void write_text(struct buf *b, const struct snapshot *s, const struct stack *stack)
{
	buf_fmt(b, "envpod-snapshot 1 %" PRIu64 " %s %s\n", s->seconds, s->kind, s->name);
	stack_text(b, stack);
	buf_str(b, "end\n");
}

/* An id that nothing of the pod has: neither a file nor a layer of its stack. */
static int choose_id(struct snapshot *s, int dirfd, const struct stack *stack)
{
	for (int i = 0; i < TRIES; i++) {
		bool taken = false;
		uint32_t n = 0;

		if (getrandom(&n, sizeof(n), 0) != sizeof(n))
			return -errno;
		snprintf(s->id, sizeof(s->id), "%08" PRIx32, n);
		for (size_t k = 0; k < stack->n; k++) {
			char point[SNAPSHOT_ID + 1];

			point_id(point, stack->v[k].id);
			taken |= strcmp(point, s->id) == 0;
		}
		if (!taken && faccessat(dirfd, s->id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -errno;
	}
	return -EEXIST;
}

int snapshot_write(struct snapshot *s, const struct pod *p, const struct stack *stack,
		   const char *name, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int dir = -1;
	int r;

	if (mkdirat(p->dir, "snapshots", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/snapshots", p->path);
	dir = openat(p->dir, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open %s/snapshots", p->path);
	r = choose_id(s, dir, stack);
	if (r < 0)
		return err_set(e, -r, "name a snapshot of pod %s", p->name);
	s->seconds = (uint64_t)time(NULL);
	if (!*s->kind)
		snprintf(s->kind, sizeof(s->kind), "%s", name ? "named" : "auto");
	snprintf(s->name, sizeof(s->name), "%s", name ? name : "-");
	write_text(&b, s, stack);
	r = write_file_at(dir, s->id, b.data, b.len, 0600, true);
	if (r < 0)
		unlinkat(dir, s->id, 0); /* it may have its name, and not be on disk */
	return r < 0 ? err_set(e, -r, "write %s/snapshots/%s", p->path, s->id) : 0;
}

int snapshot_unlink(const struct snapshot *s, const struct pod *p, struct err *e)
{
	OWN_FREE char *path = xfmt("snapshots/%s", s->id);

	return unlinkat(p->dir, path, 0) < 0 ? err_set(e, errno, "remove %s/%s", p->path, path) : 0;
}
