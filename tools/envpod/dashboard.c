/* SPDX-License-Identifier: Apache-2.0 */
/* envpod dashboard: pod-dash under the user's name for it. */
#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"

int cmd_dashboard(int argc, char **argv)
{
	bool daemon = false, stop = false, print = false;
	const char *port = NULL, *role = NULL;
	const struct opt opts[] = {
		{OPT_STR, 0, "port", &port, "PORT",
		 "on this port of 127.0.0.1 and ::1 (9090); 0: any"},
		{OPT_FLAG, 0, "daemon", &daemon, NULL, "behind the scenes, until --stop"},
		{OPT_FLAG, 0, "stop", &stop, NULL, "end it, and every login to it"},
		{OPT_FLAG, 0, "print-url", &print, NULL,
		 "print another link to the one that is served"},
		{OPT_STR, 0, "role", &role, "ROLE",
		 "of the link: view, operate (unless said) or admin"},
		{0},
	};
	const struct opt_usage usage = {
		"envpod dashboard [OPTION]... [token|sessions|revoke [ARGUMENT]...]",
		"Serve the dashboard on this machine, and print a link that logs in once.", 0, 0,
		1};
	OWN_STRV struct strv line = {0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (stop && (print || daemon))
		die(POD_EXIT_USAGE, "--stop, or another option");
	front_words(&line, "pod-dash",
		    n       ? argv[0]
		    : stop  ? "stop"
		    : print ? "link"
			    : "serve",
		    NULL);
	for (int i = 1; i < n; i++)
		strv_add(&line, argv[i]);
	if (daemon)
		strv_add(&line, "--daemon");
	if (port && !print)
		strv_fmt(&line, "--port=%s", port);
	if (role)
		strv_fmt(&line, "--role=%s", role);
	return front_exec(&line);
}
