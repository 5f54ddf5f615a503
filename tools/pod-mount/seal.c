/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/layers.h"

/*
 * Runs before this one have closed their uppers as automatic layers; those above the newest that is
 * not automatic belong to the same piece of work and get its kind: all steps of a set-up.
 */
static void rename_kind(struct stack *s, const char *kind)
{
	for (size_t i = s->n; i-- > 0 && strcmp(s->v[i].kind, "auto") == 0;)
		memcpy(s->v[i].kind, kind, strlen(kind) + 1);
}

static int seal(const struct pod *p, const char *kind, struct err *e)
{
	OWN_STACK struct stack s = {0};
	int r = layers_recover(p, e);

	if (r == 0)
		r = journal_recover(p, e);
	if (r == 0)
		r = stack_load(&s, p, e);
	if (r == 0)
		r = pod_init_pid(p, NULL, e);
	if (r > 0)
		r = err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
			       "seal pod %s: something runs in it (envpod stop %s ends it)",
			       p->name, p->name);
	if (r == 0)
		r = layer_close(p, &s, "auto", e);
	if (r < 0)
		return r;
	rename_kind(&s, kind);
	return stack_save(&s, p, e);
}

int cmd_seal(int argc, char **argv)
{
	static const struct opt opts[] = {{0}};
	static const struct opt_usage usage = {
		"pod-mount seal POD setup|auto|base",
		"Close the writable layer, and the automatic ones below it, as one of that kind.",
		2, 2, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (strcmp(argv[1], "setup") != 0 && strcmp(argv[1], "auto") != 0 &&
	    strcmp(argv[1], "base") != 0)
		die(POD_EXIT_USAGE, "seal: the kind is setup, auto or base, not %s", argv[1]);
	if (pod_open(&p, argv[0], &e) < 0 || pod_lock(&p, 10000, &e) < 0 ||
	    seal(&p, argv[1], &e) < 0)
		return say_err(&e);
	return 0;
}
