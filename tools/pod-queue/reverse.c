/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same program that did it takes it back, with the object it gave and the file it filled.  That
 * what it did is still as it left it is its to find out: it alone knows what that was.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "tools/pod-queue/cmds.h"
#include "tools/pod-queue/deed.h"
#include "tools/pod-queue/kept.h"

struct reversal {
	struct pod pod;
	struct store store;
	struct action action;
	struct buf undo;
	int kept;
};

static void reversal_finish(struct reversal *v)
{
	own_close(&v->kept);
	buf_finish(&v->undo);
	action_finish(&v->action);
	store_finish(&v->store);
	pod_finish(&v->pod);
}

static void write_request(const struct reversal *v, const struct entry *en, struct buf *out)
{
	jw_open(out, '{');
	jw_knum(out, "v", 1);
	jw_kstr(out, "id", v->action.id);
	jw_kstr(out, "name", v->action.name);
	jw_kstr(out, "type", en->type->name);
	jw_key(out, "undo");
	buf_add(out, v->undo.data, v->undo.len);
	jw_key(out, "config");
	buf_str(out, en->config);
	jw_close(out, '}');
	buf_char(out, '\n');
}

/* An action that its pod does not have any more is taken back by the type it was of. */
static struct entry *find_entry(const struct catalog *c, const struct action *a)
{
	struct entry *en = catalog_find(c, a->name);

	return en ? en : catalog_find(c, a->type);
}

static int take_back(struct reversal *v, struct deed *d, struct err *e)
{
	OWN_CATALOG struct catalog c = {0};
	OWN_BUF struct buf request = BUF_INIT;
	struct entry *en;
	int r = catalog_load(&c, &v->pod, e);

	en = r < 0 ? NULL : find_entry(&c, &v->action);
	if (r == 0 && !en)
		r = err_set(e, ERR_PLAIN, "pod %s has neither action %s nor type %s", v->pod.name,
			    v->action.name, esc(v->action.type));
	if (r < 0)
		return r;
	write_request(v, en, &request);
	return deed_run(d, &v->pod, en, &request, v->kept, e);
}

/* By its own word it changed nothing then, or it never came to say one. */
static int put_on_record(const struct reversal *v, const struct err *why, struct err *e)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, v->pod.name, "queue",
		   why->code ? "action_reverse_failed" : "action_reversed");
	event_str(&ev, "id", v->action.id);
	event_str(&ev, "action", v->action.name);
	if (why->code)
		event_str(&ev, "reason", why->msg);
	return record_event(&ev, true, e);
}

static int reverse(struct reversal *v, struct err *e)
{
	struct deed d __attribute__((cleanup(deed_finish))) = {0};
	struct err why = {0};
	int r = take_back(v, &d, &why);

	if (put_on_record(v, &why, e) < 0)
		return -e->code;
	/* what was kept goes with its record: that it was brought back is the pod's word alone */
	if (r == 0)
		return 0;
	*e = why;
	if (!e->status)
		e->status = d.answered ? POD_EXIT_REFUSED : POD_EXIT_FAILED;
	return err_wrap(e, "take back %s", v->action.name);
}

/* Only what was executed and gave a way back has something kept. */
static int load(struct reversal *v, const char *id, struct err *e)
{
	int place = store_find(&v->store, id);

	v->kept = kept_load(&v->store, id, &v->action, &v->undo, e);
	if (v->kept >= 0)
		return 0;
	return e->code != ENOENT
		       ? v->kept
		       : err_set(e, ERR_PLAIN, "pod %s: action %s %s", v->pod.name, id,
				 place < 0 ? "is none of its" : "has nothing to take it back by");
}

int cmd_reverse(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-queue reverse POD ID", "Take back what an action did.",
					2, 2, 0};
	OWN(reversal_finish) struct reversal v = {.pod = POD_INIT, .store = STORE_INIT, .kept = -1};
	struct err e = {0};
	int r;

	opt_parse(opts, &usage, argc, argv);
	if (!action_is_id(argv[1]))
		die(POD_EXIT_USAGE, "%s is no action's id", esc(argv[1]));
	r = pod_open(&v.pod, argv[0], &e);
	if (r == 0)
		r = store_open(&v.store, &v.pod, &e);
	if (r == 0)
		r = load(&v, argv[1], &e);
	if (r == 0)
		r = reverse(&v, &e);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
