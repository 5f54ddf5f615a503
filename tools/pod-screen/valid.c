/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "tools/pod-screen/valid.h"

bool valid_luhn(const char *text, size_t len)
{
	unsigned sum = 0, n = 0, first = 10;
	bool varies = false;

	for (size_t i = len; i-- > 0;) {
		unsigned d = (unsigned)(text[i] - '0');

		if (!isdigit((unsigned char)text[i]))
			continue;
		varies |= first < 10 && d != first;
		first = d;
		if (n++ % 2)
			d = d * 2 > 9 ? d * 2 - 9 : d * 2;
		sum += d;
	}
	return n >= 13 && n <= 19 && varies && sum % 10 == 0;
}

struct country {
	char code[3];
	unsigned char length;
};

static const struct country countries[] = {
	{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16},
	{"BG", 22}, {"BH", 22}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28},
	{"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24},
	{"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18},
	{"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23},
	{"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32},
	{"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"MC", 27}, {"MD", 24}, {"ME", 22},
	{"MK", 19}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NL", 18}, {"NO", 15}, {"PK", 24},
	{"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"SA", 24},
	{"SC", 31}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"TN", 24}, {"TR", 26},
	{"UA", 29}, {"VA", 22}, {"XK", 20},
};

static unsigned country_length(const char *code)
{
	for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++)
		if (strncmp(countries[i].code, code, 2) == 0)
			return countries[i].length;
	return 0;
}

bool valid_iban(const char *text, size_t len)
{
	char packed[40];
	unsigned n = 0, rest = 0;

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]))
			continue;
		if (n >= sizeof(packed) - 1)
			return false;
		packed[n++] = (char)toupper((unsigned char)text[i]);
	}
	packed[n] = 0;
	if (n < 15 || country_length(packed) != n)
		return false;
	/* The first four go to the end; a letter is two digits. */
	for (unsigned i = 0; i < n; i++) {
		const char c = packed[(i + 4) % n];

		rest = (isdigit((unsigned char)c) ? rest * 10 + (unsigned)(c - '0')
						  : rest * 100 + (unsigned)(c - 'A' + 10)) %
		       97;
	}
	return rest == 1;
}

bool valid_ssn(const char *text, size_t len)
{
	unsigned area, group, serial;
	char digits[10];
	unsigned n = 0;

	for (size_t i = 0; i < len && n < 9; i++)
		if (isdigit((unsigned char)text[i]))
			digits[n++] = text[i];
	if (n != 9)
		return false;
	area = (unsigned)(digits[0] - '0') * 100 + (unsigned)(digits[1] - '0') * 10 +
	       (unsigned)(digits[2] - '0');
	group = (unsigned)(digits[3] - '0') * 10 + (unsigned)(digits[4] - '0');
	serial = (unsigned)(digits[5] - '0') * 1000 + (unsigned)(digits[6] - '0') * 100 +
		 (unsigned)(digits[7] - '0') * 10 + (unsigned)(digits[8] - '0');
	/* 123-45-6789 is everybody's example, 078-05-1120 was printed on a wallet. */
	return area && area != 666 && area < 900 && group && serial &&
	       strncmp(digits, "123456789", 9) != 0 && strncmp(digits, "078051120", 9) != 0;
}

/* --- randomness --- */

static bool is_key_char(char c)
{
	return isalnum((unsigned char)c) || strchr("+/_-.~", c);
}

/* Bits a character. */
static double entropy(const char *text, size_t len)
{
	unsigned count[256] = {0};
	double bits = 0;

	for (size_t i = 0; i < len; i++)
		count[(unsigned char)text[i]]++;
	for (int c = 0; c < 256; c++)
		if (count[c]) {
			const double p = (double)count[c] / (double)len;

			bits -= p * log2(p);
		}
	return bits;
}

/* Words that stand where a key will be. */
static bool is_placeholder(const char *key, size_t len)
{
	static const char *const words[] = {
		"example", "changeme", "placeholder", "your", "xxxx",    "dummy",  "redacted",
		"secret",  "password", "sample",      "test", "1234567", "abcdef", "todo"};
	char lower[65];
	size_t n = len < sizeof(lower) - 1 ? len : sizeof(lower) - 1;

	for (size_t i = 0; i < n; i++)
		lower[i] = (char)tolower((unsigned char)key[i]);
	lower[n] = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(lower, words[i]))
			return true;
	return false;
}

/* How often the kind of character changes: words in camelCase change seldom, keys all the time. */
static unsigned changes(const char *key, size_t len)
{
	unsigned n = 0;

	for (size_t i = 1; i < len; i++)
		n += !!isdigit((unsigned char)key[i]) != !!isdigit((unsigned char)key[i - 1]) ||
		     (isupper((unsigned char)key[i - 1]) && islower((unsigned char)key[i])) ||
		     (islower((unsigned char)key[i - 1]) && isupper((unsigned char)key[i]));
	return n;
}

bool valid_random(const char *text, size_t len)
{
	size_t start = len, digits = 0;

	while (start > 0 && is_key_char(text[start - 1]))
		start--;
	text += start;
	len -= start;
	for (size_t i = 0; i < len; i++)
		digits += !!isdigit((unsigned char)text[i]);
	return len >= 16 && digits >= 2 && digits < len && changes(text, len) * 5 >= len &&
	       entropy(text, len) >= 3.2 && !is_placeholder(text, len);
}

/* Passwords that stand in examples and on everybody's own machine. */
bool valid_url(const char *text, size_t len)
{
	static const char *const words[] = {"pass", "secret", "postgres", "user",   "admin",
					    "root", "guest",  "token",    "xxxx",   "****",
					    "test", "your",   "12345",    "change", "example",
					    "PASS", "TOKEN",  "SECRET"};
	const char *user = memmem(text, len, "://", 3), *colon, *at;

	colon = user ? memchr(user + 3, ':', len - (size_t)(user + 3 - text)) : NULL;
	at = colon ? memrchr(colon, '@', len - (size_t)(colon - text)) : NULL;
	if (!at)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(colon, (size_t)(at - colon), words[i], strlen(words[i])))
			return false;
	return (size_t)(at - colon - 1) != (size_t)(colon - user - 3) ||
	       memcmp(colon + 1, user + 3, (size_t)(at - colon - 1)) != 0;
}

/* --- numbers that states give --- */

static size_t pack(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < size - 1; i++)
		if (isalnum((unsigned char)text[i]))
			out[n++] = text[i];
	out[n] = 0;
	return n;
}

/* Italy: characters at odd places count otherwise than those at even ones. */
static bool is_codice_fiscale(const char *s)
{
	static const unsigned char odd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
					    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
	unsigned sum = 0;

	for (unsigned i = 0; i < 15; i++) {
		const unsigned n = isdigit((unsigned char)s[i]) ? (unsigned)(s[i] - '0')
								: (unsigned)(s[i] - 'A');

		if (n > 25)
			return false;
		sum += i % 2 ? n : odd[n];
	}
	return s[15] == (char)('A' + sum % 26);
}

/* France: the last two digits make it divisible by 97; Corsica counts as 19 and 18. */
static bool is_nir(const char *s)
{
	unsigned long long n = 0;

	for (unsigned i = 0; i < 13; i++) {
		if (i == 6 && (s[i] == 'A' || s[i] == 'B')) {
			n = (n - 1) * 10 + (s[i] == 'A' ? 9 : 8);
			continue;
		}
		if (!isdigit((unsigned char)s[i]))
			return false;
		n = n * 10 + (unsigned)(s[i] - '0');
	}
	return 97 - n % 97 == (unsigned)(s[13] - '0') * 10 + (unsigned)(s[14] - '0');
}

/* Spain: a letter for the number modulo 23; X, Y and Z of foreigners are 0, 1 and 2. */
static bool is_dni(const char *s)
{
	unsigned n = s[0] >= 'X' ? (unsigned)(s[0] - 'X') : (unsigned)(s[0] - '0');

	for (unsigned i = 1; i < 8; i++)
		n = n * 10 + (unsigned)(s[i] - '0');
	return "TRWAGMYFPDXBNJZSQVHLCKE"[n % 23] == s[8];
}

/* Britain: no check, but letters that were never given out. */
static bool is_nino(const char *s)
{
	static const char *const never[] = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strncmp(s, never[i], 2) == 0)
			return false;
	return isalpha((unsigned char)s[1]) && isalpha((unsigned char)s[8]);
}

bool valid_national(const char *text, size_t len)
{
	char packed[20];

	switch (pack(text, len, packed, sizeof(packed))) {
	case 16:
		return is_codice_fiscale(packed);
	case 15:
		return is_nir(packed);
	case 9:
		return isalpha((unsigned char)packed[1]) ? is_nino(packed) : is_dni(packed);
	default:
		return false;
	}
}

static const struct {
	const char *name;
	bool (*valid)(const char *, size_t);
} table[] = {
	{"luhn", valid_luhn},     {"iban", valid_iban}, {"ssn", valid_ssn},
	{"random", valid_random}, {"url", valid_url},   {"national", valid_national},
};

bool (*valid_by_name(const char *name))(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].valid;
	return NULL;
}

const char *valid_name(bool (*valid)(const char *text, size_t len))
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].valid == valid)
			return table[i].name;
	return "";
}
