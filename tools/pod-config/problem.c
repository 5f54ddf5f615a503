/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/problem.h"

#include <stdarg.h>
#include <stdlib.h>

#include "libcommon/buf.h"
#include "libcommon/path.h"

__attribute__((format(printf, 4, 0))) static void keep(struct problems *p, struct place at,
						       int note, const char *fmt, va_list ap)
{
	char text[1024];

	if (!note)
		p->errors++;
	if (p->n == PROBLEMS_MAX)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	p->v[p->n++] = (struct problem){.at = at, .note = note, .text = xstrdup(text)};
}

void problem_add(struct problems *p, struct place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(p, at, 0, fmt, ap);
	va_end(ap);
}

void problem_note(struct problems *p, struct place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(p, at, 1, fmt, ap);
	va_end(ap);
}

static int is_later(struct place a, struct place b)
{
	return a.line != b.line ? a.line > b.line : a.column > b.column;
}

/* By insertion: they are nearly in order, few, and two of one place keep theirs. */
static void sort(struct problems *p)
{
	for (size_t i = 1; i < p->n; i++) {
		struct problem moved = p->v[i];
		size_t j = i;

		for (; j > 0 && is_later(p->v[j - 1].at, moved.at); j--)
			p->v[j] = p->v[j - 1];
		p->v[j] = moved;
	}
}

void problems_print(struct problems *p, FILE *to)
{
	size_t kept = 0;

	sort(p);
	for (size_t i = 0; i < p->n; i++) {
		const struct problem *one = &p->v[i];

		fputs(esc(p->file), to);
		if (one->at.line)
			fprintf(to, ":%u:%u", one->at.line, one->at.column);
		fprintf(to, ": %s%s\n", one->note ? "note: " : "", one->text);
		kept += !one->note;
	}
	if (p->errors > kept)
		fprintf(to, "%s: %zu more errors\n", esc(p->file), p->errors - kept);
}

void problems_finish(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].text);
	p->n = 0;
}
