/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/keystore.h"

#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"

static void read_back(struct keystore *k, const struct buf *b, size_t flip, bool want,
		      const char *what)
{
	OWN_BUF struct buf copy = BUF_INIT;

	buf_add(&copy, b->data, b->len);
	if (flip < copy.len)
		copy.data[flip] ^= 1;
	ok(keystore_open(k, copy.data, copy.len) == want, "%s", what);
}

static void test_store(void)
{
	OWN(keystore_finish) struct keystore k = {.count = 0}, again = {.count = 0};
	OWN_BUF struct buf one = BUF_INIT, two = BUF_INIT;

	keystore_add(&k, "first", "DER", 3);
	keystore_close(&k, &one);
	is_int((int)one.len, 12 + 4 + 7 + 8 + 7 + 4 + 3 + 20, "head, entry and digest");
	read_back(&again, &one, SIZE_MAX, true, "it can be read again");
	is_int((int)again.count, 1, "with its entry");
	keystore_add(&again, "second", "DER2", 4);
	keystore_close(&again, &two);
	is_int((int)two.len, (int)one.len + 4 + 8 + 8 + 7 + 4 + 4, "and added to");
	ok(memmem(two.data, two.len, "DER2", 4), "the certificate is in it");
	is_int(two.data[11], 2, "and counted");
	for (size_t at = 0; at < one.len; at += 7)
		read_back(&again, &one, at, false, "a changed byte is found");
	ok(!keystore_open(&again, one.data, 11), "a stump is none");
	ok(!keystore_open(&again, "", 0), "nothing is none");
}

static void test_pem(void)
{
	const char *text = "# a\n-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
			   "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"
			   "-----BEGIN CERTIFICATE-----\nRA==\n-----END CERTIFICATE-----\n"
			   "-----BEGIN CERTIFICATE-----\nQUJD\n";
	const char *at = text;
	OWN_BUF struct buf der = BUF_INIT;

	ok(pem_next(&at, &der) && der.len == 3 && memcmp(der.data, "ABC", 3) == 0, "the first");
	ok(pem_next(&at, &der) && der.len == 1 && *der.data == 'D', "what is no base64 is skipped");
	ok(!pem_next(&at, &der), "what does not end is none");
}

int main(void)
{
	test_store();
	test_pem();
	return done_testing();
}
