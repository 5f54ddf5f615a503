/* SPDX-License-Identifier: Apache-2.0 */
/* Open everything, lock down, say ready, serve. */
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-dns/cmds.h"
#include "tools/pod-dns/daemon.h"

int cmd_serve(int argc, char **argv)
{
	static struct daemon d;
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	const char *where = NULL, *given = NULL;
	struct daemon_listen at;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N",
		 "write a byte there when questions are answered"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "write events there, not to standard output"},
		{OPT_STR, 0, "listen", &where, "ADDRESS#PORT",
		 "listen there, not in the pod's network, and pin nothing"},
		{OPT_STR, 0, "listen-fds", &given, "N[,N]...",
		 "listen on these sockets, which somebody holds for the pod's network"},
		{0},
	};
	const struct opt_usage usage = {"pod-dns serve [OPTION]... POD",
					"Resolve names for a pod until SIGTERM.", 1, 1, 0};
	int ready_fd;

	opt_parse(opts, &usage, argc, argv);
	ready_fd = opt_fd(ready, -1);
	at.where = where;
	at.n = opt_fds(given, at.fd, SERVER_LISTEN);
	if (daemon_open(&d, argv[0], &at, opt_fd(events, STDOUT_FILENO), &e) < 0 ||
	    daemon_lock_down(&d, &e) < 0)
		return say_err(&e);
	if (ready_fd >= 0 && write_full(ready_fd, "\n", 1) == 0)
		close(ready_fd);
	if (daemon_run(&d, &e) < 0)
		return say_err(&e);
	daemon_finish(&d);
	return POD_EXIT_OK;
}
