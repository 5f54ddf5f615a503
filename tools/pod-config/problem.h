/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a pod file: all of it, each with its place, printed in the file's order. */
#ifndef POD_CONFIG_PROBLEM_H
#define POD_CONFIG_PROBLEM_H

#include <stddef.h>
#include <stdio.h>

#define PROBLEMS_MAX 100 /* more are counted, not kept */

/* Counted from one, columns in characters; line 0: no place (pod.json, which has no lines). */
struct place {
	unsigned line, column;
};

struct problem {
	struct place at;
	int note; /* worth saying, nothing wrong */
	char *text;
};

struct problems {
	const char *file; /* the name in front; kept by reference */
	struct problem v[PROBLEMS_MAX];
	size_t n;
	size_t errors; /* also those beyond PROBLEMS_MAX */
};

#define OWN_PROBLEMS __attribute__((cleanup(problems_finish), unused))

void problem_add(struct problems *p, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void problem_note(struct problems *p, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "FILE:LINE:COLUMN: TEXT" each, in the order of their places. */
void problems_print(struct problems *p, FILE *to);
void problems_finish(struct problems *p);

#endif
