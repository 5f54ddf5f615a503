/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/conns.h"

#include <stdio.h>
#include <string.h>

#include "libcommon/own.h"

/* As the kernel prints them: four bytes at a time, each in the machine's order. */
#define LOOPBACK4 "7F"
#define LOOPBACK6 "00000000000000000000000001000000"
#define MAPPED    "0000000000000000FFFF0000"

enum { TIME_WAIT = 6, CLOSED = 7, LISTENING = 10 };

static bool is_loopback(const char *hex)
{
	size_t n = strlen(hex);

	if (n == 32 && strncmp(hex, MAPPED, strlen(MAPPED)) == 0)
		hex += strlen(MAPPED), n = 8;
	return n == 8 ? strcmp(hex + 6, LOOPBACK4) == 0 : strcmp(hex, LOOPBACK6) == 0;
}

bool conns_is_out(const char *line)
{
	char local[33], remote[33];
	unsigned state;

	if (sscanf(line, "%*d: %32[0-9A-F]:%*4x %32[0-9A-F]:%*4x %2x", local, remote, &state) != 3)
		return false;
	if (state == TIME_WAIT || state == CLOSED || state == LISTENING)
		return false;
	/* The relay's end of a redirected one is on the loopback, the pod's end says where to. */
	return !is_loopback(local) && !is_loopback(remote) && strcmp(local, remote) != 0;
}

static uint64_t count(const char *path)
{
	OWN_FILE FILE *f = fopen(path, "re");
	char line[512];
	uint64_t n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += conns_is_out(line);
	return n;
}

uint64_t conns_count(void)
{
	return count("/proc/thread-self/net/tcp") + count("/proc/thread-self/net/tcp6");
}
