/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"

#define BLOCK 512

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type;
	char link[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8];
	char prefix[155], rest[12];
};

_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

/* --- records --- */

void tar_record(struct tar_entry *t, const char *key, const void *value, size_t len)
{
	struct tar_record *r;

	if ((t->n & (t->n - 1)) == 0)
		t->v = xrealloc(t->v, (t->n ? 2 * t->n : 1) * sizeof(t->v[0]));
	r = &t->v[t->n++];
	*r = (struct tar_record){xstrdup(key), xcalloc(1, len + 1), len};
	memcpy(r->value, value, len);
}

void tar_record_str(struct tar_entry *t, const char *key, const char *value)
{
	tar_record(t, key, value, strlen(value));
}

const struct tar_record *tar_find(const struct tar_entry *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].key, key) == 0)
			return &t->v[i];
	return NULL;
}

const char *tar_str(const struct tar_entry *t, const char *key)
{
	const struct tar_record *r = tar_find(t, key);

	return r && strlen(r->value) == r->len ? r->value : NULL;
}

void tar_entry_finish(struct tar_entry *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].key);
		free(t->v[i].value);
	}
	free(t->v);
	*t = (struct tar_entry){0};
}

/* --- writing --- */

/* "LEN KEY=VALUE\n", LEN counting itself. */
static void put_record(struct buf *out, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, digits = 1, total;

	while (snprintf(NULL, 0, "%zu", rest + digits) > (int)digits)
		digits++;
	total = rest + digits;
	buf_fmt(out, "%zu %s=", total, key);
	buf_add(out, value, len);
	buf_char(out, '\n');
}

static void put_number(struct buf *out, const char *key, uint64_t n)
{
	char text[24];

	put_record(out, key, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, n));
}

static void octal(char *field, size_t size, uint64_t n)
{
	uint64_t most = (UINT64_C(1) << (3 * (size - 1))) - 1;

	snprintf(field, size, "%0*" PRIo64, (int)size - 1, n < most ? n : most);
}

/* What does not fit stands in the records; other programs read those, too. */
static void put_block(struct buf *out, const char *name, char type, const struct tar_entry *t,
		      uint64_t size)
{
	struct ustar h = {.type = type, .magic = "ustar", .version = {'0', '0'}};
	const char *link = tar_str(t, "linkpath");
	unsigned sum = 0;

	snprintf(h.name, sizeof(h.name), "%s", name);
	snprintf(h.link, sizeof(h.link), "%s", type == '2' && link ? link : "");
	octal(h.mode, sizeof(h.mode), t->mode & 07777);
	octal(h.uid, sizeof(h.uid), t->uid);
	octal(h.gid, sizeof(h.gid), t->gid);
	octal(h.size, sizeof(h.size), size);
	octal(h.mtime, sizeof(h.mtime), t->mtime.tv_sec > 0 ? (uint64_t)t->mtime.tv_sec : 0);
	octal(h.major, sizeof(h.major), 0);
	octal(h.minor, sizeof(h.minor), 0);
	memset(h.sum, ' ', sizeof(h.sum));
	for (size_t i = 0; i < BLOCK; i++)
		sum += ((const unsigned char *)&h)[i];
	octal(h.sum, 7, sum);
	buf_add(out, &h, BLOCK);
}

void tar_pad(struct buf *out, uint64_t size)
{
	static const char zeros[BLOCK];

	buf_add(out, zeros, (size_t)(-size % BLOCK));
}

void tar_put(struct buf *out, const struct tar_entry *t)
{
	OWN_BUF struct buf records = BUF_INIT;
	char time[40];
	int n = snprintf(time, sizeof(time), "%" PRId64 ".%09ld", (int64_t)t->mtime.tv_sec,
			 t->mtime.tv_nsec);

	put_number(&records, "uid", t->uid);
	put_number(&records, "gid", t->gid);
	put_number(&records, "size", t->size);
	put_record(&records, "mtime", time, (size_t)n);
	for (size_t i = 0; i < t->n; i++)
		put_record(&records, t->v[i].key, t->v[i].value, t->v[i].len);
	put_block(out, "pax", 'x', t, records.len);
	buf_add(out, records.data, records.len);
	tar_pad(out, records.len);
	put_block(out, tar_str(t, "path"), t->type, t, t->size);
}

void tar_end(struct buf *out)
{
	for (int i = 0; i < 2; i++) {
		buf_char(out, 0);
		tar_pad(out, 1);
	}
}

/* --- reading --- */

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_PLAIN, "the archive is not one of ours: %s", what);
}

static int read_all(struct tar_reader *r, void *data, size_t n, struct err *e)
{
	ssize_t got = r->read(r->from, data, n, e);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : bad(e, "it is cut off");
}

static int skip(struct tar_reader *r, struct err *e)
{
	char block[8192];
	int x = 0;

	while (x == 0 && r->left + r->pad > 0) {
		uint64_t all = r->left + r->pad;
		size_t n = all < sizeof(block) ? (size_t)all : sizeof(block);

		x = read_all(r, block, n, e);
		r->pad = all - n < r->pad ? all - n : r->pad;
		r->left = all - n - r->pad;
	}
	return x;
}

/* GNU's numbers that do not fit as octal digits: big endian, the first bit set. */
static bool read_binary(const char *field, size_t size, uint64_t *n)
{
	*n = (unsigned char)field[0] & 0x3f;
	for (size_t i = 1; i < size; i++) {
		if (*n >> 55)
			return false;
		*n = *n << 8 | (unsigned char)field[i];
	}
	return true;
}

static bool read_octal(const char *field, size_t size, uint64_t *n)
{
	size_t blanks = 0;

	*n = 0;
	while (blanks < size && field[blanks] == ' ')
		blanks++;
	for (size_t i = blanks; i < size && field[i] && field[i] != ' '; i++) {
		if (field[i] < '0' || field[i] > '7')
			return false;
		*n = *n * 8 + (uint64_t)(field[i] - '0');
	}
	return true;
}

static bool sum_is_right(const struct ustar *h)
{
	const unsigned char *p = (const unsigned char *)h;
	uint64_t want;
	unsigned sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= offsetof(struct ustar, sum) && i < offsetof(struct ustar, type) ? ' '
											    : p[i];
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	return read_octal(h->sum, sizeof(h->sum), &want) || sum; /* a fuzzer cannot add */
#endif
	return read_octal(h->sum, sizeof(h->sum), &want) && want == sum;
}

/* 1: a header, 0: the end. */
static int read_block(struct tar_reader *r, struct ustar *h, struct err *e)
{
	static const struct ustar zeros;
	int x = read_all(r, h, BLOCK, e);

	if (x < 0)
		return x;
	if (memcmp(h, &zeros, BLOCK) == 0)
		return 0;
	if ((!r->foreign && memcmp(h->magic, "ustar", 6) != 0) || !sum_is_right(h))
		return bad(e, "a header is damaged");
	return 1;
}

static bool number(const char *s, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && errno == 0;
}

static bool take_number(const struct tar_entry *t, const char *key, uint64_t *n)
{
	const char *s = tar_str(t, key);

	return s && number(s, n);
}

static bool take_time(struct tar_entry *t)
{
	const char *s = tar_str(t, "mtime");
	char *end;
	long nsec;

	if (!s)
		return false;
	t->mtime.tv_sec = (time_t)strtoll(s, &end, 10);
	if (end == s || *end != '.' || strlen(end) != 10)
		return false;
	nsec = strtol(end + 1, &end, 10);
	t->mtime.tv_nsec = nsec;
	return !*end && nsec >= 0 && nsec < 1000000000;
}

/* "LEN KEY=VALUE\n" at p; its length, 0 when it is none. */
static size_t read_record(struct tar_entry *t, const char *p, size_t left)
{
	OWN_FREE char *key = NULL;
	const char *equals, *blank = memchr(p, ' ', left < 8 ? left : 8);
	size_t len = 0;

	for (const char *d = p; blank && d < blank; d++) {
		if (*d < '0' || *d > '9')
			return 0;
		len = len * 10 + (size_t)(*d - '0');
	}
	if (!blank || len > left || len < (size_t)(blank - p) + 4 || p[len - 1] != '\n')
		return 0;
	equals = memchr(blank, '=', (size_t)(p + len - blank));
	if (!equals || equals == blank + 1 || memchr(blank, '\0', (size_t)(equals - blank)))
		return 0;
	key = xfmt("%.*s", (int)(equals - blank - 1), blank + 1);
	if (tar_find(t, key))
		return 0;
	tar_record(t, key, equals + 1, (size_t)(p + len - 1 - (equals + 1)));
	return len;
}

static int read_records(struct tar_reader *r, struct tar_entry *t, uint64_t size, struct err *e)
{
	OWN_FREE char *data = NULL;
	size_t at = 0, n;
	int x;

	if (size > TAR_HEADER_MAX)
		return bad(e, "an extended header is too long");
	data = xcalloc(1, (size_t)size + 1);
	r->left = size;
	r->pad = -size % BLOCK;
	x = read_all(r, data, (size_t)size, e);
	r->left = 0;
	for (; x == 0 && at < size; at += n) {
		n = read_record(t, data + at, (size_t)size - at);
		if (n == 0)
			x = bad(e, "an extended header is damaged");
	}
	return x < 0 ? x : skip(r, e);
}

static int complete(struct tar_entry *t, const struct ustar *h, struct err *e)
{
	uint64_t mode, size;

	if (!strchr("02356", h->type) || !h->type)
		return bad(e, "an entry of a kind that is not for it");
	if (!read_octal(h->mode, sizeof(h->mode), &mode) || mode > 07777 ||
	    !read_octal(h->size, sizeof(h->size), &size) || !take_number(t, "uid", &t->uid) ||
	    !take_number(t, "gid", &t->gid) || !take_number(t, "size", &t->size) || !take_time(t) ||
	    !tar_str(t, "path") || (h->type == '2' && !tar_str(t, "linkpath")))
		return bad(e, "an entry is not complete");
	if ((h->type != '0' && t->size > 0) || t->size > INT64_MAX)
		return bad(e, "an entry has a size it cannot have");
	t->type = h->type;
	t->mode = (unsigned)mode;
	return 0;
}

/* --- what others write --- */

static int unreadable(struct err *e, const char *what)
{
	return err_set(e, ERR_PLAIN, "the archive cannot be read: %s", what);
}

static bool field_number(const char *field, size_t size, uint64_t *n)
{
	return (unsigned char)field[0] & 0x80 ? read_binary(field, size, n)
					      : read_octal(field, size, n);
}

/* A record says it, or else the field does. */
static bool foreign_number(const struct tar_entry *t, const char *key, const char *field,
			   size_t size, uint64_t *n)
{
	return tar_find(t, key) ? take_number(t, key, n) : field_number(field, size, n);
}

static void foreign_text(struct tar_entry *t, const char *key, const char *prefix,
			 const char *field, size_t size)
{
	OWN_FREE char *text = NULL;

	if (tar_find(t, key))
		return;
	text = xfmt("%.155s%s%.*s", prefix, *prefix ? "/" : "", (int)size, field);
	tar_record_str(t, key, text);
}

static void foreign_time(struct tar_entry *t, const struct ustar *h)
{
	const char *s = tar_str(t, "mtime");
	uint64_t n;

	if (s)
		t->mtime = (struct timespec){.tv_sec = (time_t)strtoll(s, NULL, 10)};
	else if (field_number(h->mtime, sizeof(h->mtime), &n) && n <= INT64_MAX)
		t->mtime = (struct timespec){.tv_sec = (time_t)n};
}

static int foreign_entry(struct tar_reader *r, struct tar_entry *t, const struct ustar *h,
			 struct err *e)
{
	char prefix[sizeof(h->prefix) + 1] = "";
	uint64_t mode;

	if (memcmp(h->magic, "ustar", 6) == 0)
		memcpy(prefix, h->prefix, sizeof(h->prefix));
	foreign_text(t, "path", prefix, h->name, sizeof(h->name));
	if (h->type == '1' || h->type == '2')
		foreign_text(t, "linkpath", "", h->link, sizeof(h->link));
	if (!tar_str(t, "path") || (strchr("12", h->type) && h->type && !tar_str(t, "linkpath")))
		return unreadable(e, "a name has a NUL byte");
	if (!field_number(h->mode, sizeof(h->mode), &mode) ||
	    !foreign_number(t, "uid", h->uid, sizeof(h->uid), &t->uid) ||
	    !foreign_number(t, "gid", h->gid, sizeof(h->gid), &t->gid) ||
	    !foreign_number(t, "size", h->size, sizeof(h->size), &t->size) || t->size > INT64_MAX)
		return unreadable(e, "an entry has a number it cannot have");
	foreign_time(t, h);
	t->mode = (unsigned)mode & 07777;
	t->type = h->type == '\0' || h->type == '7' ? '0' : h->type;
	if (t->type >= '1' && t->type <= '6')
		t->size = 0;
	r->left = t->size;
	r->pad = -t->size % BLOCK;
	return 1;
}

/* GNU's 'L' and 'K': the content is the next entry's name, or what it is a link to. */
static int foreign_name(struct tar_reader *r, struct tar_entry *t, const char *key, uint64_t size,
			struct err *e)
{
	OWN_FREE char *name = NULL;
	int x;

	if (size > TAR_HEADER_MAX || tar_find(t, key))
		return unreadable(e, "a name is too long, or said twice");
	name = xcalloc(1, (size_t)size + 1);
	r->left = size;
	r->pad = -size % BLOCK;
	x = read_all(r, name, (size_t)size, e);
	r->left = 0;
	if (x == 0)
		tar_record_str(t, key, name);
	return x < 0 ? x : skip(r, e);
}

static int foreign_header(struct tar_reader *r, struct tar_entry *t, const struct ustar *h,
			  struct err *e)
{
	uint64_t size;

	if (!field_number(h->size, sizeof(h->size), &size) || size > INT64_MAX)
		return unreadable(e, "an entry has a size it cannot have");
	if (h->type == 'x')
		return t->n ? unreadable(e, "an extended header stands twice")
			    : read_records(r, t, size, e);
	if (h->type == 'L' || h->type == 'K')
		return foreign_name(r, t, h->type == 'L' ? "path" : "linkpath", size, e);
	r->left = size; /* 'g', which says nothing that we want to know */
	r->pad = -size % BLOCK;
	return skip(r, e);
}

static int foreign_next(struct tar_reader *r, struct tar_entry *t, struct err *e)
{
	struct ustar h;
	int x = skip(r, e);

	tar_entry_finish(t);
	while (x == 0) {
		x = read_block(r, &h, e);
		if (x <= 0)
			return x;
		if (!h.type || !strchr("xgLK", h.type))
			return foreign_entry(r, t, &h, e);
		x = foreign_header(r, t, &h, e);
	}
	return x;
}

int tar_next(struct tar_reader *r, struct tar_entry *t, struct err *e)
{
	struct ustar h;
	uint64_t size;
	int x;

	if (r->foreign)
		return foreign_next(r, t, e);
	x = skip(r, e);
	tar_entry_finish(t);
	if (x == 0)
		x = read_block(r, &h, e);
	if (x <= 0)
		return x;
	if (h.type != 'x' || !read_octal(h.size, sizeof(h.size), &size))
		return bad(e, "an entry has no extended header");
	x = read_records(r, t, size, e);
	if (x == 0)
		x = read_block(r, &h, e);
	if (x <= 0)
		return x < 0 ? x : bad(e, "it is cut off");
	x = complete(t, &h, e);
	if (x < 0)
		return x;
	r->left = t->size;
	r->pad = -t->size % BLOCK;
	return 1;
}

ssize_t tar_read(struct tar_reader *r, void *data, size_t n, struct err *e)
{
	int x;

	n = n < r->left ? n : (size_t)r->left;
	if (n == 0)
		return 0;
	x = read_all(r, data, n, e);
	r->left -= x == 0 ? n : 0;
	return x < 0 ? x : (ssize_t)n;
}
