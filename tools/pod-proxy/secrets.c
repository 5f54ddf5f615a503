/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/secrets.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/unit.h"

int secrets_open(struct secrets *s)
{
	*s = (struct secrets){0};
	if (sodium_init() >= 0)
		s->text = sodium_malloc(SECRETS_MAX);
	return s->text ? 0 : -ENOMEM;
}

void secrets_finish(struct secrets *s)
{
	sodium_free(s->text);
	free(s->v);
	*s = (struct secrets){0};
}

static int add(struct secrets *s, const char *key, const char *value, size_t len)
{
	size_t known;

	if (s->n >= SECRETS_KEYS || secrets_get(s, key, &known))
		return -EBADMSG;
	if (s->n % 16 == 0)
		s->v = xrealloc(s->v, (s->n + 16) * sizeof(*s->v));
	s->v[s->n++] = (struct secret){key, value, len};
	return 0;
}

/* "KEY LENGTH", and behind the line the value with a newline. */
static int take_secret(struct secrets *s, char *words, size_t *at)
{
	char *blank = strchr(words, ' ');
	uint64_t len = 0;

	if (!blank || blank == words || blank - words > SECRETS_KEY)
		return -EBADMSG;
	if (unit_u64(blank + 1, SECRETS_MAX, &len) < 0)
		return -EBADMSG;
	if (s->len - *at < len + 1)
		return -EAGAIN;
	if (s->text[*at + len] != '\n')
		return -EBADMSG;
	*blank = s->text[*at + len] = '\0';
	*at += len + 1;
	return add(s, words, s->text + *at - len - 1, len);
}

static int take_line(struct secrets *s, char *line, size_t *at)
{
	if (strcmp(line, "end") == 0)
		return *at == s->len ? 1 : -EBADMSG;
	if (strncmp(line, "locked ", 7) == 0 && strlen(line) <= SECRETS_WHY) {
		s->locked = line + 7;
		return 0;
	}
	return strncmp(line, "secret ", 7) == 0 ? take_secret(s, line + 7, at) : -EBADMSG;
}

/* Is it all there?  Nothing is changed before: what is cut into strings cannot be read again. */
static int is_whole(const struct secrets *s)
{
	static const char end[] = "end\n";
	size_t n = sizeof(end) - 1;

	return s->len >= n && memcmp(s->text + s->len - n, end, n) == 0 &&
	       (s->len == n || s->text[s->len - n - 1] == '\n');
}

static int parse(struct secrets *s)
{
	size_t at = 0;
	int r = 0;

	while (r == 0) {
		char *line = s->text + at;
		char *eol = memchr(line, '\n', s->len - at);

		if (!eol)
			return -EBADMSG;
		*eol = '\0';
		if (strlen(line) != (size_t)(eol - line))
			return -EBADMSG;
		at = (size_t)(eol + 1 - s->text);
		r = take_line(s, line, &at);
	}
	return r == 1 ? 0 : r;
}

int secrets_parse(struct secrets *s)
{
	return is_whole(s) ? parse(s) : s->len == SECRETS_MAX ? -EBADMSG : -EAGAIN;
}

int secrets_read(struct secrets *s, int fd)
{
	ssize_t n;

	do {
		n = read(fd, s->text + s->len, SECRETS_MAX - s->len);
		if (n > 0)
			s->len += (size_t)n;
	} while ((n > 0 && s->len < SECRETS_MAX) || (n < 0 && errno == EINTR));
	if (n < 0 && errno != EAGAIN)
		return -errno;
	if (s->len && secrets_parse(s) == 0)
		return 0;
	return n < 0 ? -EAGAIN : -EBADMSG;
}

const char *secrets_get(const struct secrets *s, const char *key, size_t *len)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].key, key) == 0) {
			*len = s->v[i].len;
			return s->v[i].value;
		}
	return NULL;
}

void secrets_forget(struct secrets *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].key, key) == 0) {
			explicit_bzero((char *)(uintptr_t)s->v[i].value, s->v[i].len);
			s->v[i] = s->v[--s->n];
			return;
		}
}
