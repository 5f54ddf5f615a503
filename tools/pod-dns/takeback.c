/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/takeback.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define CHANGES_KEPT 200 /* of one edit: a record is no second policy file */

static int parse(struct policy_entry *entry, struct strv *words, const char *text, struct err *e)
{
	if (book_entry_parse(entry, words, text) == 0)
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  "'%.200s' is no entry: want LIST NAME TO UNTIL", esc(text));
}

static bool is_over(const struct policy_entry *entry, int64_t now)
{
	return entry->until && entry->until <= now;
}

static int take_out(struct book *b, const char *text, int64_t now, struct err *e)
{
	OWN_STRV struct strv words = {0};
	struct policy_entry entry;
	int r = parse(&entry, &words, text, e);

	if (r < 0 || (is_over(&entry, now) && !book_has(b, &entry, false)))
		return r;
	if (!book_has(b, &entry, false))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "the entry '%.200s' is not there as it was", esc(text));
	book_take(b, entry.list, entry.name);
	return 0;
}

static int put_in(struct book *b, struct rules *scratch, const char *text, int64_t now,
		  struct err *e)
{
	OWN_STRV struct strv words = {0};
	struct policy_entry entry;
	int r = parse(&entry, &words, text, e);

	if (r < 0 || is_over(&entry, now))
		return r;
	if (book_has(b, &entry, true))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "the place of the entry '%.200s' is taken", esc(text));
	if (entry.list == LIST_REMAP)
		r = rules_remap(scratch, entry.name, entry.to, e);
	else if (entry.list < LIST_REMAP)
		r = rules_add(scratch, (enum rule_kind)entry.list, entry.name, e);
	if (r == 0)
		book_put(b, &entry);
	return r;
}

int takeback_apply(struct book *b, const struct strv *out, const struct strv *in, int64_t now,
		   struct err *e)
{
	struct rules *scratch = rules_new(MODE_ALLOWLIST, false);
	int r = 0;

	for (size_t i = 0; i < out->n && r == 0; i++)
		r = take_out(b, out->v[i], now, e);
	for (size_t i = 0; i < in->n && r == 0; i++)
		r = put_in(b, scratch, in->v[i], now, e);
	rules_free(scratch);
	return r;
}

/* For the list: "+allow a.b" and "-deny c.d". */
static void add_what(struct strv *what, char sign, const struct strv *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		OWN_STRV struct strv words = {0};
		struct policy_entry entry;

		if (book_entry_parse(&entry, &words, texts->v[i]) == 0)
			strv_fmt(what, "%c%s %s", sign, policy_lists[entry.list], entry.name);
	}
}

static void add_options(struct strv *run, const char *option, const struct strv *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		undo_words(run, option, texts->v[i], NULL);
}

int takeback_register(const struct book *b, const struct pod *p, char id[UNDO_ID], struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	size_t changes = b->taken.n + b->put.n;

	*id = '\0';
	if (!changes)
		return 0;
	strv_add(&n.what, "dns");
	if (changes > CHANGES_KEPT) {
		strv_fmt(&n.what, "%zu entries", changes);
		n.never = xfmt("it changed more than %d entries at once; envpod dns takes back "
			       "what is named (--remove-allow, --remove-deny)",
			       CHANGES_KEPT);
		return undo_register(p, &n, id, e);
	}
	add_what(&n.what, '+', &b->put);
	add_what(&n.what, '-', &b->taken);
	undo_words(&n.run, "pod-dns", "edit", NULL);
	add_options(&n.run, "--take-out", &b->put);
	add_options(&n.run, "--put-in", &b->taken);
	strv_add(&n.run, p->name);
	return undo_register(p, &n, id, e);
}
