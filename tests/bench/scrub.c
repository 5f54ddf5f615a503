/* SPDX-License-Identifier: Apache-2.0 */
/* Megabytes a second: scrub_run() over 64 KiB at a time, and one memmem() a pattern. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/pod-proxy/patterns.h"

#define PIECE  65536
#define ROUNDS 400

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct patterns *patterns_of(int keys, size_t len)
{
	struct patterns *p = patterns_new();
	char value[256];

	for (int k = 0; k < keys; k++) {
		for (size_t i = 0; i < len; i++)
			value[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				[rand() % 62];
		patterns_add(p, k, value, len);
	}
	patterns_compile(p);
	return p;
}

/* Lines of JSON, as an event stream has them, or bytes as they come. */
static void fill(char *data, const char *kind)
{
	static const char line[] =
		"data: {\"type\":\"delta\",\"text\":\"it said \\\"hello\\\",\\n100% sure\"}\n\n";

	for (size_t i = 0; i < PIECE; i++)
		data[i] = strcmp(kind, "json") == 0 ? line[i % (sizeof(line) - 1)]
						    : (char)(rand() >> 7);
}

static double scrub(const struct patterns *p, char *data)
{
	double start = now();

	for (int i = 0; i < ROUNDS; i++)
		if (scrub_run(p, data, PIECE, true, false, NULL, NULL) != PIECE)
			abort();
	return PIECE / 1e6 * ROUNDS / (now() - start);
}

static double naive(const struct patterns *p, char *data)
{
	double start = now();

	for (int i = 0; i < ROUNDS / 10; i++)
		for (size_t k = 0; k < p->n; k++)
			if (memmem(data, PIECE, p->text + p->v[k].at, p->v[k].len))
				abort();
	return PIECE / 1e6 * ROUNDS / 10 / (now() - start);
}

int main(void)
{
	static char data[PIECE];
	static const int keys[] = {1, 4, 16};

	for (size_t k = 0; k < 3; k++)
		for (int json = 0; json < 2; json++) {
			struct patterns *p = patterns_of(keys[k], 40);
			double ours, theirs;

			fill(data, json ? "json" : "random");
			ours = scrub(p, data);
			theirs = naive(p, data);
			printf("{\"bench\":\"scrub\",\"keys\":%d,\"patterns\":%zu,\"data\":\"%s\","
			       "\"MB_s\":%.0f,\"memmem_MB_s\":%.0f,\"ratio\":%.1f}\n",
			       keys[k], p->n, json ? "json" : "random", ours, theirs,
			       ours / theirs);
			patterns_free(p);
		}
	return 0;
}
