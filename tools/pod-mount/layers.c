/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/layers.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/holders.h"

#define STACK_BYTES (64 * 1024)

static const char *const kinds[] = {"setup", "auto", "named", "base", NULL};

static bool known_kind(const char *kind)
{
	for (const char *const *k = kinds; *k; k++)
		if (strcmp(kind, *k) == 0)
			return true;
	return false;
}

void stack_finish(struct stack *s)
{
	free(s->v);
	*s = (struct stack){0};
}

void stack_push(struct stack *s, const char *id, const char *kind, const char *name)
{
	struct layer *l;

	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	l = &s->v[s->n++];
	snprintf(l->id, sizeof(l->id), "%s", id);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	snprintf(l->name, sizeof(l->name), "%s", name);
}

void stack_remove(struct stack *s, size_t i)
{
	memmove(&s->v[i], &s->v[i + 1], (s->n - i - 1) * sizeof(*s->v));
	s->n--;
}

bool stack_has(const struct stack *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].id, id) == 0)
			return true;
	return false;
}

static bool id_ok(const char *id)
{
	return strspn(id, LAYER_ID_CHARS) == strlen(id) && id[0];
}

static bool name_ok(const char *name)
{
	struct err ignore = {0};

	return strcmp(name, "-") == 0 || pod_check_name(name, &ignore) == 0;
}

static bool parse_line(struct stack *s, const char *line, size_t len)
{
	char text[LAYER_ID_MAX + POD_NAME_MAX + 16], id[LAYER_ID_MAX + 1], kind[8];
	char name[POD_NAME_MAX + 1], extra;

	if (len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	if (sscanf(text, "%32s %7s %63s%c", id, kind, name, &extra) != 3)
		return false;
	if (!id_ok(id) || !known_kind(kind) || !name_ok(name) || stack_has(s, id))
		return false;
	stack_push(s, id, kind, name);
	return true;
}

int stack_parse(struct stack *s, const char *text, size_t len, struct err *e)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (!eol || s->n >= LAYERS_MAX || !parse_line(s, text, (size_t)(eol - text)))
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
					  "stack: line %zu: want \"ID KIND NAME\", each ID once",
					  s->n + 1);
		text = eol + 1;
	}
	return 0;
}

int stack_load(struct stack *s, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->dir, "stack", &b, STACK_BYTES);

	if (r == -ENOENT)
		return 0; /* a pod that never ran */
	if (r < 0)
		return err_set(e, -r, "read %s/stack", p->path);
	r = stack_parse(s, b.data, b.len, e);
	return r < 0 ? err_wrap(e, "pod %s", p->name) : 0;
}

int stack_load_at(struct stack *s, int dirfd, const char *name, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(dirfd, name, &b, STACK_BYTES);

	if (r < 0)
		return err_set(e, -r, "read %s", name);
	return stack_parse(s, b.data ? b.data : "", b.len, e);
}

void stack_text(struct buf *b, const struct stack *s)
{
	buf_str(b, "");
	for (size_t i = 0; i < s->n; i++)
		buf_fmt(b, "%s %s %s\n", s->v[i].id, s->v[i].kind, s->v[i].name);
}

int stack_save(const struct stack *s, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	stack_text(&b, s);
	r = write_file_at(p->dir, "stack", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/stack", p->path) : 0;
}

int layer_open(const char *id, const char *sub)
{
	OWN_FREE char *path = xfmt("%s/layers/%s", pod_state_dir(), id);
	OWN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return *sub ? open_beneath(fd, sub, O_RDONLY | O_DIRECTORY, 0) : take_fd(&fd);
}

int layer_cover(const struct pod *p, const char *id, const char *cover)
{
	OWN_FREE char *sub = xfmt("%s/%s", id ? "tree" : "upper", cover);

	return id ? layer_open(id, sub) : open_beneath(p->dir, sub, O_RDONLY | O_DIRECTORY, 0);
}

bool layer_held(const struct pod *p, const char *id)
{
	OWN_HOLDERS struct holders h = {0};
	struct err e = {0};

	/* When it cannot be told, it is. */
	return holders_load(&h, p, HOLDERS_NO_STACK, &e) < 0 || holders_has(&h, id);
}

void layer_new_id(char id[LAYER_ID_MAX + 1])
{
	struct timespec now;
	uint32_t salt = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	if (getrandom(&salt, sizeof(salt), GRND_NONBLOCK) != sizeof(salt))
		salt = (uint32_t)getpid();
	/* the random part keeps two pods apart that turn over in the same microsecond */
	snprintf(id, LAYER_ID_MAX + 1, "%011" PRIx64 "%05lx-%08" PRIx32, (uint64_t)now.tv_sec,
		 now.tv_nsec / 1000, salt);
}

uint64_t layer_time(const char *id)
{
	uint64_t seconds;

	return strlen(id) >= 16 && sscanf(id, "%11" SCNx64, &seconds) == 1 ? seconds : 0;
}

/* What cannot be looked into may hold the agent's work: it is used. */
static bool dir_used(int dirfd, const char *name)
{
	int fd = open_beneath(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *child;

	return d ? dir_next(d, &child) != 0 : !is_absent(fd);
}

bool upper_used(const struct pod *p)
{
	int fd = openat(p->dir, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	int more = d || errno == ENOENT ? 0 : -errno;

	while (d && (more = dir_next(d, &name)) > 0)
		if (name[0] != '.' && dir_used(dirfd(d), name))
			return true;
	return more < 0;
}

int layer_delete(const char *id, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());
	OWN_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : remove_tree_at(dir, id);

	return r < 0 ? err_set(e, -r, "remove %s/%s", path, id) : 0;
}
