/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/record.h"

#include <fcntl.h>
#include <sodium/crypto_generichash_blake2b.h>
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

void record_chain(const char prev[RECORD_HEX], const char *line, size_t len, char out[RECORD_HEX])
{
	static const char digits[] = "0123456789abcdef";
	crypto_generichash_blake2b_state st;
	unsigned char sum[32];

	crypto_generichash_blake2b_init(&st, NULL, 0, sizeof(sum));
	crypto_generichash_blake2b_update(&st, (const unsigned char *)prev, 64);
	crypto_generichash_blake2b_update(&st, (const unsigned char *)"\n", 1);
	crypto_generichash_blake2b_update(&st, (const unsigned char *)line, len);
	crypto_generichash_blake2b_final(&st, sum, sizeof(sum));
	for (size_t i = 0; i < sizeof(sum); i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[64] = '\0';
}

int record_tail(const char *line, size_t len, uint64_t *seq, char chain[RECORD_HEX])
{
	static const char mark[] = ",\"seq\":";
	const char *tail, *p;
	uint64_t n = 0;

	if (len < RECORD_TAIL + sizeof(mark))
		return -EINVAL;
	p = tail = line + len - RECORD_TAIL;
	if (memcmp(tail, ",\"chain\":\"", 10) != 0 || memcmp(line + len - 2, "\"}", 2) != 0)
		return -EINVAL;
	memcpy(chain, tail + 10, 64);
	chain[64] = '\0';
	while (p > line && p[-1] >= '0' && p[-1] <= '9')
		p--;
	if (strspn(chain, "0123456789abcdef") != 64 || p == tail || tail - p > 18 ||
	    (size_t)(p - line) < sizeof(mark) ||
	    memcmp(p - (sizeof(mark) - 1), mark, sizeof(mark) - 1) != 0)
		return -EINVAL;
	for (; p < tail; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	*seq = n;
	return 0;
}

unsigned record_segment_number(const char *name)
{
	if (strlen(name) != 12 || strspn(name, "0123456789") != 6 ||
	    strcmp(name + 6, ".jsonl") != 0)
		return 0;
	return (unsigned)strtoul(name, NULL, 10);
}

/* The end of the chain as the last line of the newest segment tells it. */
struct head {
	unsigned segment;
	uint64_t seq; /* of the last line; 0 when there is none */
	off_t size;   /* of the segment, up to the end of its last whole line */
	char chain[RECORD_HEX];
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
	return record_tail(line, (size_t)(end - line), &h->seq, h->chain) < 0 ? -EINVAL : 1;
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
	if (before.seq == 0)
		return err_set(e, ERR_PLAIN, "the audit log has lost segment %06u.jsonl",
			       h->segment - 1);
	h->seq = before.seq;
	memcpy(h->chain, before.chain, sizeof(h->chain));
	return 0;
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
	memset(h->chain, '0', 64);
	fd = segment_load(auditfd, h->segment, h, e);
	if (fd < 0)
		return fd;
	if (h->seq == 0 && h->segment > 1 && head_before(auditfd, h, e) < 0)
		return -e->code;
	if (h->size < (off_t)RECORD_SEGMENT_MAX)
		return take_fd(&fd);
	own_close(&fd);
	h->size = 0;
	fd = open_segment(auditfd, ++h->segment, O_RDWR | O_CREAT | O_EXCL | O_APPEND);
	return fd < 0 ? err_set(e, errno, "start audit segment %06u.jsonl", h->segment)
		      : take_fd(&fd);
}

/* One object `{…}` becomes a line of the log, at the end of out. */
static int add_line(struct buf *out, struct head *h, const char *json, size_t len, struct err *e)
{
	size_t start = out->len;
	char seq[32];

	if (len < 2 || len + RECORD_TAIL + sizeof(seq) > RECORD_LINE_MAX)
		return err_set(e, EMSGSIZE, "append to the audit log");
	snprintf(seq, sizeof(seq), ",\"seq\":%llu}", (unsigned long long)++h->seq);
	buf_add(out, json, len - 1); /* without the closing brace */
	buf_str(out, seq);
	record_chain(h->chain, out->data + start, out->len - start, h->chain);
	out->len--;
	buf_str(out, ",\"chain\":\"");
	buf_add(out, h->chain, 64);
	buf_str(out, "\"}\n");
	return 0;
}

/* Only whole lines or nothing: a short write (full disk) is taken back. */
static int append(int fd, off_t size, const struct buf *lines, bool sync, struct err *e)
{
	int r = write_full(fd, lines->data, lines->len);

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
	OWN_FD int fd = -1;
	OWN_BUF struct buf lines = BUF_INIT;
	struct head h;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_set(e, errno, "lock the audit log");
	fd = head_load(auditfd, &h, e);
	if (fd < 0)
		return fd;
	for (const char *end = json + len; json < end;) {
		const char *nl = memchr(json, '\n', (size_t)(end - json));
		size_t n = (size_t)((nl ? nl : end) - json);

		if (add_line(&lines, &h, json, n, e) < 0)
			return -e->code;
		json += n + (nl ? 1 : 0);
	}
	return lines.len ? append(fd, h.size, &lines, sync, e) : 0;
}

int record_append_at(int auditfd, const char *json, size_t len, bool sync, struct err *e)
{
	return record_append_lines_at(auditfd, json, len, sync, e);
}

int record_open(const char *pod, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/pods/%s/audit", pod_state_dir(), pod);
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
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
