/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/svcb.h"

#include <errno.h>
#include <string.h>

#include "tools/pod-dns/message.h"

enum { KEY_MANDATORY, KEY_ALPN, KEY_NO_DEFAULT_ALPN, KEY_PORT, KEY_HINT4, KEY_ECH, KEY_HINT6 };

/* Copies value[len] to `to` (which may overlap it) without the entry "h3"; its new length. */
static size_t keep_alpn(uint8_t *to, const uint8_t *value, size_t len)
{
	size_t out = 0, at = 0;

	while (at < len) {
		size_t n = 1u + value[at];

		if (n > len - at)
			return 0;
		/* h3, and its drafts h3-29 */
		if (!(n >= 3 && value[at + 1] == 'h' && value[at + 2] == '3')) {
			memmove(to + out, value + at, n);
			out += n;
		}
		at += n;
	}
	return out;
}

static size_t keep_hints(uint8_t *to, const uint8_t *value, size_t len, size_t size,
			 const struct svcb_filter *f)
{
	size_t out = 0;

	for (size_t at = 0; at + size <= len; at += size) {
		struct in6_addr a;

		if (size == 4)
			a = address_v4(value + at);
		else
			memcpy(&a, value + at, sizeof(a));
		if (address_is_closed(&a, f->open, f->n_open))
			continue;
		memmove(to + out, value + at, size);
		out += size;
		f->hint(f->arg, &a);
	}
	return out;
}

static size_t keep_value(unsigned key, uint8_t *to, const uint8_t *value, size_t len,
			 const struct svcb_filter *f)
{
	switch (key) {
	case KEY_ECH:
	case KEY_MANDATORY: /* it may name what is gone; without it clients fall back, which is safe
			     */
		return 0;
	case KEY_ALPN:
		return keep_alpn(to, value, len);
	case KEY_HINT4:
		return keep_hints(to, value, len, 4, f);
	case KEY_HINT6:
		return keep_hints(to, value, len, 16, f);
	default:
		memmove(to, value, len);
		return len;
	}
}

/* A key that means something only with a value. */
static bool needs_value(unsigned key)
{
	return key != KEY_NO_DEFAULT_ALPN && key <= KEY_HINT6;
}

int svcb_clean(uint8_t *rdata, size_t len, const struct svcb_filter *f)
{
	struct name target;
	size_t at = 2, out;
	bool has_alpn = false, no_default = false;
	int last = -1;

	if (len < 3 || name_read(&target, rdata, len, &at) < 0)
		return -EINVAL;
	if (get16(rdata) == 0 || target.len != 1)
		return 0;
	for (out = at; at < len;) {
		size_t n, kept;
		unsigned key;

		if (len - at < 4)
			return -EINVAL;
		key = get16(rdata + at);
		n = get16(rdata + at + 2);
		if (n > len - at - 4 || (int)key <= last) /* keys ascend, each once */
			return -EINVAL;
		last = (int)key;
		kept = keep_value(key, rdata + out + 4, rdata + at + 4, n, f);
		at += 4 + n;
		if (kept == 0 && needs_value(key))
			continue;
		has_alpn |= key == KEY_ALPN;
		no_default |= key == KEY_NO_DEFAULT_ALPN;
		put16(rdata + out, key);
		put16(rdata + out + 2, (unsigned)kept);
		out += 4 + kept;
	}
	/* "not by the default protocol", and what it named instead is gone */
	return no_default && !has_alpn ? 0 : (int)out;
}
