/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of monitoring rules holds what a pod file has below `monitor`, as it stands or with that
 * key around it.  It is read as a part of a pod file; pod-monitor gets it as JSON.
 */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-config/cmds.h"
#include "tools/pod-config/read.h"
#include "tools/pod-config/rules.h"
#include "tools/pod-config/source.h"
#include "tools/pod-config/tree.h"
#include "tools/pod-config/yaml.h"

/* Takes file. */
static struct node *with_key(struct node *file)
{
	struct node *around;

	if (file->kind != NODE_MAP || node_entry(file, "monitor"))
		return file;
	around = node_new(NODE_MAP, file->at);
	file->key = xstrdup("monitor");
	node_append(around, file);
	return around;
}

/* The section with its defaults; invalid when anything is wrong. */
static jv compile(const struct source *s, struct problems *p)
{
	struct node *read = yaml_read(s->bytes.data ? s->bytes.data : "", s->bytes.len, p);
	OWN_NODE struct node *file = read ? with_key(read) : NULL;
	struct rules r = {.origin = &s->origin, .file = file, .problems = p};
	OWN_PROBLEMS struct problems notes = {.file = ""}; /* other spellings are as good here */
	jv pod, section;

	if (!file)
		return jv_invalid();
	read_aliases(file, &notes);
	pod = read_tree(file, &s->origin, p);
	rules_monitor(&r, &pod);
	read_defaults(&pod, &s->origin, NULL);
	section = p->errors ? jv_invalid() : tree_get(pod, "monitor");
	jv_free(pod);
	return section;
}

int cmd_monitor(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-config monitor FILE|-",
		"Print a file of monitoring rules as pod-monitor reads it, or all its errors.", 1,
		1, 0};
	OWN_SOURCE struct source s = {0};
	OWN_PROBLEMS struct problems p = {0};
	struct err e = {0};
	jv section;

	opt_parse(opts, &usage, argc, argv);
	if (source_open(&s, argv[0], NULL, &e) < 0)
		return say_err(&e);
	p.file = argv[0];
	section = compile(&s, &p);
	problems_print(&p, stderr);
	if (!jv_is_valid(section)) {
		jv_free(section);
		return POD_EXIT_CONFIG;
	}
	section = podfile_text(section, false);
	fputs(jv_string_value(section), stdout);
	jv_free(section);
	return say_end(POD_EXIT_OK);
}
