/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-config/cmds.h"
#include "tools/pod-config/source.h"

static int write_into(const char *into, const struct source *s, jv pod, struct err *e)
{
	OWN_FD int dir = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_set(e, errno, "open %s", esc(into));
	return podfile_write(dir, &s->bytes, pod, e);
}

/* The name comes from the command line, else from the file. */
static int check_name(jv pod, struct err *e)
{
	jv name = jv_object_get(jv_copy(pod), jv_string("name"));
	bool has_name = jv_is_valid(name);

	jv_free(name);
	if (has_name)
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  "the pod file names no pod: give its name with --name");
}

static int compile(const struct source *s, const char *file, const char *into, struct err *e)
{
	OWN_PROBLEMS struct problems p = {.file = file ? file : "pod.yaml"};
	jv pod = podfile_compile(s->bytes.data, s->bytes.len, &s->origin, &p);
	int r;

	problems_print(&p, stderr);
	if (!jv_is_valid(pod)) {
		jv_free(pod);
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "%s has %zu error%s: nothing was "
				  "made",
				  esc(p.file), p.errors, p.errors == 1 ? "" : "s");
	}
	r = check_name(pod, e);
	if (r == 0)
		r = write_into(into, s, pod, e);
	jv_free(pod);
	return r;
}

int cmd_compile(int argc, char **argv)
{
	const char *name = NULL, *into = NULL, *file = NULL, *cwd = NULL;
	const struct opt opts[] = {
		{OPT_STR, 0, "name", &name, "NAME", "name of the pod, before the file's own"},
		{OPT_STR, 'o', "into", &into, "DIR", "the directory of the pod"},
		{OPT_STR, 0, "file", &file, "FILE", "the pod file; without one all is default"},
		{OPT_STR, 0, "cwd", &cwd, "DIR", "what mount_cwd brings in"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-config compile [OPTION]... --into DIR [FILE|-]",
		"Write pod.yaml, pod.json and plan into the directory of a pod.", 0, 1, 0};
	OWN_SOURCE struct source s = {0};
	struct err e = {0};

	if (opt_parse(opts, &usage, argc, argv) == 1)
		file = argv[0];
	if (!into) {
		say_error("compile: --into DIR is missing: where shall the pod be written?");
		return POD_EXIT_USAGE;
	}
	if (name && pod_check_name(name, &e) < 0)
		return say_err(&e);
	if (source_open(&s, file, cwd, &e) < 0)
		return say_err(&e);
	s.origin.name = name;
	return compile(&s, file, into, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
