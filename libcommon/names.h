/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN/NAME/net/names: which name an address was handed out for.  A table in shared memory with one
 * writer (pod-dns) and one reader (pod-proxy) that trust each other's bytes no further than its
 * bounds: a lookup reads at most NAMES_PROBE rows, and copies a row before it judges it.  It
 * outlives both, so that a restart forgets nothing.
 *
 * Rows are kept by (address, name).  A row that was revoked stays as such until its place is
 * needed, so that the reader can tell "removed" from "expired": expired ones only stop new
 * connections, revoked ones end live ones.
 */
#ifndef LIBCOMMON_NAMES_H
#define LIBCOMMON_NAMES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

#define NAMES_ROWS  8192u /* a power of two; 2.5 MiB of address space, memory as it is used */
#define NAMES_PROBE 32u
#define NAMES_PORTS 16 /* an entry may name so many; more are refused when the policy is read */

enum names_state { NAMES_NONE, NAMES_PINNED, NAMES_EXPIRED, NAMES_REVOKED };

struct names_row {
	struct in6_addr address;    /* IPv4 as ::ffff:a.b.c.d */
	uint64_t until;             /* CLOCK_BOOTTIME, nanoseconds */
	uint16_t port[NAMES_PORTS]; /* host byte order, 0 ends it; none: 80 and 443 */
	uint8_t revoked;
	char name[254]; /* lower case, no final dot: as it was asked for */
};

struct names {
	struct names_file *map;
	int fd;
	bool writes;
};

#define NAMES_INIT              \
	{                       \
		NULL, -1, false \
	}

/* Make the file's contents: fd is a new file.  By pod-net, once. */
int names_create(int fd, struct err *e);

/* Map it; fd (owned by n afterwards) is read-write for the writer.  -EINVAL for another format. */
int names_map(struct names *n, int fd, bool writes, struct err *e);
void names_finish(struct names *n);

/* Is (name, address) known, and open for port?  port 0: whatever the port.  Case is ignored. */
enum names_state names_find(const struct names *n, const char *name, const struct in6_addr *address,
			    uint16_t port);

/* Any live name of that address that is open for port (0: whatever the port); "" when there is
 * none. Slow: reads the table. */
void names_of(const struct names *n, const struct in6_addr *address, uint16_t port, char out[254]);

/* Writer: put or refresh a row; `until` of a live one is only ever moved on.  -ENOSPC: no room. */
int names_put(struct names *n, const struct names_row *row);

/* Writer: mark all rows of this name, or those for which fn says so, revoked and wake who watches
 * the file by inotify (IN_MODIFY).  Returns how many, or -errno when nobody could be woken. */
int names_revoke(struct names *n, const char *name);
int names_revoke_if(struct names *n, bool (*fn)(void *arg, const struct names_row *row), void *arg);

/* Every live row, for a writer that starts again: 0 at the end.  *at begins at 0. */
bool names_next(const struct names *n, size_t *at, struct names_row *row);

/* Every row there is, those that have expired or were revoked included. */
void names_each(const struct names *n, void (*fn)(void *arg, const struct names_row *row),
		void *arg);

/* CLOCK_BOOTTIME in nanoseconds. */
uint64_t names_now(void);

/* IPv4 (network byte order) as the table keeps it. */
struct in6_addr names_v4(struct in_addr a);

#endif
