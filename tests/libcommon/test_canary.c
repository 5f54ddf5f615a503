/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/canary.h"

#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"

#define DUMMY "sk-test-Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1u"

static struct canaries *with(const char *lines)
{
	OWN_FREE char *text = xfmt("envpod-plan 1 0 0 0\n%send\n", lines);
	struct err e = {0};

	return canaries_parse(text, strlen(text), &e);
}

static const char *find(const struct canaries *c, const char *text)
{
	char flat[256];
	size_t len = 0;

	/* As pod-dns does with a name, and the relay does not with a head. */
	for (const char *p = text; *p; p++)
		if (*p != '.')
			flat[len++] = *p;
	return canaries_find(c, flat, len);
}

static void check_forms(void)
{
	struct canaries *c = with("canary freeze\ndummy SHORT tok.12345\ndummy KEY " DUMMY "\n");
	static const char *const carrying[] = {
		DUMMY ".evil.example",
		"SK-TEST-ZM9VYMFYQMF6UXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1u.evil.example",
		"sk-test-Zm9vYmFyQmF6.UXV4MTIzNDU2Nzg5MG.FiY2RlZmdoaWprbG1u.evil.example",
		/* a part; hexadecimal; base32; base64url behind other bytes */
		"a.UXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWpr.b.evil.example",
		"736b2d746573742d5a6d3976596d467951.6d4636555856344d54497a4e.evil.example",
		"onvs25dfon2c2wtnhf3fs3kgpfiw2rrwkvmfmncnkrex.utsekuze46thgv.evil.example",
		"eHNrLXRlc3QtWm05dlltRnlRbUY2VVhWNE1U.SXpORFUyTnpnNU1HRmlZMlJsWm1kb2FXcHJiRzF1.e.example",
	};

	ok(c && canaries_freeze(c), "a policy that freezes");
	for (size_t i = 0; c && i < sizeof(carrying) / sizeof(carrying[0]); i++) {
		const char *key = find(c, carrying[i]);

		is_str(key, "KEY", "carried by %s", carrying[i]);
	}
	is_str(find(c, "x.tok12345.example"), "SHORT", "a short one, whole");
	is_str(find(c, "x.tok1234.example"), NULL, "not a part of a short one");
	is_str(find(c, "www.example.com"), NULL, "an ordinary name");
	is_str(find(c, "sk-test-Zm9vYmF.example"), NULL, "the beginning alone");
	is_str(find(c, "."), NULL, "the root");
	is_str(canaries_find(c, "GET /?q=TOK.12345", 17), "SHORT", "with its dots, in a head");
	is_str(canaries_find(c, "GET /?q=tok.12345", 16), NULL, "cut off by the end");
	canaries_free(c);
}

static void check_files(void)
{
	struct canaries *none = with("canary alert\n");
	OWN_BUF struct buf many = BUF_INIT;
	struct canaries *c;

	ok(none && !canaries_freeze(none) && !find(none, DUMMY ".example"), "nothing to look for");
	canaries_free(none);
	ok(!with("dummy KEY\n"), "a line that lacks its value");
	ok(!with("dummy KEY a b\n"), "a line of three words");
	for (int i = 0; i < 200; i++)
		buf_fmt(&many, "dummy K%d k%03d-what-it-is\n", i, i);
	c = with(many.data);
	is_str(find(c, "k007-what-it-is.example"), "K7", "one of many");
	is_str(find(c, "k150-what-it-is.example"), NULL, "beyond the bound: not looked for");
	canaries_free(c);
	canaries_free(NULL);
}

int main(void)
{
	check_forms();
	check_files();
	return done_testing();
}
