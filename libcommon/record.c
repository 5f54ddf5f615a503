/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/spawn.h"

/* The end of the chain as the last line of the newest segment tells it. */
struct head {
	unsigned segment;
	off_t size;              /* of the segment, up to the end of its last whole line */
	struct record_tail last; /* seq 0: there is none */
};

/* -errno where the directory cannot be read to its end: an older segment must not be gone on with.
 */
static int newest_segment(int auditfd, unsigned *newest)
{
	OWN_FD int fd = openat(auditfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	int r;

	if (!d)
		return -errno;
	take_fd(&fd);
	*newest = 1;
	while ((r = dir_next(d, &name)) > 0) {
		unsigned n = record_segment_number(name);

		if (n > *newest)
			*newest = n;
	}
	return r;
}

static int open_segment(int auditfd, unsigned number, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), "%06u.jsonl", number);
	return openat(auditfd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/*
 * The last whole line among the last `want` bytes: 1 when *h was filled from it, 0 when the file
 * holds none, -EAGAIN when more bytes are needed to say, -EINVAL when it is no audit line.
 */
static int head_from_window(int fd, size_t want, struct head *h)
{
	OWN_FREE char *window = xcalloc(1, want);
	off_t from = h->size > (off_t)want ? h->size - (off_t)want : 0;
	ssize_t n = pread(fd, window, (size_t)(h->size - from), from);
	const char *end, *line;

	if (n < 0)
		return -errno;
	end = memrchr(window, '\n', (size_t)n);
	line = end ? memrchr(window, '\n', (size_t)(end - window)) : NULL;
	if (!line && from > 0)
		return -EAGAIN;
	h->size = end ? from + (end - window) + 1 : 0;
	if (!end)
		return 0;
	line = line ? line + 1 : window;
	return record_tail(line, (size_t)(end - line), &h->last) < 0 ? -EINVAL : 1;
}

static int head_from_tail(int fd, struct head *h, struct err *e)
{
	int r = head_from_window(fd, 4096, h);

	if (r == -EAGAIN) /* a long line, or one torn by a crash behind a long one */
		r = head_from_window(fd, 2 * RECORD_LINE_MAX, h);
	if (r >= 0)
		return 0;
	if (r == -EINVAL || r == -EAGAIN)
		return err_set(e, ERR_PLAIN,
			       "the last line of the audit log is damaged, so nothing can be "
			       "chained to it (pod-audit verify says more)");
	return err_set(e, -r, "read the audit log");
}

static int segment_load(int auditfd, unsigned number, struct head *h, struct err *e)
{
	OWN_FD int fd = open_segment(auditfd, number, O_RDWR | O_CREAT | O_APPEND);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open audit segment %06u.jsonl", number);
	h->size = st.st_size;
	r = head_from_tail(fd, h, e);
	if (r < 0)
		return r;
	if (h->size < st.st_size && ftruncate(fd, h->size) < 0)
		return err_set(e, errno, "cut a torn line off the audit log");
	return take_fd(&fd);
}

/* A crash right after a rotation leaves an empty segment: the chain goes on from the one before. */
static int head_before(int auditfd, struct head *h, struct err *e)
{
	struct head before = {0};
	OWN_FD int fd = segment_load(auditfd, h->segment - 1, &before, e);

	if (fd < 0)
		return fd;
	if (before.last.seq == 0)
		return err_set(e, ERR_PLAIN, "the audit log has lost segment %06u.jsonl",
			       h->segment - 1);
	h->last = before.last;
	return 0;
}

static off_t segment_max(void)
{
	const char *bytes = secure_getenv(RECORD_SEGMENT_ENV);
	unsigned long n = bytes ? strtoul(bytes, NULL, 10) : 0;

	return n >= 4096 && n < RECORD_SEGMENT_MAX ? (off_t)n : (off_t)RECORD_SEGMENT_MAX;
}

/* The segment to append to, and the head in *h; starts the next segment when this one is full. */
static int head_load(int auditfd, struct head *h, struct err *e)
{
	OWN_FD int fd = -1;
	int r;

	*h = (struct head){0};
	r = newest_segment(auditfd, &h->segment);
	if (r < 0)
		return err_set(e, -r, "list the segments of the audit log");
	memset(h->last.chain, '0', RECORD_HEX - 1);
	fd = segment_load(auditfd, h->segment, h, e);
	if (fd < 0)
		return fd;
	if (h->last.seq == 0 && h->segment > 1 && head_before(auditfd, h, e) < 0)
		return -e->code;
	if (h->size < segment_max())
		return take_fd(&fd);
	/* Who syncs the next segment must not find that this one was lost. */
	if (fdatasync(fd) < 0)
		return err_set(e, errno, "sync audit segment %06u.jsonl", h->segment);
	own_close(&fd);
	h->size = 0;
	fd = open_segment(auditfd, ++h->segment, O_RDWR | O_CREAT | O_EXCL | O_APPEND);
	return fd < 0 ? err_set(e, errno, "start audit segment %06u.jsonl", h->segment)
		      : take_fd(&fd);
}

/* What is about to be appended. */
struct batch {
	struct head head; /* as the last of its lines leaves it */
	struct logseal seal;
	int sealfd; /* -1: the log has none */
	struct buf lines;
};

#define BATCH_INIT            \
	{                     \
		.sealfd = -1, \
	}

static void batch_finish(struct batch *b)
{
	logseal_finish(&b->seal);
	own_close(&b->sealfd);
	buf_finish(&b->lines);
}

/* One object `{…}` becomes a line of the log. */
static int add_line(struct batch *b, const char *json, size_t len, struct err *e)
{
	struct record_tail *last = &b->head.last;
	struct buf *out = &b->lines;
	size_t start = out->len;
	char seq[32], seal[LOGSEAL_HEX];

	if (len < 2 || len + RECORD_TAIL_MAX + sizeof(seq) > RECORD_LINE_MAX)
		return err_set(e, EMSGSIZE, "append to the audit log");
	snprintf(seq, sizeof(seq), ",\"seq\":%llu}", (unsigned long long)++last->seq);
	buf_add(out, json, len - 1); /* without the closing brace */
	buf_str(out, seq);
	record_chain(last->chain, out->data + start, out->len - start, last->chain);
	out->len--;
	buf_str(out, ",\"chain\":\"");
	buf_add(out, last->chain, RECORD_HEX - 1);
	if (b->sealfd >= 0) {
		logseal_line(&b->seal, last->chain, seal);
		buf_str(out, "\",\"seal\":\"");
		buf_add(out, seal, LOGSEAL_HEX - 1);
	}
	buf_str(out, "\"}\n");
	return 0;
}

/* Whose log it is, as the event that is to be appended says near its beginning. */
static void pod_of(const char *json, size_t len, char pod[64])
{
	static const char key[] = ",\"pod\":\"";
	const char *p = memmem(json, len < 128 ? len : 128, key, sizeof(key) - 1);
	size_t n = 0;

	p = p ? p + sizeof(key) - 1 : json + len;
	while (n < 63 && p + n < json + len && p[n] != '"' && p[n] != '\\')
		n++;
	memcpy(pod, p, n);
	pod[n] = '\0';
}

/* The seal is ahead of the log: what is missing is said before anything else. */
static int tell_cut(struct batch *b, const char *json, size_t len, struct err *e)
{
	uint64_t lost = b->seal.index - b->head.last.seq - 1;
	OWN_EVENT struct event ev = {0};
	char pod[64];

	pod_of(json, len, pod);
	event_init(&ev, pod, "audit", "log_cut");
	event_num(&ev, "lines", (int64_t)lost);
	buf_char(&ev.json, '}');
	b->head.last.seq += lost;
	return add_line(b, ev.json.data, ev.json.len, e);
}

/* The seal of the next line: caught up with after a crash; ahead, where lines were lost. */
static int take_seal(struct batch *b, int auditfd, const char *json, size_t len, struct err *e)
{
	b->sealfd = logseal_load(auditfd, &b->seal, e);
	if (b->sealfd == -ENOENT)
		return 0;
	if (b->sealfd < 0)
		return b->sealfd;
	if (b->seal.index > b->head.last.seq + 1)
		return tell_cut(b, json, len, e);
	logseal_seek(&b->seal, b->head.last.seq + 1);
	return 0;
}

static int add_lines(struct batch *b, const char *json, size_t len, struct err *e)
{
	for (const char *end = json + len; json < end;) {
		const char *nl = memchr(json, '\n', (size_t)(end - json));
		size_t n = (size_t)((nl ? nl : end) - json);

		if (add_line(b, json, n, e) < 0)
			return -e->code;
		json += n + (nl ? 1 : 0);
	}
	return 0;
}

/* Only whole lines or nothing, and sealed: a short write (full disk) is taken back. */
static int append(int fd, off_t size, const struct batch *b, bool sync, struct err *e)
{
	int r = write_full(fd, b->lines.data, b->lines.len);

	if (r == 0 && b->sealfd >= 0)
		r = logseal_store(b->sealfd, &b->seal);
	if (r < 0 && ftruncate(fd, size) < 0)
		return err_set(e, -r, "append to the audit log (and it could not be mended)");
	if (r < 0)
		return err_set(e, -r, "append to the audit log");
	if (sync && fdatasync(fd) < 0)
		return err_set(e, errno, "sync the audit log");
	return 0;
}

int record_append_lines_at(int auditfd, const char *json, size_t len, bool sync, struct err *e)
{
	OWN_FD int lock = openat(auditfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	OWN(batch_finish) struct batch b = BATCH_INIT;
	OWN_FD int fd = -1;
	off_t size;
	int r;

	if (len == 0)
		return 0;
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_set(e, errno, "lock the audit log");
	fd = head_load(auditfd, &b.head, e);
	if (fd < 0)
		return fd;
	size = b.head.size;
	r = take_seal(&b, auditfd, json, len, e);
	if (r == 0)
		r = add_lines(&b, json, len, e);
	return r < 0 ? r : append(fd, size, &b, sync, e);
}

int record_append_at(int auditfd, const char *json, size_t len, bool sync, struct err *e)
{
	return record_append_lines_at(auditfd, json, len, sync, e);
}

/* The event as a file and not as a pipe: nobody can be killed by SIGPIPE, nobody can stall. */
static int as_file(const struct buf *json, struct err *e)
{
	OWN_FD int fd = memfd_create("event", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : write_full(fd, json->data, json->len);

	if (r == 0)
		r = write_full(fd, "\n", 1);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "hand an event over to pod-audit") : take_fd(&fd);
}

static int hand_over(char *pod, const struct buf *json, bool sync, struct err *e)
{
	char *argv[] = {"pod-audit", "append", sync ? "--sync" : pod, sync ? pod : NULL, NULL};
	OWN_FD int in = as_file(json, e);
	struct spawn_io io = {.in = in, .out = -1, .err = -1};
	int r = in < 0 ? in : spawn_wait(argv, &io, e);

	if (r <= 0)
		return r;
	return err_set(e, ERR_PLAIN,
		       "pod-audit append (put in front by ENVPOD_TOOLS) ended with "
		       "status %d",
		       r);
}

int record_event(struct event *ev, bool sync, struct err *e)
{
	OWN_FD int dir = -1;

	buf_char(&ev->json, '}');
	if (tool_is_foreign("pod-audit"))
		return hand_over(ev->pod, &ev->json, sync, e);
	dir = record_open(ev->pod, e);
	if (dir < 0)
		return dir;
	return record_append_at(dir, ev->json.data, ev->json.len, sync, e);
}

int record_sync_at(int auditfd)
{
	unsigned newest;
	int r = newest_segment(auditfd, &newest);
	OWN_FD int fd = r < 0 ? -1 : open_segment(auditfd, newest, O_RDONLY);

	if (r < 0)
		return r;
	return fd < 0 || fdatasync(fd) < 0 ? -errno : 0;
}

int record_sync(const char *pod)
{
	struct err e = {0};
	OWN_FD int dir = record_open(pod, &e);

	return dir < 0 ? -e.code : record_sync_at(dir);
}
