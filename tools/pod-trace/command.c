/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-trace/command.h"

#include <stdlib.h>

#include "libcommon/buf.h"

#define PLACES (1u << 15) /* two processes of the same place: the later one is remembered */

void commands_init(struct commands *c)
{
	c->places = xcalloc(PLACES, sizeof(c->places[0]));
}

static void drop(struct command *c)
{
	while (c && --c->users == 0) {
		struct command *run = c->run;

		free(c->text);
		free(c);
		c = run;
	}
}

static void let_go(struct place *p)
{
	drop(p->command);
	*p = (struct place){0};
}

void commands_finish(struct commands *c)
{
	for (size_t i = 0; c->places && i < PLACES; i++)
		let_go(&c->places[i]);
	free(c->places);
	c->places = NULL;
}

static struct place *place_of(const struct commands *c, uint32_t tgid)
{
	return &c->places[tgid % PLACES];
}

void command_note(struct commands *c, uint32_t tgid, const struct command *fresh, const char *text)
{
	struct place *p = place_of(c, tgid);
	struct command *before = p->tgid == tgid ? p->command : NULL;
	struct command *run = before && before->run ? before->run : before;

	if (run && run->serial == fresh->root)
		run->users++;
	else
		run = NULL;
	let_go(p);
	p->tgid = tgid;
	p->command = xcalloc(1, sizeof(*p->command));
	*p->command = *fresh;
	p->command->users = 1;
	p->command->run = run;
	p->command->text = xstrdup(text);
}

const struct command *command_root(const struct command *of)
{
	return of->serial == of->root ? of : of->run;
}

/* The parent may have executed another command since: then nobody knows this one's any more. */
void command_fork(struct commands *c, uint32_t tgid, uint32_t parent, uint64_t serial)
{
	struct place *from = place_of(c, parent), *p = place_of(c, tgid);
	struct command *command = from->tgid == parent ? from->command : NULL;

	if (command && command->serial == serial)
		command->users++;
	else
		command = NULL;
	let_go(p);
	*p = (struct place){tgid, command};
}

const struct command *command_of(const struct commands *c, uint32_t tgid)
{
	const struct place *p = place_of(c, tgid);

	return p->tgid == tgid ? p->command : NULL;
}
