/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-trace/mask.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/secrets.h"
#include "libcommon/words.h"

#define MASK_MAX  (1u << 20)
#define VALUE_MIN 4 /* a shorter one stands everywhere, and says nothing */

bool mask_wanted(const struct plan *plan)
{
	return plan_str(plan, "vault.env", NULL) != NULL;
}

/* Those of runs of one command; NULL: of all. */
static int take(struct mask *m, const char *pod, const char *command, struct err *e)
{
	OWN_FD int fd = -1;
	int status = secrets_open(pod, command, &fd, e);
	ssize_t n;

	if (status != 0)
		return -EACCES;
	n = read_full(fd, m->data + m->len, m->size - m->len);
	if (n < 0)
		return err_set(e, (int)-n, "read the secrets of pod %s", pod);
	m->len += (size_t)n;
	return 0;
}

/* Every command that vault.env names for itself, and none. */
static int take_all(struct mask *m, const char *pod, const struct plan *plan, struct err *e)
{
	OWN_STRV struct strv asked = {0};
	const char *value;
	int r = take(m, pod, NULL, e);

	for (size_t i = 0; r == 0 && (value = plan_next(plan, "vault.env", &i));) {
		OWN_STRV struct strv words = {0};

		if (words_split(&words, value) < 0)
			continue;
		for (size_t k = 1; r == 0 && k < words.n; k++) {
			if (strv_has(&asked, words.v[k]))
				continue;
			strv_add(&asked, words.v[k]);
			r = take(m, pod, words.v[k], e);
		}
	}
	return r;
}

int mask_load(struct mask *m, const char *pod, const struct plan *plan, struct err *e)
{
	*m = (struct mask){0};
	if (!mask_wanted(plan))
		return 0;
	m->data = mmap(NULL, MASK_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->data == MAP_FAILED) {
		m->data = NULL;
		return err_set(e, errno, "make room for the secrets of pod %s", pod);
	}
	m->size = MASK_MAX;
	madvise(m->data, m->size, MADV_DONTDUMP);
	mlock(m->data, m->size);
	m->unknown = take_all(m, pod, plan, e) < 0;
	return 0;
}

void mask_finish(struct mask *m)
{
	if (m->data) {
		explicit_bzero(m->data, m->size);
		munmap(m->data, m->size);
	}
	*m = (struct mask){0};
}

struct entry {
	const char *key, *value;
	size_t key_len, value_len;
};

/* The next one at or after *at; false at the end. */
static bool next_entry(const struct mask *m, size_t *at, struct entry *out)
{
	while (*at < m->len) {
		const char *line = m->data + *at;
		size_t n = strnlen(line, m->len - *at);
		const char *equals = memchr(line, '=', n);

		*at += n + 1;
		if (!equals)
			continue;
		*out = (struct entry){line, equals + 1, (size_t)(equals - line),
				      n - (size_t)(equals + 1 - line)};
		if (out->value_len >= VALUE_MIN)
			return true;
	}
	return false;
}

/* How much of it stands here: all, or what was left of it where the text was cut off. */
static size_t matches(const struct entry *one, const char *text, bool cut)
{
	size_t left = strnlen(text, one->value_len);

	if (left < one->value_len && (!cut || left < VALUE_MIN))
		return 0;
	return memcmp(text, one->value, left) == 0 ? left : 0;
}

/* The longest that begins here: one may be the beginning of another. */
static size_t find_at(const struct mask *m, const char *text, bool cut, struct entry *found)
{
	size_t longest = 0;
	struct entry one;

	for (size_t at = 0; next_entry(m, &at, &one);) {
		size_t n = matches(&one, text, cut);

		if (n > longest) {
			longest = n;
			*found = one;
		}
	}
	return longest;
}

char *mask_text(const struct mask *m, const char *text, bool cut)
{
	OWN_BUF struct buf out = BUF_INIT;
	struct entry found = {0};

	if (!m->len)
		return xstrdup(text);
	for (size_t n; *text; text += n) {
		n = find_at(m, text, cut, &found);
		if (n)
			buf_fmt(&out, "[%.*s]", (int)found.key_len, found.key);
		else
			buf_char(&out, text[n++]);
	}
	return buf_take(&out);
}
