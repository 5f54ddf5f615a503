/* SPDX-License-Identifier: Apache-2.0 */
/* Run a filter over bytes and take what it says: other people's parsers as judges of our output. */
#ifndef TESTS_LIB_FILTER_H
#define TESTS_LIB_FILTER_H

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"

/*
 * argv (found in PATH) with in[len] on its stdin, through a file, so that neither side waits for
 * the other.  Its stdout is appended to out; returns its exit status, -1 when it could not run.
 */
__attribute__((unused)) static int filter(char *const argv[], const char *in, size_t len,
					  struct buf *out)
{
	FILE *from = tmpfile(), *to = tmpfile();
	int status = -1;
	pid_t pid;

	if (!from || !to || write_full(fileno(from), in, len) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		lseek(fileno(from), 0, SEEK_SET);
		dup2(fileno(from), 0);
		dup2(fileno(to), 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	lseek(fileno(to), 0, SEEK_SET);
	read_fd(fileno(to), out, 1 << 20);
	fclose(from);
	fclose(to);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
