/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/scrub.h"

static unsigned hits;

static void on_hit(void *arg, int id)
{
	(void)arg;
	hits += 1u << id;
}

static struct patterns *patterns_of(const char *const *values)
{
	struct patterns *p = patterns_new();

	for (int i = 0; values[i]; i++)
		patterns_add(p, i, values[i], strlen(values[i]));
	patterns_compile(p);
	return p;
}

/* As a stream that is read in such steps. */
static void stream(const struct patterns *p, const char *text, size_t len, size_t step, char *out)
{
	size_t passed = 0, shown = 0;

	hits = 0;
	memcpy(out, text, len);
	while (passed < len) {
		shown = shown + step < len ? shown + step : len;
		passed += scrub_run(p, out + passed, shown - passed, shown == len, false, on_hit,
				    NULL);
	}
	out[len] = '\0';
}

static const char value[] = "sk-Tést/+9 \"a\\b\nzz";
static struct patterns *one;

/* The text has the value from `from` on, `len` bytes long: nothing else is touched, at any step. */
static void hidden(const char *text, size_t from, size_t len, const char *what)
{
	size_t n = strlen(text);
	char want[512], got[512];
	bool good = true;

	memcpy(want, text, n + 1);
	memset(want + from, '*', len);
	for (size_t step = 1; step <= n; step++) {
		stream(one, text, n, step, got);
		if (strcmp(want, got) != 0 || hits != 1)
			good = false;
	}
	ok(good, "%s", what);
	if (!good)
		diag("%u hits, %s", hits, got);
}

static void inside(const char *encoded, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "before %s after", encoded);
	hidden(text, 7, strlen(encoded), what);
}

static void encodings(void)
{
	static const char *const values[] = {value, NULL};

	one = patterns_of(values);
	inside(value, "as it is");
	inside("sk-T\\u00e9st/+9 \\\"a\\\\b\\nzz", "JSON, ASCII alone");
	inside("sk-T\\u00E9st\\/\\u002b9 \\u0022a\\u005Cb\\u000azz", "JSON, escaped needlessly");
	inside("sk-Tést/+9 \\\\\\\"a\\\\\\\\b\\\\nzz", "JSON in JSON");
	inside("sk-T%c3%a9st%2f%2b9%20%22a%5cb%0azz", "percent, lower case");
	inside("sk-T%C3%A9st/%2B9+%22a%5Cb%0Azz", "percent, of a form");
	inside("%73%6B%2D%54%C3%A9%73%74%2F%2B%39%20%22%61%5C%62%0A%7A%7A", "percent, all of it");
	inside("sk-T%25C3%25A9st%252F%252B9%2520%2522a%255Cb%250Azz", "percent, twice");
	inside("sk-T\\u00e9st%2F+9 \\\"a%5Cb\\nzz", "a mixture");
	inside("736b2d54c3a973742f2b39202261"
	       "5c620a7a7a",
	       "hex");
	inside("736B2D54C3A973742F2B39202261"
	       "5C620A7A7A",
	       "hex, upper case");
	inside("736b2D54C3a973742F2b39202261"
	       "5C620a7A7a",
	       "hex, both cases");
	inside("sk-T&#xe9;st/+9 &quot;a\\b\nzz", "HTML, what must be");
	inside("&#115;&#107;&#45;&#84;&#233;&#115;&#116;&#47;&#43;&#57;&#32;&#34;&#97;&#92;&#98;"
	       "&#10;&#122;&#122;",
	       "HTML, all of it by decimal numbers");
	inside("&#x73;&#X6B;&#x2d;&#x0054;&#xE9;st&#x2F;+9&#x00020;&#34;a&#x5c;b&#xa;zz",
	       "HTML, hexadecimal numbers");
	inside("sk-T&amp;#233;st/+9 &amp;quot;a\\b\nzz", "HTML, twice");
	inside("sk-T&#xe9;st%2F+9 \\u0022a&#92;b\\nzz", "HTML, percent and JSON");
	patterns_free(one);
}

static const char amps[] = "a&b<c>d'e\"f&&g";

static void entities(void)
{
	static const char *const values[] = {amps, NULL};

	one = patterns_of(values);
	inside("a&amp;b&lt;c&gt;d&apos;e&quot;f&amp;&amp;g", "entities by name");
	inside("a&b&lt;c>d&#39;e&#34;f&&#38;g", "and some of them");
	inside("a\\u0026b\\u003cc\\u003ed'e\\\"f\\u0026\\u0026g", "JSON that is safe in HTML");
	patterns_free(one);
}

static void utf16(bool little)
{
	static const char *const values[] = {"key-\u00e9-12345-\U0001f511", NULL};
	static const uint16_t units[] = {'k', 'e', 'y', '-', 0xe9, '-',    '1',
					 '2', '3', '4', '5', '-',  0xd83d, 0xdd11};
	const size_t n = sizeof(units) / sizeof(units[0]);
	char text[64] = "before..", out[64];
	bool good = true;

	one = patterns_of(values);
	for (size_t i = 0; i < n; i++) {
		text[8 + 2 * i + !little] = (char)units[i];
		text[8 + 2 * i + little] = (char)(units[i] >> 8);
	}
	for (size_t step = 1; step < 40; step++) {
		stream(one, text, 8 + 2 * n + 4, step, out);
		good = good && hits == 1 && memcmp(out, "before..", 8) == 0 &&
		       strspn(out + 8, "*") == 2 * n;
	}
	ok(good, "UTF-16, %s first", little ? "low byte" : "high byte");
	patterns_free(one);
}

/* As mail has it, and PEM, and either of them within JSON. */
static void broken_base64(const char *end, size_t width, const char *what)
{
	static const char secret[] = "sk-/+?>~-0123456789-abcdefghijklmnopqrstuvwxyz";
	static const char *const values[] = {secret, NULL};
	char plain[256], flat[512], text[1024], out[1024];
	bool good = true;

	one = patterns_of(values);
	for (size_t before = 0; before < 90; before++) {
		size_t n = 0;

		snprintf(plain, sizeof(plain), "%.*s%sxxxxxxxxx", (int)before,
			 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
			 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
			 secret);
		sodium_bin2base64(flat, sizeof(flat), (unsigned char *)plain, strlen(plain),
				  sodium_base64_VARIANT_ORIGINAL);
		for (size_t i = 0; flat[i]; i++) {
			if (i && i % width == 0)
				n += (size_t)sprintf(text + n, "%s", end);
			text[n++] = flat[i];
		}
		text[n] = '\0';
		stream(one, text, n, 1 + before % 50, out);
		good = good && hits == 1 && strstr(out, "*************************");
	}
	ok(good, "base64, %s", what);
	patterns_free(one);
}

/*
 * Lines that are shorter than four: nobody who reads lines waits for the rest of one, so up to
 * three letters pass where a piece ends with them.  Of the others that depend on the secret none
 * does.
 */
static void short_lines(const char *end, size_t width)
{
	static const char secret[] = "sk-/+?>~-0123456789-abcdefghijklmnopqrstuvwxyz";
	static const char *const values[] = {secret, NULL};
	char plain[256], flat[512], text[1024], out[1024];
	bool good = true;

	one = patterns_of(values);
	for (size_t before = 0; before < 30; before++) {
		size_t first = (8 * before + 5) / 6 + 3, last = 8 * (before + strlen(secret)) / 6;
		size_t at[512] = {0}, n = 0;

		snprintf(plain, sizeof(plain), "%.*s%sxxxxxxxxx", (int)before,
			 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", secret);
		sodium_bin2base64(flat, sizeof(flat), (unsigned char *)plain, strlen(plain),
				  sodium_base64_VARIANT_ORIGINAL);
		for (size_t i = 0; flat[i]; i++) {
			if (i && i % width == 0)
				n += (size_t)sprintf(text + n, "%s", end);
			at[i] = n;
			text[n++] = flat[i];
		}
		text[n] = '\0';
		stream(one, text, n, 1 + before % 30, out);
		for (size_t i = first; i < last; i++)
			good = good && out[at[i]] == '*';
	}
	ok(good, "base64, lines of %zu", width);
	patterns_free(one);
}

/* Nobody who reads lines waits for the next one because of a letter at the end of this one. */
static void ends(void)
{
	static const char *const values[] = {"real-token-of-the-vault", NULL};
	static const char rest[] = "ZWFsLXRva2VuLW9mLXRoZS12YXVsdA==";
	char text[64] = "body\n";

	one = patterns_of(values);
	is_int((intmax_t)scrub_run(one, text, 5, false, false, NULL, NULL), 5,
	       "a line that ends like the beginning of base64 passes");
	memcpy(text, "cm\r\n", 5);
	is_int((intmax_t)scrub_run(one, text, 4, false, false, NULL, NULL), 4, "and with CR");
	memcpy(text, "cmVh\n", 6);
	is_int((intmax_t)scrub_run(one, text, 5, false, false, NULL, NULL), 0,
	       "not when it is four letters");
	memcpy(text, rest + 1, sizeof(rest) - 1);
	is_int((intmax_t)scrub_run(one, text, 10, false, false, NULL, NULL), 0,
	       "what goes on in the next line is held");
	is_int((intmax_t)scrub_run(one, text, strlen(text), true, false, NULL, NULL),
	       (intmax_t)strlen(text), "and passes");
	ok(strspn(text, "*") >= 28, "without what says anything");
	patterns_free(one);
}

static void lines(void)
{
	broken_base64("\r\n", 76, "lines of mail");
	broken_base64("\n", 64, "lines of PEM");
	broken_base64("\\r\\n", 76, "lines of mail in JSON");
	broken_base64("\\n", 64, "lines of PEM in JSON");
	broken_base64("%0D%0A", 76, "lines in a query");
	broken_base64("&#10;", 10, "short lines in XML");
	broken_base64("\r\n", 4, "lines of four characters");
	for (size_t width = 1; width < 4; width++) {
		short_lines("\n", width);
		short_lines("\r\n", width);
		short_lines("\\n", width);
	}
}

/* Each number of bytes before and after: the stable part goes, alphabet by alphabet. */
static void base64(int variant, const char *what)
{
	static const char secret[] = "\xfb\xff\xbfkey?>~\xff";
	static const char *const values[] = {secret, NULL};
	char plain[64], text[128], out[128], stable[] = "aaaaaaaaaaaaaa";
	bool good = true;

	one = patterns_of(values);
	for (size_t before = 0; before < 6; before++)
		for (size_t after = 0; after < 4; after++) {
			size_t n = before + strlen(secret) + after;

			snprintf(plain, sizeof(plain), "%.*s%s%.*s", (int)before, stable, secret,
				 (int)after, stable);
			sodium_bin2base64(text, sizeof(text), (unsigned char *)plain, n, variant);
			stream(one, text, strlen(text), 5, out);
			good = good && hits == 1 && strstr(out, "************");
		}
	ok(good, "%s", what);
	patterns_free(one);
}

static void slashes_of_base64(void)
{
	static const char *const values[] = {"\xff\xff\xffkey\xff\xff\xff\xff", NULL};

	one = patterns_of(values);
	inside("\\/\\/\\/\\/a2V5\\/\\/\\/\\/\\/", "base64 in JSON that escapes slashes");
	inside("%2F%2F%2F%2Fa2V5%2f%2f%2f%2f%2f", "base64 in a query");
	patterns_free(one);
}

static void bounds(void)
{
	static char big[SCRUB_MAX + 1];
	struct patterns *p = patterns_new();
	char text[] = "nothing is looked for";

	is_int(patterns_add(p, 0, "1234567", 7), -EINVAL, "too short");
	is_int(patterns_add(p, 0, big, sizeof(big)), -EINVAL, "too long");
	is_int((intmax_t)scrub_run(p, text, 21, false, false, NULL, NULL), 21,
	       "no patterns: everything passes");
	patterns_free(p);
	patterns_free(NULL);
}

static void overlaps(void)
{
	static const char *const values[] = {"abcdefgh", "efghijkl", "abcdefghijklmn", NULL};
	static const char *const same[] = {"aaaaaaaa", NULL};
	struct patterns *p = patterns_of(values);
	char out[1024], text[1024];
	bool good = true;

	for (size_t step = 1; step < 20; step++) {
		stream(p, "-abcdefghijkl-", 14, step, out);
		good = good && strcmp(out, "-************-") == 0 && hits == 3;
		stream(p, "-abcdefghijklmn-", 16, step, out);
		good = good && strcmp(out, "-**************-") == 0 && hits == 7;
		stream(p, "-abcdefghijklm-", 15, step, out);
		good = good && strcmp(out, "-************m-") == 0 && hits == 3;
	}
	ok(good, "values that overlap, at any step");
	patterns_free(p);

	p = patterns_of(same);
	memset(text, 'a', 1000);
	stream(p, text, 1000, 7, out);
	ok(strspn(out, "*") == 1000, "a value that overlaps itself without end");
	patterns_free(p);
}

static void tells(void)
{
	static const char *const values[] = {"dummy-12345", NULL};
	struct patterns *p = patterns_of(values);
	char text[] = "x=dummy-12345";

	hits = 0;
	is_int((intmax_t)scrub_run(p, text, 13, false, true, on_hit, NULL), 13, "keep: all passes");
	ok(hits == 1 && strcmp(text, "x=dummy-12345") == 0, "keep: told, not changed");
	is_int((intmax_t)scrub_run(p, text, 10, false, true, on_hit, NULL), 2,
	       "the beginning of a match is held back");
	is_int((intmax_t)scrub_run(p, text, 10, true, true, on_hit, NULL), 10,
	       "not at the end of the stream");
	patterns_free(p);
}

/*
 * The oracle: encode in all ways, look for each at each place.  Random texts over few letters, with
 * the values and pieces of them strewn in, cut at random.
 */
static uint64_t seed = 88172645463325252u;

static unsigned draw(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 20) % below;
}

static char forms[4][16][512]; /* of each value */
static size_t n_forms[4];

static bool is_hex(int id, size_t f)
{
	return f == 1 && n_forms[id] > 1;
}

static void form(int id, const char *text, size_t len)
{
	memcpy(forms[id][n_forms[id]], text, len);
	forms[id][n_forms[id]++][len] = '\0';
}

static void forms_of(int id, const char *v)
{
	size_t n = strlen(v);
	char text[512], padded[64];

	n_forms[id] = 0;
	form(id, v, n);
	for (size_t i = 0; i < n; i++)
		sprintf(text + 2 * i, "%02x", (unsigned char)v[i]);
	form(id, text, 2 * n);
	for (size_t before = 0; before < 3; before++)
		for (int url = 0; url < 2; url++) {
			static const size_t first[] = {0, 2, 3};

			snprintf(padded, sizeof(padded), "%.*s%s", (int)before, "xx", v);
			sodium_bin2base64(text, sizeof(text), (unsigned char *)padded, before + n,
					  url ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
					      : sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
			form(id, text + first[before], (before + n) * 8 / 6 - first[before]);
		}
}

static void oracle(const char *text, size_t len, int values, char *want)
{
	memcpy(want, text, len + 1);
	for (int id = 0; id < values; id++)
		for (size_t f = 0; f < n_forms[id]; f++)
			for (size_t at = 0, n = strlen(forms[id][f]); at + n <= len; at++)
				if ((is_hex(id, f) ? strncasecmp : strncmp)(text + at, forms[id][f],
									    n) == 0)
					memset(want + at, '*', n);
}

static size_t random_text(char *text, int values)
{
	size_t len = 0;

	while (len < 1500) {
		int id = (int)draw((unsigned)values);
		unsigned which = draw((unsigned)n_forms[id]);
		const char *f = forms[id][which];
		size_t n = strlen(f);

		switch (draw(3)) {
		case 0:
			text[len++] = "abc-"[draw(4)];
			break;
		case 1:
			for (size_t i = 0; i < n; i++)
				text[len++] =
					is_hex(id, which) && draw(2) ? (char)toupper(f[i]) : f[i];
			break;
		default:
			n = draw((unsigned)n);
			memcpy(text + len, f, n);
			len += n;
		}
	}
	text[len] = '\0';
	return len;
}

/*
 * At the front of a piece base64 may go on that began on the line before: there it is hidden also
 * without its first letters, and with values of so few letters that happens now and then.
 */
static unsigned more;

static bool matches(const char *want, const char *got, size_t len)
{
	more += memcmp(want, got, len) != 0;
	for (size_t i = 0; i < len; i++)
		if (got[i] != want[i] && got[i] != '*')
			return false;
	return true;
}

static bool round_of(void)
{
	char values[3][40], text[4096], want[4096], got[4096];
	const char *list[4] = {NULL};
	size_t shown = 0, passed = 0, len;
	struct patterns *p;
	bool good;

	for (int id = 0; id < 3; id++) {
		size_t n = SCRUB_MIN + draw(30);

		for (size_t i = 0; i < n; i++)
			values[id][i] = "abc-"[draw(id ? 4 : 2)];
		values[id][n] = '\0';
		list[id] = values[id];
		forms_of(id, values[id]);
	}
	len = random_text(text, 3);
	oracle(text, len, 3, want);
	p = patterns_of(list);
	memcpy(got, text, len + 1);
	while (passed < len) {
		shown = shown + 1 + draw(200);
		shown = shown < len ? shown : len;
		passed +=
			scrub_run(p, got + passed, shown - passed, shown == len, false, NULL, NULL);
	}
	good = matches(want, got, len);
	patterns_free(p);
	if (!good)
		diag("text %s\n# want %s\n# got  %s", text, want, got);
	return good;
}

int main(void)
{
	bool good = true;

	encodings();
	base64(sodium_base64_VARIANT_ORIGINAL, "base64, anywhere in more");
	base64(sodium_base64_VARIANT_URLSAFE, "base64url, anywhere in more");
	slashes_of_base64();
	entities();
	utf16(true);
	utf16(false);
	lines();
	ends();
	bounds();
	overlaps();
	tells();
	for (int i = 0; i < 400 && good; i++)
		good = round_of();
	ok(good, "as the oracle says, cut anywhere");
	ok(more < 40, "and nothing more in %u of 400", 400 - more);
	return done_testing();
}
