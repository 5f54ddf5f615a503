/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-display/cmds.h"
#include "tools/pod-display/screen.h"

static void check_screen(bool json)
{
	OWN(screen_finish) struct screen s = {.files = -1};
	struct err e = {0};
	char text[64];
	bool works =
		screen_init(&s, &e) == 0 && s.ops->open(&s, &e) == 0 && s.ops->look(&s, &e) == 0;

	snprintf(text, sizeof(text), "a screen of %dx%d pixels", s.width, s.height);
	finding_line(&(struct finding){"screen", "display", works ? "pass" : "fail",
				       works ? text : e.msg,
				       works ? ""
					     : "inside a pod with a desktop: is it up? On the host "
					       "there is nothing to see"},
		     json);
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a check"},
		{0},
	};
	const struct opt_usage usage = {"pod-display doctor [--json]",
					"Whether there is a screen here.", 0, 0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no argument (usage: %s)", usage.line);
	check_screen(json);
	return say_end(POD_EXIT_OK);
}
