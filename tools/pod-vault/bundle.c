/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/bundle.h"

#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/unit.h"

#define FIRST_LINE "envpod-vault-bundle 1\n"
#define LAST_LINE  "end\n"
#define HEAD_MAX   (SEAL_NAME_MAX + 32)

int bundle_format(const struct puts *p, struct secret *text, struct err *e)
{
	size_t most = sizeof(FIRST_LINE) + sizeof(LAST_LINE), at;
	int r;

	for (size_t i = 0; i < p->n; i++)
		most += HEAD_MAX + p->v[i].value.len;
	if (most > SEAL_INDEX_MAX)
		return err_set(e, EFBIG, "put all of it into one bundle");
	r = secret_new(text, most, e);
	if (r < 0)
		return r;
	at = (size_t)snprintf(text->data, most, FIRST_LINE);
	for (size_t i = 0; i < p->n; i++) {
		at += (size_t)snprintf(text->data + at, most - at, "secret %s %zu\n", p->v[i].key,
				       p->v[i].value.len);
		memcpy(text->data + at, p->v[i].value.data, p->v[i].value.len);
		at += p->v[i].value.len;
		text->data[at++] = '\n';
	}
	at += (size_t)snprintf(text->data + at, most - at, LAST_LINE);
	secret_cut(text, at);
	return 0;
}

static int bad(struct err *e)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "the bundle's text is not understood");
}

/* "secret NAME LENGTH\n" at p: what follows it, or NULL. */
static const char *take_head(const char *p, const char *end, char name[SEAL_NAME_MAX],
			     uint64_t *len)
{
	const char *eol = memchr(p, '\n', (size_t)(end - p));
	char line[HEAD_MAX + 8], *blank;

	if (!eol || (size_t)(eol - p) >= sizeof(line))
		return NULL;
	memcpy(line, p, (size_t)(eol - p));
	line[eol - p] = '\0';
	blank = strrchr(line, ' ');
	if (strncmp(line, "secret ", 7) != 0 || !blank || blank < line + 8 ||
	    blank - line - 7 >= SEAL_NAME_MAX || strlen(line) != (size_t)(eol - p))
		return NULL;
	*blank = '\0';
	memcpy(name, line + 7, (size_t)(blank - line) - 6);
	if (!is_key_name(name) || unit_u64(blank + 1, SEAL_VALUE_MAX, len) < 0 || *len == 0)
		return NULL;
	return eol + 1;
}

int bundle_parse(struct puts *p, const char *text, size_t len, struct err *e)
{
	const char *at = text, *end = text + len;
	size_t first = strlen(FIRST_LINE), last = strlen(LAST_LINE);

	if (len < first || memcmp(at, FIRST_LINE, first) != 0)
		return bad(e);
	at += first;
	for (;;) {
		char name[SEAL_NAME_MAX];
		uint64_t n;
		int r;

		if ((size_t)(end - at) == last && memcmp(at, LAST_LINE, last) == 0)
			return 0;
		at = p->n < DOTENV_LINES ? take_head(at, end, name, &n) : NULL;
		if (!at || (uint64_t)(end - at) < n + 1 || at[n] != '\n' || memchr(at, '\0', n))
			return bad(e);
		r = puts_add(p, name, strlen(name), at, n, e);
		if (r < 0)
			return r == -EEXIST ? bad(e) : r;
		at += n + 1;
	}
}

int bundle_seal(const struct puts *p, const struct secret *passphrase, struct buf *out,
		struct err *e)
{
	OWN_SECRET struct secret text = {0}, key = {0};
	struct seal_head head;
	int r = bundle_format(p, &text, e);

	seal_head_new(&head, SEAL_PASSPHRASE);
	if (r == 0)
		r = seal_derive(&head, passphrase->data, passphrase->len, &key, e);
	if (r == 0)
		seal_index(SEAL_BUNDLE, &head, (const unsigned char *)key.data, text.data, text.len,
			   out);
	return r;
}

int bundle_open(struct puts *p, const void *data, size_t len, const struct secret *passphrase,
		struct err *e)
{
	OWN_SECRET struct secret text = {0}, key = {0};
	struct seal_head head;
	size_t head_len;
	int r = seal_head_read(SEAL_BUNDLE, data, len, &head, &head_len, e);

	if (r == 0 && head.kind != SEAL_PASSPHRASE)
		r = bad(e);
	if (r == 0)
		r = seal_derive(&head, passphrase->data, passphrase->len, &key, e);
	if (r == 0)
		r = seal_index_open(SEAL_BUNDLE, data, len, (const unsigned char *)key.data, &text,
				    e);
	if (r == -ENOKEY)
		return err_set(e, ENOKEY, "that passphrase does not open the bundle");
	return r == 0 ? bundle_parse(p, text.data, text.len, e) : r;
}
