/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/answer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define FRONT     "HTTP/1."
#define FRONT_LEN (sizeof(FRONT) - 1)
#define LINE_MIN  (FRONT_LEN + 5) /* "HTTP/1.1 200" */

static int is_digit(char c)
{
	return isdigit((unsigned char)c);
}

int answer_status(const char *data, size_t len)
{
	const char *eol = memchr(data, '\n', len), *code = data + FRONT_LEN + 2;

	if (memcmp(data, FRONT, len < FRONT_LEN ? len : FRONT_LEN) != 0)
		return -EBADMSG;
	if (!eol)
		return len < ANSWER_MAX ? -EAGAIN : -EBADMSG;
	len = (size_t)(eol - data);
	if (len && data[len - 1] == '\r')
		len--;
	if (len < LINE_MIN || !is_digit(data[FRONT_LEN]) || code[-1] != ' ' || !is_digit(code[0]) ||
	    !is_digit(code[1]) || !is_digit(code[2]) || (len > LINE_MIN && code[3] != ' ') ||
	    code[0] < '1' || code[0] > '5')
		return -EBADMSG;
	return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}
