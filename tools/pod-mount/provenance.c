/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/provenance.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/words.h"

#define FILE_NAME   "provenance"
#define COMMAND_MAX 2048 /* bytes of a command that are kept */
#define WORDS_MAX   1024

/* What the person typed: pod-exec's own words in front of it are not. */
static char *const *command_of(char *const *argv)
{
	char *const *at = argv + 1;

	if (strcmp(*at, "pod-exec") != 0)
		return at;
	while (*at && strcmp(*at, "--") != 0)
		at++;
	return *at && at[1] ? at + 1 : argv + 1;
}

static void put_line(struct buf *b, const struct plan *plan, char *const *argv)
{
	const char *uid = secure_getenv("SUDO_UID"), *user = secure_getenv("SUDO_USER");
	char *const *word = command_of(argv);
	struct timespec now = {0};
	size_t start;

	clock_gettime(CLOCK_REALTIME, &now);
	buf_fmt(b, "%" PRIu64 " %lu ", (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
		uid ? strtoul(uid, NULL, 10) : (unsigned long)getuid());
	if (!user && getuid() == 0)
		user = "root";
	word_escape(b, user && *user ? user : plan_str(plan, "user.name", "-"));
	start = b->len;
	for (; *word && b->len - start < COMMAND_MAX; word++) {
		OWN_FREE char *part = xfmt("%.*s", COMMAND_MAX, *word);

		buf_char(b, ' ');
		word_escape(b, *part ? part : "''");
	}
	if (*word)
		buf_str(b, " ...");
	buf_char(b, '\n');
}

static int append(const struct pod *p, const struct buf *b)
{
	OWN_FD int fd = openat(p->dir, FILE_NAME,
			       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > PROVENANCE_MAX - 2 * COMMAND_MAX)
		return 0;
	return write_full(fd, b->data, b->len);
}

/*
 * The layer that was the upper may have this very file by a second name: then it is not written
 * to.  Else it is written over, for a new one costs a millisecond where ext4 looks long for an
 * inode; and cut off only afterwards, since ext4 syncs on closing what was emptied first.
 */
static int write_over(const struct pod *p, const struct buf *b)
{
	OWN_FD int fd = openat(p->dir, FILE_NAME, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_nlink != 1)
		return -ENOENT;
	r = write_full(fd, b->data, b->len);
	if (r == 0 && (size_t)st.st_size > b->len && ftruncate(fd, (off_t)b->len) < 0)
		r = -errno;
	return r;
}

int provenance_begin(const struct pod *p, const struct plan *plan, char *const *argv, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	put_line(&b, plan, argv);
	if (write_over(p, &b) == 0)
		return 0;
	if (unlinkat(p->dir, FILE_NAME, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/" FILE_NAME, p->path);
	return provenance_add(p, plan, argv, e);
}

int provenance_add(const struct pod *p, const struct plan *plan, char *const *argv, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	put_line(&b, plan, argv);
	r = append(p, &b);
	return r < 0 ? err_set(e, -r, "write %s/" FILE_NAME, p->path) : 0;
}

int provenance_pass(const struct pod *p, int dir)
{
	if (linkat(p->dir, FILE_NAME, dir, FILE_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int provenance_merge(int older, int newer)
{
	OWN_BUF struct buf a = BUF_INIT, b = BUF_INIT;
	int r = read_file_at(newer, FILE_NAME, &b, PROVENANCE_MAX);

	if (r < 0 || b.len == 0)
		return r == -ENOENT ? 0 : r;
	r = read_file_at(older, FILE_NAME, &a, PROVENANCE_MAX);
	if (r < 0 && r != -ENOENT)
		return r;
	if (a.len >= b.len && memcmp(a.data + a.len - b.len, b.data, b.len) == 0)
		return 0; /* merged before it was cut off */
	if (a.len + b.len > PROVENANCE_MAX)
		return 0;
	buf_add(&a, b.data, b.len);
	return write_file_at(older, FILE_NAME, a.data, a.len, 0600, false);
}

static bool parse_line(struct run_note *n, const char *line, size_t len)
{
	OWN_STRV struct strv words = {0};
	OWN_BUF struct buf command = BUF_INIT;
	char *end;

	if (line_split(&words, line, len, WORDS_MAX) < 4)
		return false;
	n->time_ns = strtoull(words.v[0], &end, 10);
	if (*end)
		return false;
	n->uid = strtoull(words.v[1], &end, 10);
	if (*end)
		return false;
	for (size_t i = 3; i < words.n; i++) {
		buf_str(&command, words.v[i]);
		if (i + 1 < words.n)
			buf_char(&command, ' ');
	}
	n->user = xstrdup(words.v[2]);
	n->command = buf_take(&command);
	return true;
}

void provenance_parse(struct run_notes *r, const char *text, size_t len)
{
	const char *end = text + len, *eol;

	for (; text < end && (eol = memchr(text, '\n', (size_t)(end - text))); text = eol + 1) {
		struct run_note n;

		if (memchr(text, '\0', (size_t)(eol - text)) ||
		    !parse_line(&n, text, (size_t)(eol - text)))
			continue;
		r->v = xrealloc(r->v, (r->n + 1) * sizeof(r->v[0]));
		r->v[r->n++] = n;
	}
}

void provenance_read(struct run_notes *r, int dir)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (read_file_at(dir, FILE_NAME, &b, PROVENANCE_MAX) == 0 && b.len)
		provenance_parse(r, b.data, b.len);
}

void run_notes_finish(struct run_notes *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].user);
		free(r->v[i].command);
	}
	free(r->v);
	*r = (struct run_notes){0};
}
