/* SPDX-License-Identifier: Apache-2.0 */
/* Limits are kept by two tools: control groups by pod-limit, storage by pod-mount. */
#include "tools/envpod/restrict.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "tools/envpod/front.h"

#define STORAGE "storage=" /* which is no limit of pod-limit's */

struct restriction {
	const struct pod *pod;
	const struct strv *words, *was;
};

static bool is_storage(const char *word)
{
	return strncmp(word, STORAGE, strlen(STORAGE)) == 0;
}

static const char *storage_of(const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++)
		if (is_storage(words->v[i]))
			return words->v[i] + strlen(STORAGE);
	return NULL;
}

static bool has_others(const struct strv *words)
{
	return words->n > (storage_of(words) != NULL);
}

/* Of both halves the record is ours, of one that tool's: for ours, what was and is goes to change.
 */
static int set_limits(const struct restriction *r, bool both, struct buf *change)
{
	OWN_STRV struct strv line = {0};

	if (!has_others(r->words))
		return POD_EXIT_OK;
	front_words(&line, "pod-limit", "set", NULL);
	if (both)
		front_words(&line, "--no-undo", "--print-change", NULL);
	for (size_t i = 0; i < r->was->n; i++)
		if (!is_storage(r->was->v[i]))
			front_words(&line, "--was", r->was->v[i], NULL);
	strv_add(&line, r->pod->name);
	for (size_t i = 0; i < r->words->n; i++)
		if (!is_storage(r->words->v[i]))
			strv_add(&line, r->words->v[i]);
	return both ? front_capture(&line, change) : front_run(&line);
}

/* "limit":N of pod-mount's answer, as it takes it. */
static char *storage_now(const struct restriction *r)
{
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf said = BUF_INIT;
	const char *at;

	front_words(&line, "pod-mount", "quota", "--json", r->pod->name, NULL);
	if (front_capture(&line, &said) != 0 || !(at = strstr(said.data, "\"limit\":")))
		return NULL;
	at += strlen("\"limit\":");
	return *at == '0' ? xstrdup("none") : xfmt("%.*s", (int)strspn(at, "0123456789"), at);
}

static int set_storage(const struct restriction *r, const char *size, const char *was, bool no_undo)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-mount", "quota", r->pod->name, size, NULL);
	if (was)
		front_words(&line, "--was", was, NULL);
	if (no_undo)
		strv_add(&line, "--no-undo");
	return front_run(&line);
}

/* "-KEY=VALUE" lines are what to go back to, "+KEY=VALUE" what must be found. */
static void read_change(const struct buf *change, struct strv *before, struct strv *after)
{
	for (const char *at = change->data; at && *at; at += *at == '\n') {
		size_t len = strcspn(at, "\n");

		if (*at == '-' || *at == '+')
			strv_fmt(*at == '-' ? before : after, "%.*s", (int)len - 1, at + 1);
		at += len;
	}
}

static int register_undo(const struct restriction *r, const struct strv *before,
			 const struct strv *after)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	char id[UNDO_ID];
	struct err e = {0};

	strv_add(&n.what, "limits");
	undo_words(&n.run, "envpod", "remote", NULL);
	for (size_t i = 0; i < after->n; i++) {
		strv_add(&n.what, after->v[i]);
		undo_words(&n.run, "--was", after->v[i], NULL);
	}
	for (size_t i = 0; i < before->n; i++)
		undo_words(&n.run, "--limit", before->v[i], NULL);
	undo_words(&n.run, r->pod->name, "restrict", NULL);
	return before->n && undo_register(r->pod, &n, id, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}

/* Without a record nothing is changed. */
static void put_back(const struct restriction *r, const struct strv *before)
{
	const struct strv none = {0};
	const struct restriction back = {r->pod, before, &none};
	OWN_BUF struct buf ignored = BUF_INIT;

	if (storage_of(before))
		set_storage(&back, storage_of(before), NULL, true);
	set_limits(&back, true, &ignored);
}

static int keep_record(const struct restriction *r, struct buf *change, const char *storage_before)
{
	OWN_STRV struct strv before = {0}, after = {0};
	OWN_FREE char *storage_after = storage_now(r);
	int status;

	if (storage_before && storage_after && strcmp(storage_before, storage_after) != 0)
		buf_fmt(change, "-" STORAGE "%s\n+" STORAGE "%s\n", storage_before, storage_after);
	read_change(change, &before, &after);
	status = register_undo(r, &before, &after);
	if (status)
		put_back(r, &before);
	return status;
}

/* Storage first: it is the one that a host may lack, and the others are all or nothing. */
int restrict_pod(const struct pod *p, const struct strv *words, const struct strv *was)
{
	const struct restriction r = {p, words, was};
	const char *storage = storage_of(words);
	const bool both = storage && has_others(words);
	OWN_FREE char *before = storage ? storage_now(&r) : NULL;
	OWN_BUF struct buf change = BUF_INIT;
	int status = storage ? set_storage(&r, storage, storage_of(was), both) : POD_EXIT_OK;

	if (status)
		return status;
	status = set_limits(&r, both, &change);
	if (status && before)
		set_storage(&r, before, NULL, true);
	return status || !both || front_print ? status : keep_record(&r, &change, before);
}
