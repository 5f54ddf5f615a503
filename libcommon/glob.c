/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not fnmatch(3): it takes exponential time on some patterns, has no '**', and depends on the
 * locale.  Backtracking needs to remember only the last '*' and the last '**': what an earlier one
 * could still swallow, the later one can too.
 */
#include "libcommon/glob.h"

#include <stddef.h>
#include <string.h>

bool glob_is(const char *s)
{
	return s[strcspn(s, "*?[")] != '\0';
}

/* "[...]" at p: does it hold c?  *next is behind it; NULL: not a closed class, '[' is itself. */
static bool class_holds(const char *p, unsigned char c, const char **next)
{
	bool negated = p[1] == '!' || p[1] == '^', held = false;
	const char *first = p + 1 + negated, *at = first;

	*next = NULL;
	for (; *at && (*at != ']' || at == first); at++) {
		unsigned char lo = (unsigned char)*at, hi = lo;

		if (at[1] == '-' && at[2] && at[2] != ']') {
			hi = (unsigned char)at[2];
			at += 2;
		}
		held = held || (c >= lo && c <= hi);
	}
	if (*at != ']')
		return false;
	*next = at + 1;
	return held != negated && c != '/';
}

/* One character of the text against one element of the pattern; what follows it, or NULL. */
static const char *match_one(const char *p, char c)
{
	const char *next;

	if (*p == '\0' || *p == '*')
		return NULL;
	if (*p == '?')
		return c != '/' ? p + 1 : NULL;
	if (*p == '[') {
		bool held = class_holds(p, (unsigned char)c, &next);

		if (next)
			return held ? next : NULL;
	}
	if (*p == '\\' && p[1])
		p++;
	return *p == c ? p + 1 : NULL;
}

struct back {
	const char *p, *t; /* behind the star, and where its share of the text ends */
};

/* "**" and then "/": zero directories count too, so that a star-star-slash-x pattern matches x. */
static const char *take_star(const char *p, const char *t, struct back *one, struct back *any)
{
	if (p[1] != '*') {
		*one = (struct back){p + 1, t};
		return p + 1;
	}
	p += p[2] == '/' ? 3 : 2;
	*any = (struct back){p, t};
	*one = (struct back){NULL, NULL};
	return p;
}

static bool swallow(struct back *b, bool across)
{
	if (!b->p || !*b->t || (!across && *b->t == '/'))
		return false;
	/* "**" before a slash swallows whole components. */
	do
		b->t++;
	while (across && b->p[-1] == '/' && *b->t && b->t[-1] != '/');
	return !across || b->p[-1] != '/' || b->t[-1] == '/';
}

bool glob_match(const char *pattern, const char *text)
{
	struct back one = {NULL, NULL}, any = {NULL, NULL};
	const char *p = pattern, *t = text;

	for (;;) {
		const char *next;

		if (*p == '*') {
			p = take_star(p, t, &one, &any);
			continue;
		}
		if (*t == '\0' && *p == '\0')
			return true;
		next = *t ? match_one(p, *t) : NULL;
		if (next) {
			p = next;
			t++;
		} else if (swallow(&one, false)) {
			p = one.p;
			t = one.t;
		} else if (swallow(&any, true)) {
			one = (struct back){NULL, NULL};
			p = any.p;
			t = any.t;
		} else
			return false;
	}
}
