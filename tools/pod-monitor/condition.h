/* SPDX-License-Identifier: Apache-2.0 */
/* The ready conditions: they need no program, and see every event, however many there are. */
#ifndef POD_MONITOR_CONDITION_H
#define POD_MONITOR_CONDITION_H

#include <stdbool.h>

#include "tools/pod-monitor/line.h"
#include "tools/pod-monitor/state.h"

/* Count the event for "in a minute". */
void condition_count(struct state *s, uint64_t ns);
/* Is the condition met by this event? */
bool condition_event(const struct condition *c, struct rule_state *rs, const struct line *l,
		     uint64_t ns);
/* Does it hold at this look, `met` being what its events said? */
bool condition_holds(const struct condition *c, const struct state *s, const struct sample *sample,
		     bool met);

#endif
