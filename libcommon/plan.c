/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"

void plan_finish(struct plan *pl)
{
	strv_finish(&pl->keys);
	strv_finish(&pl->values);
}

static int bad(struct err *e, unsigned line, const char *what)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "plan: line %u: %s", line, what);
}

/* Undo "\\\\" and "\\n" in place. */
static int unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		s++;
		if (*s != '\\' && *s != 'n')
			return -EINVAL;
		*to++ = *s == 'n' ? '\n' : '\\';
	}
	*to = '\0';
	return 0;
}

static int parse_line(struct plan *pl, const char *line, size_t len, unsigned no, struct err *e)
{
	OWN_FREE char *copy = xcalloc(1, len + 1);
	char *value;

	memcpy(copy, line, len);
	value = strchr(copy, ' ');
	if (!value || value == copy)
		return bad(e, no, "want 'key value'");
	*value++ = '\0';
	if (unescape(value) < 0)
		return bad(e, no, "bad escape");
	strv_add(&pl->keys, copy);
	strv_add(&pl->values, value);
	return 0;
}

static int parse_head(struct plan *pl, const char *line, size_t len, struct err *e)
{
	char head[128], extra;
	int version;

	if (len >= sizeof(head))
		return bad(e, 1, "not an envpod plan");
	memcpy(head, line, len);
	head[len] = '\0';
	if (sscanf(head, "envpod-plan %d %llu %llu %llu%c", &version, &pl->ino, &pl->mtime_ns,
		   &pl->size, &extra) != 4 ||
	    version != 1)
		return bad(e, 1, "not an envpod plan of version 1");
	return 0;
}

int plan_parse(struct plan *pl, const char *data, size_t len, struct err *e)
{
	const char *end = data + len;
	unsigned no = 0;
	int r;

	if (len > PLAN_MAX || memchr(data, '\0', len))
		return bad(e, 0, "too long, or a NUL byte in it");
	while (data < end) {
		const char *eol = memchr(data, '\n', (size_t)(end - data));
		size_t n;

		if (!eol)
			return bad(e, no + 1, "cut off");
		n = (size_t)(eol - data);
		no++;
		if (no > 1 && n == 3 && memcmp(data, "end", 3) == 0)
			return eol + 1 == end ? 0 : bad(e, no + 1, "text after 'end'");
		r = no == 1 ? parse_head(pl, data, n, e) : parse_line(pl, data, n, no, e);
		if (r < 0)
			return r;
		data = eol + 1;
	}
	return bad(e, no, "no 'end'");
}

static int load(struct plan *pl, const struct pod *p, const struct stat *json, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->dir, "plan", &b, PLAN_MAX);
	unsigned long long mtime = (unsigned long long)json->st_mtim.tv_sec * 1000000000ull +
				   (unsigned long long)json->st_mtim.tv_nsec;

	if (r < 0)
		return err_set(e, -r, "read %s/plan", p->path);
	r = plan_parse(pl, b.data, b.len, e);
	if (r < 0)
		return err_wrap(e, "pod %s", p->name);
	if (pl->ino == json->st_ino && pl->mtime_ns == mtime &&
	    pl->size == (unsigned long long)json->st_size)
		return 0;
	return err_set(e, ESTALE, "pod %s: the plan is older than pod.json", p->name);
}

int plan_open(struct plan *pl, const struct pod *p, struct err *e)
{
	char *argv[] = {"pod-config", "plan", (char *)p->name, NULL};
	struct stat json;
	int r;

	if (fstatat(p->dir, "pod.json", &json, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno,
			       "pod %s was never finished (envpod destroy %s clears it): "
			       "look at pod.json",
			       p->name, p->name);
	r = load(pl, p, &json, e);
	if (r == 0)
		return 0;
	plan_finish(pl);
	*e = (struct err){0};
	r = spawn_wait(argv, NULL, e);
	if (r != 0)
		return r < 0 ? r
			     : err_status(e, r, ERR_PLAIN, "pod %s: pod-config made no plan",
					  p->name);
	return load(pl, p, &json, e);
}

const char *plan_next(const struct plan *pl, const char *key, size_t *i)
{
	while (*i < pl->keys.n) {
		size_t at = (*i)++;

		if (strcmp(pl->keys.v[at], key) == 0)
			return pl->values.v[at];
	}
	return NULL;
}

const char *plan_str(const struct plan *pl, const char *key, const char *fallback)
{
	size_t i = 0;
	const char *value = plan_next(pl, key, &i);

	return value ? value : fallback;
}

uint64_t plan_u64(const struct plan *pl, const char *key, uint64_t fallback)
{
	const char *value = plan_str(pl, key, NULL);
	uint64_t n;

	return value && unit_u64(value, UINT64_MAX, &n) == 0 ? n : fallback;
}

bool plan_is(const struct plan *pl, const char *key, const char *value)
{
	return strcmp(plan_str(pl, key, ""), value) == 0;
}

bool plan_has(const struct plan *pl, const char *key, const char *value)
{
	const char *v;

	for (size_t i = 0; (v = plan_next(pl, key, &i));)
		if (strcmp(v, value) == 0)
			return true;
	return false;
}

void plan_line(struct buf *b, const char *key, const char *value)
{
	buf_str(b, key);
	buf_char(b, ' ');
	for (; *value; value++) {
		if (*value == '\n')
			buf_str(b, "\\n");
		else if (*value == '\\')
			buf_str(b, "\\\\");
		else
			buf_char(b, *value);
	}
	buf_char(b, '\n');
}
