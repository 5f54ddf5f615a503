/* SPDX-License-Identifier: Apache-2.0 */
/* A change of ports is taken back by the one that turns each of them round. */
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-proxy/change.h"

static const char *const adders[PORT_SCOPES] = {"-p", "-P", "-i", "--add"};
static const char *const removers[PORT_SCOPES] = {"--remove", "--remove", "--remove-internal",
						  "--remove"};

/* An option for each port that a has and b has not; what became of it, for lists. */
static void add_reverse(struct undo_note *n, char sign, const struct ports *a,
			const struct ports *b)
{
	const char *const *options = sign == '+' ? removers : adders;
	char text[PORT_TEXT];

	for (size_t i = 0; i < a->n; i++) {
		const struct port *p = &a->v[i];

		if (ports_has(b, p))
			continue;
		strv_fmt(&n->what, "%c%s %s", sign, port_keys[p->scope], port_text(p, text));
		undo_words(&n->run, options[p->scope], port_text(p, text), NULL);
	}
}

/* One command changes what is exposed, another all else. */
static const char *word_of(const struct change *c)
{
	for (size_t i = 0; i < c->after.n; i++)
		if (c->after.v[i].scope == PORT_EXPOSE && !ports_has(&c->before, &c->after.v[i]))
			return "expose";
	for (size_t i = 0; i < c->before.n; i++)
		if (c->before.v[i].scope == PORT_EXPOSE && !ports_has(&c->after, &c->before.v[i]))
			return "expose";
	return "ports";
}

int change_register(const struct change *c, char id[UNDO_ID], struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};

	*id = '\0';
	strv_add(&n.what, "ports");
	undo_words(&n.run, "pod-proxy", word_of(c), "--exact", NULL);
	add_reverse(&n, '+', &c->after, &c->before);
	add_reverse(&n, '-', &c->before, &c->after);
	if (n.what.n == 1)
		return 0;
	strv_add(&n.run, c->pod.name);
	return undo_register(&c->pod, &n, id, e);
}
