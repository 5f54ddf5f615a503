/* SPDX-License-Identifier: Apache-2.0 */
/* What a pattern alone cannot say: check digits, and whether something is random. */
#ifndef POD_SCREEN_VALID_H
#define POD_SCREEN_VALID_H

#include <stdbool.h>
#include <stddef.h>

bool valid_luhn(const char *text, size_t len);   /* digits, others are passed over */
bool valid_iban(const char *text, size_t len);   /* ISO 7064, mod 97-10, and the country's length */
bool valid_ssn(const char *text, size_t len);    /* a number that may have been given out */
bool valid_random(const char *text, size_t len); /* the last word of it looks like a key */
bool valid_url(const char *text, size_t len);    /* its password is nobody's example */
bool valid_national(const char *text, size_t len); /* Italy, France, Spain, Britain */

/* By the name that files of rules use; NULL: none of that name. */
bool (*valid_by_name(const char *name))(const char *text, size_t len);
/* The name of one of them; "" for NULL. */
const char *valid_name(bool (*valid)(const char *text, size_t len));

#endif
