/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/dotenv.h"

#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/path.h"

void puts_finish(struct puts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		secret_finish(&p->v[i].value);
		free(p->v[i].key);
	}
	free(p->v);
	*p = (struct puts){0};
}

int puts_add(struct puts *p, const char *key, size_t key_len, const char *value, size_t len,
	     struct err *e)
{
	struct put *put;
	int r;

	for (size_t i = 0; i < p->n; i++)
		if (strlen(p->v[i].key) == key_len && memcmp(p->v[i].key, key, key_len) == 0)
			return -EEXIST;
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	put = &p->v[p->n];
	*put = (struct put){0};
	r = secret_copy(&put->value, value, len, e);
	if (r < 0)
		return r;
	put->key = strndup(key, key_len);
	p->n++;
	return 0;
}

struct place {
	const char *name;
	unsigned line;
	const char *start;
};

static int wrong(const struct place *at, const char *where, const char *what, struct err *e)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s:%u:%u: %s", esc(at->name), at->line,
			  (unsigned)(where - at->start) + 1, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Is it a key?  Its bytes are not shown: who forgot the key may have written the secret there. */
static int check_key(const char *key, size_t len)
{
	char name[SEAL_NAME_MAX];

	if (len >= sizeof(name))
		return -EINVAL;
	memcpy(name, key, len);
	name[len] = '\0';
	return strlen(name) == len && is_key_name(name) ? 0 : -EINVAL;
}

static int take_line(struct puts *p, const struct place *at, const char *line, const char *end,
		     struct err *e)
{
	const char *equals;
	int r;

	while (line < end && is_blank(*line))
		line++;
	if (line == end || *line == '#')
		return 0;
	equals = memchr(line, '=', (size_t)(end - line));
	if (!equals)
		return wrong(at, line, "lacks =: nothing is taken out of the environment", e);
	if (check_key(line, (size_t)(equals - line)) < 0)
		return wrong(at, line, "what stands in front of = is no name for a secret", e);
	if (equals + 1 == end)
		return wrong(at, equals, "the value is empty", e);
	if (end - equals - 1 > SEAL_VALUE_MAX)
		return wrong(at, equals, "the value is longer than 64 KiB", e);
	if (memchr(equals, '\0', (size_t)(end - equals)))
		return wrong(at, memchr(equals, '\0', (size_t)(end - equals)), "a NUL byte", e);
	if (p->n == DOTENV_LINES)
		return wrong(at, line, "more secrets than a pod can have", e);
	r = puts_add(p, line, (size_t)(equals - line), equals + 1, (size_t)(end - equals - 1), e);
	return r == -EEXIST ? wrong(at, line, "this key stands twice", e) : r;
}

int dotenv_parse(struct puts *p, const char *data, size_t len, const char *name, struct err *e)
{
	static const char mark[] = "\xef\xbb\xbf"; /* some editors begin a file with it */
	const char *end = data + len;
	struct place at = {.name = name};
	int r = 0;

	if (len >= 3 && memcmp(data, mark, 3) == 0)
		data += 3;
	while (data < end && r == 0) {
		const char *eol = memchr(data, '\n', (size_t)(end - data));
		const char *stop = eol ? eol : end;

		at.line++;
		at.start = data;
		if (stop > data && stop[-1] == '\r')
			stop--;
		r = take_line(p, &at, data, stop, e);
		data = eol ? eol + 1 : end;
	}
	return r;
}
