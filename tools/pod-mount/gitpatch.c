/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/gitpatch.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/sha1.h"

#define SHORT_NAME 12 /* digits of a content's name where the lines themselves follow */

unsigned git_mode(unsigned mode)
{
	if (S_ISLNK(mode))
		return 0120000;
	if (S_ISREG(mode))
		return mode & S_IXUSR ? 0100755 : 0100644;
	return 0;
}

/* --- names --- */

static bool is_plain(const char *name)
{
	OWN_BUF struct buf escaped = BUF_INIT;

	buf_esc(&escaped, name);
	return strcmp(escaped.data, name) == 0 && !strpbrk(name, "\"\\");
}

static void quote_byte(struct buf *out, unsigned char c)
{
	static const char special[] = "\a\b\t\n\v\f\r\"\\", letters[] = "abtnvfr\"\\";
	const char *at = c ? strchr(special, c) : NULL;

	if (at)
		buf_fmt(out, "\\%c", letters[at - special]);
	else if (c < 0x20 || c >= 0x7f)
		buf_fmt(out, "\\%03o", c);
	else
		buf_char(out, (char)c);
}

void git_name(struct buf *out, const char *prefix, const char *name)
{
	if (is_plain(name)) {
		buf_str(out, prefix);
		buf_str(out, name);
		return;
	}
	buf_char(out, '"');
	buf_str(out, prefix);
	for (; *name; name++)
		quote_byte(out, (unsigned char)*name);
	buf_char(out, '"');
}

/* Behind a name with blanks a tab says where it ends. */
static void put_file_line(struct buf *out, const char *sign, const char *prefix, const char *name,
			  const struct half *h)
{
	buf_fmt(out, "%s ", sign);
	if (h->mode)
		git_name(out, prefix, name);
	else
		buf_str(out, "/dev/null");
	buf_str(out, h->mode && strchr(name, ' ') && is_plain(name) ? "\t\n" : "\n");
}

/* --- binary content: zlib's format without its compression, in base 85 --- */

static uint32_t adler(const unsigned char *p, size_t n)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < n; i++) {
		a = (a + p[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void put_bytes(struct buf *z, uint32_t v, int n)
{
	while (n-- > 0)
		buf_char(z, (char)(v >> (8 * n)));
}

static void store(struct buf *z, const struct buf *data)
{
	size_t at = 0, n;

	buf_add(z, "\x78\x01", 2);
	do {
		n = data->len - at < 65535 ? data->len - at : 65535;
		buf_char(z, at + n == data->len);
		put_bytes(z, (uint32_t)((n & 255) << 8 | n >> 8), 2);
		put_bytes(z, (uint32_t)(~(n & 255) << 8 | (~(n >> 8) & 255)), 2);
		buf_add(z, n ? data->data + at : "", n);
		at += n;
	} while (at < data->len);
	put_bytes(z, adler((const unsigned char *)(data->data ? data->data : ""), data->len), 4);
}

static void put_group(struct buf *out, const char *p, size_t n)
{
	static const char digits[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"!#$%&()*+-;<=>?@^_`{|}~";
	uint32_t v = 0;
	char word[5];

	for (size_t i = 0; i < 4; i++)
		v = v << 8 | (i < n ? (unsigned char)p[i] : 0);
	for (int i = 5; i-- > 0; v /= 85)
		word[i] = digits[v % 85];
	buf_add(out, word, 5);
}

static void put_literal(struct buf *out, const struct half *h)
{
	OWN_BUF struct buf z = BUF_INIT;

	store(&z, &h->data);
	buf_fmt(out, "literal %zu\n", h->data.len);
	for (size_t at = 0; at < z.len; at += 52) {
		size_t n = z.len - at < 52 ? z.len - at : 52;

		buf_char(out, (char)(n <= 26 ? 'A' + n - 1 : 'a' + n - 27));
		for (size_t i = 0; i < n; i += 4)
			put_group(out, z.data + at + i, n - i);
		buf_char(out, '\n');
	}
	buf_char(out, '\n');
}

/* --- one part --- */

static void name_content(char hex[SHA1_HEX], const struct half *h)
{
	if (h->mode)
		git_blob_name(hex, h->data.data ? h->data.data : "", h->data.len);
	else
		snprintf(hex, SHA1_HEX, "%040d", 0);
}

static bool same_content(const struct half *a, const struct half *b)
{
	return a->mode && b->mode && !a->opaque && !b->opaque && a->data.len == b->data.len &&
	       (a->data.len == 0 || memcmp(a->data.data, b->data.data, a->data.len) == 0);
}

static void put_modes(struct buf *out, const struct half *old, const struct half *new)
{
	if (!old->mode)
		buf_fmt(out, "new file mode %06o\n", new->mode);
	else if (!new->mode)
		buf_fmt(out, "deleted file mode %06o\n", old->mode);
	else if (old->mode != new->mode)
		buf_fmt(out, "old mode %06o\nnew mode %06o\n", old->mode, new->mode);
}

static void put_rename(struct buf *out, const struct gitpatch *g)
{
	if (strcmp(g->from, g->to) == 0)
		return;
	buf_fmt(out, "similarity index %u%%\nrename from ", g->similarity);
	git_name(out, "", g->from);
	buf_str(out, "\nrename to ");
	git_name(out, "", g->to);
	buf_char(out, '\n');
}

/* With the names of both contents a reader can tell that these are the very ones. */
static void put_index(struct buf *out, const struct half *old, const struct half *new, bool full)
{
	char a[SHA1_HEX], b[SHA1_HEX];
	int n = full ? SHA1_HEX - 1 : SHORT_NAME;

	name_content(a, old);
	name_content(b, new);
	buf_fmt(out, "index %.*s..%.*s", n, a, n, b);
	if (old->mode == new->mode)
		buf_fmt(out, " %06o", new->mode);
	buf_char(out, '\n');
}

static void put_binary(struct buf *out, const struct gitpatch *g, const struct half *old,
		       const struct half *new)
{
	if (g->literal && !old->opaque && !new->opaque) {
		buf_str(out, "GIT binary patch\n");
		put_literal(out, new);
		put_literal(out, old);
		return;
	}
	buf_str(out, "Binary files ");
	git_name(out, old->mode ? "a/" : "", old->mode ? g->from : "/dev/null");
	buf_str(out, " and ");
	git_name(out, new->mode ? "b/" : "", new->mode ? g->to : "/dev/null");
	buf_str(out, " differ\n");
}

static void put_lines(struct buf *out, const struct gitpatch *g, const struct half *old,
		      const struct half *new)
{
	OWN_PATCH struct patch p;

	patch_make(&p, old->data.data ? old->data.data : "", old->data.len,
		   new->data.data ? new->data.data : "", new->data.len);
	if (p.n == 0)
		return;
	put_file_line(out, "---", "a/", g->from, old);
	put_file_line(out, "+++", "b/", g->to, new);
	patch_put(out, &p);
}

static void put_part(struct buf *out, const struct gitpatch *g, const struct half *old,
		     const struct half *new)
{
	bool binary = old->binary || new->binary, opaque = old->opaque || new->opaque;
	bool same = same_content(old, new);

	if (same && old->mode == new->mode &&strcmp(g->from, g->to) == 0)
		return; /* it differs in what git does not know */
	buf_str(out, "diff --git ");
	git_name(out, "a/", g->from);
	buf_char(out, ' ');
	git_name(out, "b/", g->to);
	buf_char(out, '\n');
	put_modes(out, old, new);
	put_rename(out, g);
	if (same)
		return;
	if (!opaque)
		put_index(out, old, new, binary);
	if (binary || opaque)
		put_binary(out, g, old, new);
	else
		put_lines(out, g, old, new);
}

void gitpatch_put(struct buf *out, const struct gitpatch *g)
{
	static const struct half none = HALF_INIT;

	if (g->old->mode && g->new->mode && (g->old->mode ^ g->new->mode) & S_IFMT) {
		put_part(out, g, g->old, &none);
		put_part(out, g, &none, g->new);
	} else if (g->old->mode || g->new->mode)
		put_part(out, g, g->old, g->new);
}
