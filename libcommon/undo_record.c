/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a record: the half of undo.h that parses. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/undo.h"
#include "libcommon/words.h"

#define HEAD "envpod-undo 1"

static const char *const tools[] = {"pod-limit", "pod-mount", "pod-dns", "pod-proxy",
				    "pod-queue", "pod-vault", "envpod"};

bool undo_tool(const char *name)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(tools[i], name) == 0)
			return true;
	return false;
}

void undo_note_finish(struct undo_note *n)
{
	strv_finish(&n->what);
	strv_finish(&n->run);
	free(n->never);
	free(n->by);
	free(n->holds);
	*n = (struct undo_note){0};
}

void undo_words(struct strv *to, ...)
{
	va_list ap;
	const char *word;

	va_start(ap, to);
	while ((word = va_arg(ap, const char *)))
		strv_add(to, word);
	va_end(ap);
}

static bool take_text(char **to, const struct strv *words)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (*to)
		return false;
	for (size_t i = 0; i < words->n; i++)
		buf_fmt(&b, "%s%s", i ? " " : "", words->v[i]);
	*to = buf_take(&b);
	return true;
}

static bool take_words(struct strv *to, struct strv *words)
{
	if (to->n)
		return false;
	*to = *words;
	*words = (struct strv){0};
	return true;
}

/* Beneath the pod's directory and nowhere else. */
static bool take_holds(struct undo_note *n, const struct strv *words)
{
	OWN_FREE char *clean = path_clean("/", words->v[0]);

	return words->n == 1 && strcmp(clean + 1, words->v[0]) == 0 && take_text(&n->holds, words);
}

static bool take_undoes(struct undo_note *n, const struct strv *words)
{
	if (words->n != 1 || *n->undoes || !undo_is_id(words->v[0]))
		return false;
	memcpy(n->undoes, words->v[0], strlen(words->v[0]) + 1);
	return true;
}

static bool take_line(struct undo_note *n, const char *key, struct strv *words)
{
	if (strcmp(key, "what") == 0)
		return take_words(&n->what, words);
	if (strcmp(key, "run") == 0)
		return undo_tool(words->v[0]) && take_words(&n->run, words);
	if (strcmp(key, "never") == 0)
		return take_text(&n->never, words);
	if (strcmp(key, "by") == 0)
		return take_text(&n->by, words);
	if (strcmp(key, "holds") == 0)
		return take_holds(n, words);
	return strcmp(key, "undoes") == 0 && take_undoes(n, words);
}

static bool read_line(struct undo_note *n, char *line)
{
	OWN_STRV struct strv words = {0};
	char *blank = strchr(line, ' ');

	if (!blank)
		return false;
	*blank = '\0';
	return words_split(&words, blank + 1) == 0 && take_line(n, line, &words);
}

int undo_parse(struct undo_note *n, const char *data, size_t len, struct err *e)
{
	OWN_BUF struct buf line = BUF_INIT;
	const char *end = data + len, *eol;
	bool ok = len <= UNDO_RECORD_MAX && !memchr(data, '\0', len);

	for (size_t no = 1; ok && data < end; no++, data = eol + 1) {
		eol = memchr(data, '\n', (size_t)(end - data));
		if (!eol)
			ok = false;
		if (!ok)
			break;
		buf_clear(&line);
		buf_add(&line, data, (size_t)(eol - data));
		ok = no == 1 ? strcmp(line.data, HEAD) == 0 : read_line(n, line.data);
	}
	/* Exactly one of the two. */
	if (!ok || !n->what.n || !n->by || (n->run.n > 0) == (n->never != NULL))
		return err_set(e, ERR_PLAIN, "it is no record of an undo (envpod-undo(5))");
	return 0;
}

int undo_read(struct undo_note *n, const struct pod *p, const char *id, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s/record", id);
	OWN_BUF struct buf text = BUF_INIT;
	OWN_FD int fd = open_beneath(p->dir, path, O_RDONLY, 0);
	int r = fd < 0 ? fd : read_fd(fd, &text, UNDO_RECORD_MAX);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_set(e, -r, "read %s/%s", p->path, path);
	r = undo_parse(n, text.data, text.len, e);
	return r < 0 ? err_wrap(e, "pod %s: %s", p->name, path) : 0;
}
