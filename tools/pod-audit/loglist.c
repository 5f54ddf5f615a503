/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/loglist.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium/utils.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/sealkeys.h"

int loglist_parse(struct loglist_line *line, const char *text, size_t len)
{
	char copy[160];
	int before = 0, end = 0;

	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (sscanf(copy, "%9" SCNu64 " %*31s %63[a-z0-9._-]%n %32[0-9a-f]%n", &line->log, line->pod,
		   &before, line->seal, &end) != 3 ||
	    end != (int)len || strlen(line->seal) != LOGSEAL_HEX - 1 ||
	    end - before != LOGSEAL_HEX || copy[before] != ' ')
		return -EINVAL;
	line->len = (size_t)before;
	return 0;
}

/* --- which logs are there --- */

static bool read_number(const struct seals *seals, int dir, const char *path, uint64_t *log)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_LOGSEAL struct logseal s = {0};
	bool good = read_file_at(dir, path, &b, LOGSEAL_TEXT) == 0 &&
		    logseal_parse(&s, b.data, b.len) == 0 && seals_lead_to(seals, &s);

	if (b.data)
		sodium_memzero(b.data, b.cap);
	*log = s.log;
	return good;
}

struct numbers {
	const struct seals *seals;
	uint64_t *v;
	size_t n;
};

static void numbers_finish(struct numbers *n)
{
	free(n->v);
}

/* One that holds another log's key is none: anybody may write a number. */
static void add_number(struct numbers *n, int dir, const char *path)
{
	uint64_t log;

	if (!read_number(n->seals, dir, path, &log))
		return;
	n->v = xrealloc(n->v, (n->n + 1) * sizeof(*n->v));
	n->v[n->n++] = log;
}

/* "web-20260102T030405Z" is web's, "web-api-20260102T030405Z" is not. */
static bool is_archive_of(const char *name, const char *pod)
{
	const char *dash = strrchr(name, '-');

	return dash && (size_t)(dash - name) == strlen(pod) && memcmp(name, pod, strlen(pod)) == 0;
}

static int find_logs(struct numbers *n, const char *pod, struct err *e)
{
	OWN_FREE char *own = xfmt("pods/%s/audit/seal", pod);
	OWN_FD int state = open(pod_state_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int archive = openat(state, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = archive < 0 ? NULL : fdopendir(archive);
	const char *name;
	int r = d ? 0 : -errno;

	if (d)
		take_fd(&archive);
	add_number(n, state, own);
	while (d && (r = dir_next(d, &name)) > 0) {
		OWN_FREE char *path = xfmt("archive/%s/audit/seal", name);

		if (is_archive_of(name, pod))
			add_number(n, state, path);
	}
	return r < 0 && r != -ENOENT ? err_set(e, -r, "list the archive") : 0;
}

static bool has(const struct numbers *n, uint64_t log)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i] == log)
			return true;
	return false;
}

/* --- the list --- */

struct reading {
	struct loglist *l;
	const struct numbers *here;
	const char *pod;
	uint64_t at;                     /* number of the line that was read last */
	unsigned char host[LOGSEAL_KEY]; /* H(at) */
	uint64_t next;                   /* that must come, or at once more */
	bool is_pods;                    /* it was the pod's, as far as is known */
};

/* No other line says anything of that number. */
static void settle(struct reading *r)
{
	if (r->is_pods && !has(r->here, r->at))
		spans_add(&r->l->missing, r->at, r->at);
	r->is_pods = false;
}

static void take_line(struct reading *r, const char *text, size_t len)
{
	char seal[LOGSEAL_HEX];
	struct loglist_line line;

	if (loglist_parse(&line, text, len) < 0 || line.log < r->at) {
		r->l->fault = "has a line that is none";
		return;
	}
	if (line.log > r->next)
		r->l->fault = "lacks lines";
	/* The same number again: who was to have it before was ended by a crash. */
	if (line.log > r->at)
		settle(r);
	for (; r->at < line.log; r->at++)
		logseal_derive(r->host, "envpod-seal-host", r->host);
	sealkeys_list(r->host, text, line.len, seal);
	if (strcmp(seal, line.seal) != 0)
		r->l->fault = "has a line that was not written when its log began";
	r->is_pods = strcmp(line.pod, r->pod) == 0;
	r->next = line.log + 1;
}

/*
 * Its end: the host's key says how many logs were begun, and is the key of that number.  No earlier
 * one is to be had, so that list and key cannot go back together.
 */
static void compare(struct reading *r, int dir)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_LOGSEAL struct logseal host = {0};
	unsigned char key[LOGSEAL_KEY];
	/* The host's key is turned after its line is written: what a crash left is not begun. */
	bool good = read_file_at(dir, "seal", &b, LOGSEAL_TEXT) == 0 &&
		    logseal_parse(&host, b.data, b.len) == 0 &&
		    (host.log == r->next || host.log + 1 == r->next);

	memcpy(key, r->host, sizeof(key));
	for (uint64_t n = r->at; good && n < host.log; n++)
		logseal_derive(key, "envpod-seal-host", key);
	good = good && sodium_memcmp(key, host.line, LOGSEAL_KEY) == 0;
	if (!good)
		r->l->fault = "lacks lines";
	if (!good || host.log == r->next)
		settle(r);
	sodium_memzero(key, sizeof(key));
	if (b.data)
		sodium_memzero(b.data, b.cap);
}

int loglist_check(struct loglist *l, const struct seals *s, const char *pod, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/keys/audit", pod_state_dir());
	OWN_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN(numbers_finish) struct numbers here = {.seals = s};
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int lock = dir < 0 ? -1 : openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct reading r = {.l = l, .here = &here, .pod = pod};
	int got = lock >= 0 && flock(lock, LOCK_SH) < 0 ? -errno
		  : dir < 0                             ? -errno
			    : read_file_at(dir, "logs", &b, LOGLIST_MAX);

	if (got == -ENOENT) {
		l->fault = "is gone";
		return 0;
	}
	if (got < 0)
		return err_set(e, -got, "read %s/logs", path);
	if (find_logs(&here, pod, e) < 0)
		return -e->code;
	memcpy(r.host, s->host, LOGSEAL_KEY);
	for (const char *p = b.data, *end = p + b.len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		take_line(&r, p, (size_t)((nl ? nl : end) - p));
		p = nl ? nl + 1 : end;
	}
	compare(&r, dir);
	sodium_memzero(r.host, sizeof(r.host));
	return 0;
}
