/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/record.h"

#include <fcntl.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"

#define TAIL "\"chain\":\"" /* then 64 hex digits, `"}` and the newline */

void event_init(struct event *ev, const char *pod, const char *src, const char *name)
{
	char ts[UNIT_TIME_LEN];

	*ev = (struct event){0};
	snprintf(ev->pod, sizeof(ev->pod), "%s", pod);
	unit_now(ts);
	jw_open(&ev->json, '{');
	jw_knum(&ev->json, "v", 1);
	jw_kstr(&ev->json, "ts", ts);
	jw_kstr(&ev->json, "pod", pod);
	jw_kstr(&ev->json, "src", src);
	jw_kstr(&ev->json, "event", name);
}

void event_finish(struct event *ev)
{
	buf_finish(&ev->json);
}

void event_str(struct event *ev, const char *key, const char *value)
{
	OWN_FREE char *cut = strlen(value) > 4096 ? xfmt("%.4093s...", value) : xstrdup(value);

	jw_kstr(&ev->json, key, cut);
}

void event_num(struct event *ev, const char *key, int64_t value)
{
	jw_knum(&ev->json, key, value);
}

void event_bool(struct event *ev, const char *key, bool value)
{
	jw_kbool(&ev->json, key, value);
}

void event_strv(struct event *ev, const char *key, char *const *v)
{
	OWN_STRV struct strv cut = {0};
	size_t sum = 0;

	for (; v && *v; v++) {
		sum += strlen(*v) + 4;
		if (sum > 16384) {
			strv_add(&cut, "...");
			break;
		}
		strv_add(&cut, *v);
	}
	jw_kstrv(&ev->json, key, cut.v);
}

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

/* The end of the chain as the last line of the newest segment tells it. */
struct head {
	unsigned segment;
	uint64_t seq; /* of the last line; 0 when there is none */
	uint64_t size;
	char chain[RECORD_HEX];
};

static unsigned newest_segment(int auditfd)
{
	OWN_FD int fd = openat(auditfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(take_fd(&fd));
	struct dirent *ent;
	unsigned newest = 0, n;
	char rest[8];

	while (d && (ent = readdir(d)))
		if (sscanf(ent->d_name, "%6u.%5s", &n, rest) == 2 && strcmp(rest, "jsonl") == 0 &&
		    n > newest)
			newest = n;
	return newest ? newest : 1;
}

static int open_segment(int auditfd, unsigned number, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), "%06u.jsonl", number);
	return openat(auditfd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Read seq and chain off the last line; a line torn by a crash is cut off and not counted. */
static int head_from_tail(int fd, struct head *h, struct err *e)
{
	OWN_FREE char *tail = xcalloc(1, RECORD_LINE_MAX + 1);
	uint64_t from = h->size > RECORD_LINE_MAX ? h->size - RECORD_LINE_MAX : 0;
	ssize_t n = pread(fd, tail, (size_t)(h->size - from), (off_t)from);
	char *line, *mark;

	if (n < 0)
		return err_set(e, errno, "read the audit log");
	if (n > 0 && tail[n - 1] != '\n') {
		while (n > 0 && tail[n - 1] != '\n')
			n--;
		h->size = from + (uint64_t)n;
		if (ftruncate(fd, (off_t)h->size) < 0)
			return err_set(e, errno, "cut a torn line off the audit log");
	}
	if (n == 0)
		return 0;
	tail[n - 1] = '\0';
	line = strrchr(tail, '\n');
	line = line ? line + 1 : tail;
	mark = strstr(line, "\"seq\":");
	for (char *again = mark; again; again = strstr(again + 1, "\"seq\":"))
		mark = again;
	if (!mark || sscanf(mark, "\"seq\":%lu," TAIL "%64[0-9a-f]\"}", &h->seq, h->chain) != 2 ||
	    strlen(h->chain) != 64)
		return err_set(e, ERR_PLAIN, "the audit log's last line is damaged (pod-audit verify)");
	return 0;
}

static int head_load(int auditfd, struct head *h, int *fd, struct err *e)
{
	struct stat st;
	int r;

	*h = (struct head){.segment = newest_segment(auditfd)};
	memset(h->chain, '0', 64);
	*fd = open_segment(auditfd, h->segment, O_RDWR | O_CREAT | O_APPEND);
	if (*fd < 0 || fstat(*fd, &st) < 0)
		return err_set(e, errno, "open the audit log");
	h->size = (uint64_t)st.st_size;
	r = head_from_tail(*fd, h, e);
	if (r < 0 || h->size < RECORD_SEGMENT_MAX)
		return r;
	close(*fd);
	*fd = open_segment(auditfd, ++h->segment, O_RDWR | O_CREAT | O_EXCL | O_APPEND);
	return *fd < 0 ? err_set(e, errno, "start a new audit segment") : 0;
}

/* Only whole lines or nothing: a short write (full disk) is taken back. */
static int append_line(int fd, const struct head *h, const struct buf *line, bool sync,
		       struct err *e)
{
	int r = write_full(fd, line->data, line->len);

	if (r < 0) {
		if (ftruncate(fd, (off_t)h->size) < 0)
			return err_set(e, -r, "append to the audit log (and it could not be mended)");
		return err_set(e, -r, "append to the audit log");
	}
	if (sync && fdatasync(fd) < 0)
		return err_set(e, errno, "sync the audit log");
	return 0;
}

int record_append_at(int auditfd, const char *json, size_t len, bool sync, struct err *e)
{
	OWN_FD int lock = openat(auditfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	OWN_FD int fd = -1;
	OWN_BUF struct buf line = BUF_INIT;
	char chain[RECORD_HEX];
	struct head h;
	int r;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_set(e, errno, "lock the audit log");
	r = head_load(auditfd, &h, &fd, e);
	if (r < 0)
		return r;
	buf_add(&line, json, len - 1); /* without the closing brace */
	jw_knum(&line, "seq", (int64_t)h.seq + 1);
	buf_char(&line, '}');
	record_chain(h.chain, line.data, line.len, chain);
	line.len--;
	jw_kstr(&line, "chain", chain);
	buf_str(&line, "}\n");
	if (line.len > RECORD_LINE_MAX)
		return err_set(e, EMSGSIZE, "append to the audit log");
	return append_line(fd, &h, &line, sync, e);
}

static int open_audit(const char *pod, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/pods/%s/audit", pod_state_dir(), pod);
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

static int hand_over(const char *pod, const struct buf *json, bool sync, struct err *e)
{
	char *argv[] = {"pod-audit", "append", sync ? "--sync" : (char *)pod, sync ? (char *)pod : NULL, NULL};
	int pipefd[2], r;
	struct spawn_io io = {.out = -1, .err = -1};

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	io.in = pipefd[0];
	r = spawn_start(argv, &io, e);
	close(pipefd[0]);
	if (r > 0 && write_full(pipefd[1], json->data, json->len) == 0)
		write_full(pipefd[1], "\n", 1);
	close(pipefd[1]);
	if (r < 0)
		return r;
	r = spawn_reap(r);
	return r == 0 ? 0 : err_set(e, ERR_PLAIN, "pod-audit append ended with status %d", r);
}

int record_event(struct event *ev, bool sync, struct err *e)
{
	OWN_FD int dir = -1;

	buf_char(&ev->json, '}');
	if (tool_is_foreign("pod-audit"))
		return hand_over(ev->pod, &ev->json, sync, e);
	dir = open_audit(ev->pod, e);
	if (dir < 0)
		return dir;
	return record_append_at(dir, ev->json.data, ev->json.len, sync, e);
}

int record_sync(const char *pod)
{
	struct err e = {0};
	OWN_FD int dir = open_audit(pod, &e);
	OWN_FD int fd = dir < 0 ? -1 : open_segment(dir, newest_segment(dir), O_RDONLY);

	if (fd < 0)
		return -errno;
	return fdatasync(fd) < 0 ? -errno : 0;
}
