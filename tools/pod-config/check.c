/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-config/cmds.h"
#include "tools/pod-config/source.h"

int cmd_check(int argc, char **argv)
{
	bool json = false;
	const char *cwd = NULL;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "the compiled form in one line"},
		{OPT_STR, 0, "cwd", &cwd, "DIR", "what mount_cwd would bring in"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-config check [OPTION]... FILE|-",
		"Print a pod file as envpod understands it, or everything that is wrong with it.",
		1, 1, 0};
	OWN_SOURCE struct source s = {0};
	OWN_PROBLEMS struct problems p = {0};
	struct err e = {0};
	jv pod;

	opt_parse(opts, &usage, argc, argv);
	if (source_open(&s, argv[0], cwd, &e) < 0)
		return say_err(&e);
	p.file = argv[0];
	pod = podfile_compile(s.bytes.data, s.bytes.len, &s.origin, &p);
	problems_print(&p, stderr);
	if (!jv_is_valid(pod)) {
		jv_free(pod);
		return POD_EXIT_CONFIG;
	}
	pod = podfile_text(pod, !json);
	fputs(jv_string_value(pod), stdout);
	jv_free(pod);
	return POD_EXIT_OK;
}
