/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/health.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/words.h"

#define MAGIC     "envpod-health 1 "
#define FILE_NAME "health"

static const char *const states[] = {"starting", "passing", "failing"};

const char *health_state(enum health_state s)
{
	return states[s];
}

/* --- writing --- */

int health_write(const struct health *h, const struct pod *p)
{
	OWN_BUF struct buf b = BUF_INIT;

	buf_fmt(&b, MAGIC "%d %llu\npod %s %s %u\n", (int)getpid(), pod_start_time(getpid()),
		states[h->state], h->since, h->restarts);
	for (int i = 0; i < h->n; i++) {
		const struct health_check *c = &h->v[i];
		OWN_BUF struct buf name = BUF_INIT, reason = BUF_INIT;

		words_add(&name, *c->name ? c->name : "-");
		words_add(&reason, *c->reason ? c->reason : "-");
		buf_fmt(&b, "check %s %s %s %u %s\n", name.data, states[c->state], c->since,
			c->failures, reason.data);
	}
	return write_file_at(p->run, FILE_NAME, b.data, b.len, 0600, false);
}

void health_forget(const struct pod *p)
{
	unlinkat(p->run, FILE_NAME, 0);
}

/* --- reading --- */

static int read_state(const char *word, enum health_state *s)
{
	for (int i = HEALTH_STARTING; i <= HEALTH_FAILING; i++)
		if (strcmp(states[i], word) == 0) {
			*s = (enum health_state)i;
			return 0;
		}
	return -EINVAL;
}

static int read_number(const char *word, unsigned *n)
{
	uint64_t value;

	if (unit_u64(word, UINT32_MAX, &value) < 0)
		return -EINVAL;
	*n = (unsigned)value;
	return 0;
}

static void copy(char *to, size_t size, const char *word)
{
	snprintf(to, size, "%.*s", (int)size - 1, word);
}

static int read_pod(struct health *h, char *const *w, size_t n)
{
	if (n != 4 || read_state(w[1], &h->state) < 0 || read_number(w[3], &h->restarts) < 0)
		return -EINVAL;
	copy(h->since, sizeof(h->since), w[2]);
	return 0;
}

static int read_check(struct health *h, char *const *w, size_t n)
{
	struct health_check *c = &h->v[h->n];

	if (n != 6 || h->n == HEALTH_CHECKS || read_state(w[2], &c->state) < 0 ||
	    read_number(w[4], &c->failures) < 0)
		return -EINVAL;
	copy(c->name, sizeof(c->name), w[1]);
	copy(c->since, sizeof(c->since), w[3]);
	copy(c->reason, sizeof(c->reason), strcmp(w[5], "-") == 0 ? "" : w[5]);
	h->n++;
	return 0;
}

static int read_line(struct health *h, const char *line)
{
	OWN_STRV struct strv words = {0};

	if (words_split(&words, line) < 0 || words.n == 0)
		return -EINVAL;
	if (strcmp(words.v[0], "pod") == 0)
		return read_pod(h, words.v, words.n);
	return strcmp(words.v[0], "check") == 0 ? read_check(h, words.v, words.n) : -EINVAL;
}

int health_parse(struct health *h, const char *text, size_t len, int *pid,
		 unsigned long long *start)
{
	OWN_FREE char *copied = strndup(text, len);
	char *save = NULL, *line = strtok_r(copied, "\n", &save);

	*h = (struct health){.n = 0};
	if (!line || sscanf(line, MAGIC "%d %llu", pid, start) != 2)
		return -EINVAL;
	while ((line = strtok_r(NULL, "\n", &save)))
		if (read_line(h, line) < 0)
			return -EINVAL;
	return *h->since ? 0 : -EINVAL;
}

bool health_read(struct health *h, const struct pod *p)
{
	OWN_BUF struct buf b = BUF_INIT;
	unsigned long long start;
	int pid;

	return read_file_at(p->run, FILE_NAME, &b, HEALTH_MAX) == 0 && b.len &&
	       health_parse(h, b.data, b.len, &pid, &start) == 0 && start &&
	       pod_start_time(pid) == start;
}

void health_json(const struct health *h, struct buf *b)
{
	jw_open(b, '{');
	jw_kstr(b, "state", states[h->state]);
	jw_kstr(b, "since", h->since);
	jw_knum(b, "restarts", h->restarts);
	jw_key(b, "checks");
	jw_open(b, '[');
	for (int i = 0; i < h->n; i++) {
		jw_open(b, '{');
		jw_kstr(b, "name", h->v[i].name);
		jw_kstr(b, "state", states[h->v[i].state]);
		jw_kstr(b, "since", h->v[i].since);
		jw_knum(b, "failures", h->v[i].failures);
		jw_kstr(b, "reason", h->v[i].reason);
		jw_close(b, '}');
	}
	jw_close(b, ']');
	jw_close(b, '}');
}
