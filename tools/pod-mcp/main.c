/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-mcp: the pod's action queue as a server of the Model Context Protocol, on standard input and
 * output.  It runs as the agent, in the pod, and can do nothing that the agent could not.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-mcp/session.h"

#define SOCKET "/run/envpod/queue.sock"

int main(int argc, char **argv)
{
	const char *given = secure_getenv("ENVPOD_QUEUE_SOCKET");
	const char *path = given && *given ? given : SOCKET;
	const struct opt opts[] = {
		{OPT_STR, 0, "socket", &path, "PATH", "where the queue listens"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-mcp [--socket PATH]",
		"Serve the Model Context Protocol on standard input and output.", 0, 0, 0};
	struct err e = {0};

	say_name("pod-mcp");
	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "pod-mcp takes no argument (usage: %s)", usage.line);
	signal(SIGPIPE, SIG_IGN);
	return session_serve(STDIN_FILENO, STDOUT_FILENO, path, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
