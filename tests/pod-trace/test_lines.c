/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener that ends has still to say reaches who reads slowly, and what was left out is
 * told. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "tools/pod-trace/lines.h"

#define LINES 4000 /* more than a pipe holds */

static void add(struct lines *l, int n)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, "web", "trace", "exit");
	event_num(&ev, "n", n);
	lines_add(l, &ev);
}

/* In a process of its own: a little, and only once the writer has found the pipe full. */
static void read_slowly(int from, int go)
{
	static char data[1 << 20];
	size_t have = 0, n = 0;
	unsigned gap = 0;
	ssize_t got;
	char c;

	if (read(go, &c, 1) < 0)
		_exit(1);
	while (have < sizeof(data) - 1 && (got = read(from, data + have, 3000)) > 0)
		have += (size_t)got;
	data[have] = '\0';
	for (char *at = data; (at = strstr(at, "\"event\":\"exit\"")); at++)
		n++;
	gap = strstr(data, "\"count\":7") != NULL;
	_exit(n == LINES && gap ? 0 : 1);
}

int main(void)
{
	struct lines l;
	int pipes[2], go[2], status = -1;
	pid_t child;

	ok(pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == 0 && pipe2(go, O_CLOEXEC) == 0, "pipes");
	lines_init(&l, pipes[1], "web");
	for (int i = 0; i < LINES; i++)
		add(&l, i);
	lines_flush(&l, 0, false);
	ok(lines_wait(&l), "the pipe is full, and more waits");
	child = fork();
	if (child == 0) {
		close(pipes[1]);
		fcntl(pipes[0], F_SETFL, 0);
		read_slowly(pipes[0], go[0]);
	}
	close(pipes[0]);
	ok(write(go[1], "", 1) == 1, "somebody begins to read");
	lines_end(&l, 7);
	ok(!lines_wait(&l), "nothing waits any more");
	close(pipes[1]);
	waitpid(child, &status, 0);
	is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0,
	       "all of it was read, and what the kernel had no room for is told");
	lines_finish(&l);
	return done_testing();
}
