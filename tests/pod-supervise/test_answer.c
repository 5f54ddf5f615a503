/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/answer.h"

#include <errno.h>

#include "tests/lib/tap.h"

static const struct {
	const char *text;
	int status;
} cases[] = {
	{"HTTP/1.0 200 OK\r\n", 200},
	{"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n", 503},
	{"HTTP/1.1 204 \r\n", 204},
	{"HTTP/1.1 404\r\n", 404},
	{"HTTP/1.1 301\n", 301},
	{"", -EAGAIN},
	{"HTT", -EAGAIN},
	{"HTTP/1.1 200 OK\r", -EAGAIN},
	{"\n", -EBADMSG},
	{"HTTP\n", -EBADMSG},
	{"HTTP/1.1\n", -EBADMSG},
	{"HTTP/1.1 20\n", -EBADMSG},
	{"HTTP/2 200\r\n", -EBADMSG},
	{"HTTP/1.x 200\r\n", -EBADMSG},
	{"HTTP/1.1  200\r\n", -EBADMSG},
	{"HTTP/1.1 2000\r\n", -EBADMSG},
	{"HTTP/1.1 +20\r\n", -EBADMSG},
	{"HTTP/1.1 600 x\r\n", -EBADMSG},
	{"HTTP/1.1 099 x\r\n", -EBADMSG},
	{"SSH-2.0-OpenSSH\r\n", -EBADMSG},
	{"http/1.1 200 OK\r\n", -EBADMSG},
};

int main(void)
{
	char longer[ANSWER_MAX + 1] = "HTTP/1.1 200 ";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(answer_status(cases[i].text, strlen(cases[i].text)), cases[i].status,
		       "case %zu", i);
	is_int(answer_status("HTTP/1.0 200 OK\r\n", 17), 200, "no NUL is needed");
	is_int(answer_status("HTTP/1.0 200\0\n", 14), -EBADMSG, "nor is one taken");
	memset(longer + strlen(longer), 'x', sizeof(longer) - strlen(longer));
	is_int(answer_status(longer, ANSWER_MAX - 1), -EAGAIN, "a long line may still end");
	is_int(answer_status(longer, ANSWER_MAX), -EBADMSG, "one that is too long does not");
	return done_testing();
}
