/* SPDX-License-Identifier: Apache-2.0 */
/* What a desktop's page needs of this host. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-web/cmds.h"

static int try_loopback(struct err *e)
{
	const struct sockaddr_in at = {.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	OWN_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1) < 0)
		return err_set(e, errno, "listen on 127.0.0.1");
	return 0;
}

/* What pod-web asks of it at every start. */
static int try_library(struct err *e)
{
	static const enum MHD_FEATURE needed[] = {MHD_FEATURE_EPOLL, MHD_FEATURE_UPGRADE,
						  MHD_FEATURE_MESSAGES};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (MHD_is_feature_supported(needed[i]) != MHD_YES)
			return err_set(e, ERR_PLAIN,
				       "libmicrohttpd %s lacks epoll or upgrades of connections",
				       MHD_get_version());
	return 0;
}

static int try_page(struct err *e)
{
	OWN_FREE char *index = data_path("display/index.html");
	OWN_FREE char *rfb = data_path("display/vendor/novnc/core/rfb.js");

	return index && rfb ? 0
			    : err_set(e, ERR_PLAIN, "%s is not there",
				      index ? "noVNC" : "share/display/index.html");
}

static const struct check {
	const char *name, *lack, *good, *hint;
	int (*try)(struct err *e);
} checks[] = {
	{"loopback", "fail", "pages can be served on 127.0.0.1", "bring lo up: ip link set lo up",
	 try_loopback},
	{"microhttpd", "fail", "libmicrohttpd can do what pages need",
	 "install the distribution's libmicrohttpd12", try_library},
	{"page", "warn", "the page and noVNC are there",
	 "build where npm has a network, and install again", try_page},
};

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-web doctor [--json]",
					"What this host offers to show desktops in a browser.", 0,
					0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no arguments");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct check *c = &checks[i];
		struct err e = {0};

		c->try(&e);
		finding_line(&(struct finding){c->name, "desktop", e.code ? c->lack : "pass",
					       e.code ? e.msg : c->good, c->hint},
			     json);
	}
	return say_end(POD_EXIT_OK);
}
