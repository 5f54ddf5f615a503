/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing within a window: a row lies in one of NAMES_PROBE places behind its hash.  Places
 * are never emptied, only taken over from rows that have expired, so that a reader may stop at the
 * first one that was never used.  A place's sequence number is odd while it is being written.
 */
#include "libcommon/names.h"

#include <ctype.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/own.h"

#define MAGIC     "podnames"
#define VERSION   1
#define HOLE_STEP 64   /* places between two looks for holes */
#define RETRIES   1000 /* of a row that is being written; then it counts as not there */

struct place {
	_Atomic uint32_t seq; /* 0: never used */
	struct names_row row;
};

struct head {
	char magic[8];
	uint32_t version, rows;
	uint64_t seed;
	uint64_t revocations; /* written by pwrite(2): that is what wakes the reader */
};

struct names_file {
	struct head head;
	struct place place[NAMES_ROWS];
};

uint64_t names_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct in6_addr names_v4(struct in_addr a)
{
	struct in6_addr out = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	memcpy(&out.s6_addr[12], &a, 4);
	return out;
}

int names_create(int fd, struct err *e)
{
	struct head head = {.magic = MAGIC, .version = VERSION, .rows = NAMES_ROWS};

	if (getrandom(&head.seed, sizeof(head.seed), 0) != sizeof(head.seed) ||
	    ftruncate(fd, sizeof(struct names_file)) < 0 ||
	    pwrite(fd, &head, sizeof(head), 0) != sizeof(head))
		return err_set(e, errno, "make the table of names");
	return 0;
}

static bool is_ours(const struct head *h)
{
	return memcmp(h->magic, MAGIC, 8) == 0 && h->version == VERSION && h->rows == NAMES_ROWS;
}

int names_map(struct names *n, int fd, bool writes, struct err *e)
{
	int prot = PROT_READ | (writes ? PROT_WRITE : 0);
	struct stat st;
	void *map;

	n->fd = fd;
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at the table of names");
	if (st.st_size != (off_t)sizeof(struct names_file))
		return err_set(e, ERR_PLAIN, "the table of names has another format");
	map = mmap(NULL, sizeof(struct names_file), prot, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_set(e, errno, "map the table of names");
	n->map = map;
	n->writes = writes;
	return is_ours(&n->map->head)
		       ? 0
		       : err_set(e, ERR_PLAIN, "the table of names has another format");
}

void names_finish(struct names *n)
{
	if (n->map)
		munmap(n->map, sizeof(*n->map));
	own_close(&n->fd);
	*n = (struct names)NAMES_INIT;
}

static uint64_t mix(uint64_t h, unsigned char c)
{
	return (h ^ c) * 1099511628211ull;
}

static size_t home_of(const struct names *n, const char *name, const struct in6_addr *address)
{
	uint64_t h = 14695981039346656037ull ^ n->map->head.seed;

	for (size_t i = 0; i < sizeof(*address); i++)
		h = mix(h, address->s6_addr[i]);
	for (; *name; name++)
		h = mix(h, (unsigned char)tolower((unsigned char)*name));
	return (size_t)(h >> 20);
}

static struct place *place_at(const struct names *n, size_t at)
{
	return &n->map->place[at % NAMES_ROWS];
}

/* A whole row, as it was at one moment; false when the place was never used. */
static bool read_place(const struct place *p, struct names_row *out)
{
	for (int i = 0; i < RETRIES; i++) {
		uint32_t before = atomic_load_explicit(&p->seq, memory_order_acquire);

		if (before == 0)
			return false;
		memcpy(out, &p->row, sizeof(*out));
		atomic_thread_fence(memory_order_acquire);
		if (before % 2 == 0 &&
		    atomic_load_explicit(&p->seq, memory_order_relaxed) == before) {
			out->name[sizeof(out->name) - 1] = '\0';
			return true;
		}
	}
	*out = (struct names_row){0};
	return true;
}

static void write_place(struct place *p, const struct names_row *row)
{
	uint32_t seq = atomic_load_explicit(&p->seq, memory_order_relaxed);

	/* A writer that was killed here left it odd: it stays so until the row is whole. */
	seq |= 1;
	atomic_store_explicit(&p->seq, seq, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	memcpy(&p->row, row, sizeof(*row));
	seq = seq + 1 ? seq + 1 : 2;
	atomic_store_explicit(&p->seq, seq, memory_order_release);
}

static bool is_row(const struct names_row *row, const char *name, const struct in6_addr *address)
{
	return memcmp(&row->address, address, sizeof(*address)) == 0 &&
	       strcasecmp(row->name, name) == 0;
}

static bool has_port(const struct names_row *row, uint16_t port)
{
	if (row->port[0] == 0)
		return port == 80 || port == 443;
	for (size_t i = 0; i < NAMES_PORTS && row->port[i]; i++)
		if (row->port[i] == port)
			return true;
	return false;
}

enum names_state names_find(const struct names *n, const char *name, const struct in6_addr *address,
			    uint16_t port)
{
	size_t home = home_of(n, name, address);
	struct names_row row;

	for (size_t i = 0; i < NAMES_PROBE && read_place(place_at(n, home + i), &row); i++) {
		if (!is_row(&row, name, address))
			continue;
		if (row.revoked)
			return NAMES_REVOKED;
		if (port && !has_port(&row, port))
			return NAMES_NONE;
		return row.until > names_now() ? NAMES_PINNED : NAMES_EXPIRED;
	}
	return NAMES_NONE;
}

/*
 * The first place from at on that was ever written.  The file is sparse: to read what was never
 * written would fill a process with 2.5 MiB of zeroes.
 */
static size_t skip_holes(const struct names *n, size_t at)
{
	off_t base = offsetof(struct names_file, place);
	off_t here = base + (off_t)(at * sizeof(struct place));
	off_t data = at % HOLE_STEP ? here : lseek(n->fd, here, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? NAMES_ROWS : at;
	return data <= here ? at : (size_t)(data - base) / sizeof(struct place);
}

bool names_next(const struct names *n, size_t *at, struct names_row *row)
{
	uint64_t now = names_now();

	for (; (*at = skip_holes(n, *at)) < NAMES_ROWS; (*at)++)
		if (read_place(&n->map->place[*at], row) && !row->revoked && row->until > now) {
			(*at)++;
			return true;
		}
	return false;
}

void names_of(const struct names *n, const struct in6_addr *address, uint16_t port, char out[254])
{
	struct names_row row;

	out[0] = '\0';
	for (size_t at = 0; names_next(n, &at, &row);)
		if (memcmp(&row.address, address, sizeof(*address)) == 0 &&
		    (!port || has_port(&row, port))) {
			memcpy(out, row.name, sizeof(row.name));
			return;
		}
}

/* The place of this very row, else a new one, else the one that expired first. */
static struct place *place_for(const struct names *n, const struct names_row *want)
{
	size_t home = home_of(n, want->name, &want->address);
	uint64_t now = names_now(), oldest = UINT64_MAX;
	struct place *found = NULL;
	struct names_row row;

	for (size_t i = 0; i < NAMES_PROBE; i++) {
		struct place *p = place_at(n, home + i);

		if (!read_place(p, &row))
			return found ? found : p;
		if (is_row(&row, want->name, &want->address))
			return p;
		if ((row.until <= now || row.revoked) && row.until < oldest) {
			found = p;
			oldest = row.until;
		}
	}
	return found;
}

int names_put(struct names *n, const struct names_row *row)
{
	struct place *p = place_for(n, row);
	struct names_row old, new = *row;

	if (!p)
		return -ENOSPC;
	for (char *c = new.name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (read_place(p, &old) && is_row(&old, new.name, &new.address) && !old.revoked &&
	    old.until > new.until)
		new.until = old.until;
	write_place(p, &new);
	return 0;
}

int names_revoke_if(struct names *n, bool (*fn)(void *arg, const struct names_row *row), void *arg)
{
	struct names_row row;
	uint64_t count;
	int revoked = 0;

	for (size_t i = 0; (i = skip_holes(n, i)) < NAMES_ROWS; i++) {
		struct place *p = &n->map->place[i];

		if (!read_place(p, &row) || row.revoked || !fn(arg, &row))
			continue;
		row.revoked = 1;
		write_place(p, &row);
		revoked++;
	}
	count = n->map->head.revocations + 1;
	if (revoked && pwrite(n->fd, &count, sizeof(count), offsetof(struct head, revocations)) !=
			       sizeof(count))
		return -errno;
	return revoked;
}

void names_each(const struct names *n, void (*fn)(void *arg, const struct names_row *row),
		void *arg)
{
	struct names_row row;

	for (size_t i = 0; (i = skip_holes(n, i)) < NAMES_ROWS; i++)
		if (read_place(&n->map->place[i], &row))
			fn(arg, &row);
}

static bool has_name(void *arg, const struct names_row *row)
{
	return strcasecmp(arg, row->name) == 0;
}

int names_revoke(struct names *n, const char *name)
{
	return names_revoke_if(n, has_name, (void *)name);
}
