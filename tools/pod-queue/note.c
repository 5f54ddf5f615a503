/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/note.h"

#include "libcommon/record.h"
#include "libcommon/say.h"

int note_action(const struct pod *p, const char *event, const struct action *a, const char *by,
		struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, p->name, "queue", event);
	event_str(&ev, "id", a->id);
	event_str(&ev, "action", a->name);
	event_str(&ev, "type", a->type);
	event_str(&ev, "tier", tier_names[a->tier]);
	event_str(&ev, "digest", a->digest);
	if (by)
		event_str(&ev, "by", by);
	if (*a->status)
		event_str(&ev, "status", a->status);
	if (*a->approved_by) {
		event_str(&ev, "approved_by", a->approved_by);
		event_str(&ev, "scope", a->scope);
	}
	if (*a->undo)
		event_str(&ev, "undo", a->undo);
	if (a->reason)
		event_str(&ev, "reason", a->reason);
	return record_event(&ev, true, e);
}

void note_said(const struct pod *p, const char *event, const struct action *a, const char *by)
{
	struct err e = {0};

	if (note_action(p, event, a, by, &e) < 0)
		say_error("%s", e.msg);
}
