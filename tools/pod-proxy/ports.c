/* SPDX-License-Identifier: Apache-2.0 */
/* pod-proxy ports: which ports of the pod others may reach; a change holds at once, and is kept. */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-proxy/change.h"
#include "tools/pod-proxy/cmds.h"

struct wish {
	struct strv add[PORT_SCOPES], remove[PORT_SCOPES];
	bool exact;
};

static void wish_finish(struct wish *w)
{
	for (int i = 0; i < PORT_SCOPES; i++) {
		strv_finish(&w->add[i]);
		strv_finish(&w->remove[i]);
	}
}

static bool is_empty(const struct wish *w)
{
	for (int i = 0; i < PORT_SCOPES; i++)
		if (w->add[i].n || w->remove[i].n)
			return false;
	return true;
}

static int add_one(struct change *c, enum port_scope scope, const char *text, struct err *e)
{
	struct port p;

	if (port_parse(&p, scope, text) == 0)
		return change_add(c, &p, e);
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  scope < PORT_INTERNAL
				  ? "'%s' is no port to open: want HOST:POD or PORT, 1 to 65535, "
				    "with /tcp or /udp"
				  : "'%s' is no port of a pod: want 1 to 65535, of TCP",
			  esc(text));
}

/* Removals first, so that one command can replace a port. */
static int carry_out(struct change *c, const struct wish *w, struct err *e)
{
	int r = 0;

	for (int i = 0; i < PORT_SCOPES; i++)
		for (size_t n = 0; n < w->remove[i].n && r == 0; n++)
			r = change_remove(c, (enum port_scope)i, w->remove[i].v[n], e);
	for (int i = 0; i < PORT_SCOPES; i++)
		for (size_t n = 0; n < w->add[i].n && r == 0; n++)
			r = add_one(c, (enum port_scope)i, w->add[i].v[n], e);
	return r == 0 ? change_commit(c, e) : r;
}

static int ports(const char *pod, const struct wish *w, unsigned scopes, bool json)
{
	OWN(change_finish) struct change c = CHANGE_INIT;
	struct err e = {0};

	if (change_open(&c, pod, &e) < 0)
		return say_err(&e);
	c.exact = w->exact;
	if (is_empty(w))
		return change_print(&c, scopes, json);
	return carry_out(&c, w, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}

int cmd_ports(int argc, char **argv)
{
	OWN(wish_finish) struct wish w = {0};
	bool json = false;
	const struct opt opts[] = {
		{OPT_LIST, 'p', "publish", &w.add[PORT_OWN], "HOST:POD",
		 "open a port of the host's loopback (8080:80, 53:53/udp)"},
		{OPT_LIST, 'P', "publish-public", &w.add[PORT_PUBLIC], "HOST:POD",
		 "open a port of all the host's addresses"},
		{OPT_LIST, 'i', "internal", &w.add[PORT_INTERNAL], "PORT",
		 "open a port of the pod to pods that find it"},
		{OPT_LIST, 0, "remove", &w.remove[PORT_OWN], "HOST[:POD]",
		 "close it, and cut its connections"},
		{OPT_LIST, 0, "remove-internal", &w.remove[PORT_INTERNAL], "PORT",
		 "close it to other pods"},
		{OPT_FLAG, 0, "exact", &w.exact, NULL,
		 "3 where a port is not as these options suppose"},
		{OPT_FLAG, 'j', "json", &json, NULL, "list one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-proxy ports [OPTION]... POD [ls]",
		"List a pod's open ports, or change them: it holds at once.", 1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (n == 2 && strcmp(argv[1], "ls") != 0)
		die(POD_EXIT_USAGE, "ports: what is '%s'? (usage: %s)", esc(argv[1]), usage.line);
	return ports(argv[0], &w, 1u << PORT_OWN | 1u << PORT_PUBLIC | 1u << PORT_INTERNAL, json);
}

int cmd_expose(int argc, char **argv)
{
	OWN(wish_finish) struct wish w = {0};
	bool json = false, list = false;
	const struct opt opts[] = {
		{OPT_LIST, 0, "add", &w.add[PORT_EXPOSE], "PORT",
		 "let this port answer; others do no more unless they are listed, too"},
		{OPT_LIST, 0, "remove", &w.remove[PORT_EXPOSE], "PORT",
		 "take it off the list; without a list every port answers"},
		{OPT_FLAG, 0, "list", &list, NULL, "list them, as without any option"},
		{OPT_FLAG, 0, "exact", &w.exact, NULL,
		 "3 where a port is not as these options suppose"},
		{OPT_FLAG, 'j', "json", &json, NULL, "list one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-proxy expose [OPTION]... POD",
		"List the only ports of a pod that answer at all, or change the list.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (list && !is_empty(&w))
		die(POD_EXIT_USAGE, "expose: --list changes nothing");
	return ports(argv[0], &w, 1u << PORT_EXPOSE, json);
}
