/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Governed commands: what is executed on the host, by our own tools, with words made of parameters
 * that were checked.  An option can never come from there: every foreign word stands behind "--" or
 * behind its option's name and "=".
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "libcommon/unit.h"
#include "tools/pod-queue/note.h"
#include "tools/pod-queue/steward.h"

/* A member that is a string; "" where it is not there. */
static int param_text(const struct action *a, const char *name, char *out, size_t size,
		      struct err *e)
{
	struct json j;
	char key[PARAM_NAME];

	out[0] = '\0';
	json_init(&j, a->params, strlen(a->params));
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key))) {
			if (strcmp(key, name) == 0)
				json_string(&j, out, size);
			else
				json_skip(&j);
		}
	return json_end(&j) ? 0 : err_set(e, ERR_PLAIN, "params: %s: %s", name, j.fault);
}

static int param_list(const struct action *a, const char *name, struct strv *out, struct err *e)
{
	char key[PARAM_NAME], text[4096];
	struct json j;

	json_init(&j, a->params, strlen(a->params));
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key))) {
			if (strcmp(key, name) != 0 || json_peek(&j) != '[') {
				json_skip(&j);
				continue;
			}
			for (bool more = json_open(&j, '['); more && json_element(&j);)
				if (json_string(&j, text, sizeof(text)))
					strv_add(out, text);
		}
	return json_end(&j) ? 0 : err_set(e, ERR_PLAIN, "params: %s: %s", name, j.fault);
}

/* What somebody typed, as pod-mount wrote it down; from an agent it cannot come (due.c). */
static int change_words(const struct steward *s, const struct action *a, struct strv *argv,
			struct err *e)
{
	OWN_STRV struct strv words = {0};

	(void)s;
	if (param_list(a, "words", &words, e) < 0)
		return -EINVAL;
	strv_add(argv, "pod-mount");
	strv_add(argv, a->type);
	strv_fmt(argv, "--action=%s", a->id);
	for (size_t i = 0; i < words.n; i++)
		strv_add(argv, words.v[i]);
	return 0;
}

static int snapshot_words(const struct steward *s, const struct action *a, struct strv *argv,
			  struct err *e)
{
	char name[64];

	if (param_text(a, "name", name, sizeof(name), e) < 0)
		return -EINVAL;
	if (*name && !action_is_name(name))
		return err_set(e, ERR_PLAIN, "params: name: letters, digits, '.', '_' and '-'");
	strv_add(argv, "pod-mount");
	strv_add(argv, "snapshot");
	if (strcmp(a->by, "agent") == 0)
		strv_add(argv, "--agent");
	if (*name)
		strv_fmt(argv, "--name=%s", name);
	strv_add(argv, s->pod.name);
	strv_add(argv, "create");
	return 0;
}

/*
 * A name in plain letters, or what lies below one: a person reads it before he lets it be, and must
 * read what it is.
 */
static bool is_domain(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n;

	if (strlen(name) > 253)
		return false;
	name += strncmp(name, "**.", 3) == 0 ? 3 : strncmp(name, "*.", 2) == 0 ? 2 : 0;
	do {
		n = strspn(name, letters);
		if (n == 0 || n > 63 || *name == '-')
			return false;
		name += n;
	} while (*name++ == '.');
	return !name[-1];
}

static int domain_words(const struct steward *s, const struct action *a, struct strv *argv,
			struct err *e)
{
	char name[300], length[32];
	uint64_t seconds;

	if (param_text(a, "name", name, sizeof(name), e) < 0 ||
	    param_text(a, "for", length, sizeof(length), e) < 0)
		return -EINVAL;
	if (!is_domain(name))
		return err_set(e, ERR_PLAIN, "params: name: %s is no domain name", esc(name));
	if (*length && unit_duration(length, &seconds) < 0)
		return err_set(e, ERR_PLAIN, "params: for: a duration such as 1h30m");
	strv_add(argv, "pod-dns");
	strv_add(argv, "edit");
	strv_fmt(argv, "--allow=%s", name);
	if (*length)
		strv_fmt(argv, "--for=%s", length);
	strv_add(argv, s->pod.name);
	return 0;
}

static const struct {
	const char *type;
	int (*words)(const struct steward *s, const struct action *a, struct strv *argv,
		     struct err *e);
} commands[] = {
	{"commit", change_words},
	{"rollback", change_words},
	{"snapshot", snapshot_words},
	{"domain", domain_words},
};

int govern_input(const struct action *a, char hash[ACTION_HEX], struct err *e)
{
	hash[0] = '\0';
	return type_is_ours(type_find(a->type)) ? param_text(a, "input", hash, ACTION_HEX, e) : 0;
}

int govern_words(const struct steward *s, const struct action *a, struct strv *argv, struct err *e)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].type, a->type) == 0)
			return commands[i].words(s, a, argv, e);
	return err_set(e, ERR_PLAIN, "%s is no governed command", a->type);
}

/* The last line of what it printed, where that is a snapshot's id. */
static bool snapshot_id(const struct buf *text, char id[9])
{
	size_t end = text->len && text->data[text->len - 1] == '\n' ? text->len - 1 : text->len;

	if (end < 8 || (end > 8 && text->data[end - 9] != '\n'))
		return false;
	snprintf(id, 9, "%.8s", text->data + end - 8);
	return strspn(id, "0123456789abcdef") == 8;
}

/*
 * pod-dns and pod-mount commit register what they did themselves.  What an agent had done counts as
 * its own, whoever approved it, so that it is the agent's records that have to go for it.
 */
static void register_undo(const struct steward *s, struct action *a, const struct buf *text)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	bool agents = strcmp(a->by, "agent") == 0;
	struct err e = {0};
	char id[9];

	if (strcmp(a->type, "snapshot") != 0 || !snapshot_id(text, id))
		return;
	undo_words(&n.what, "action", a->name, a->id, NULL);
	undo_words(&n.run, "pod-mount", "snapshot", s->pod.name, "destroy", id, NULL);
	if (agents)
		strv_add(&n.run, "--agent");
	n.by = xstrdup(agents ? "agent" : a->by);
	if (undo_register(&s->pod, &n, a->undo, &e) < 0)
		say_error("%s", e.msg);
}

void govern_ended(struct steward *s, const struct child *c, int status)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	OWN_BUF struct buf result = BUF_INIT, line = BUF_INIT;
	struct err e = {0};
	int r = store_lock(&s->store, &e);

	if (r == 0)
		r = store_read(&s->store, PLACE_RUNNING, c->id, &a, &e);
	jw_open(&result, '{');
	jw_knum(&result, "exit_status", status);
	jw_kstr(&result, "output", c->text.data);
	jw_close(&result, '}');
	buf_esc(&line, c->text.data);
	if (r == 0) {
		if (status == 0)
			register_undo(s, &a, &c->text);
		a.result = buf_take(&result);
		r = store_end(&s->store, PLACE_RUNNING, &a, status == 0 ? "executed" : "failed",
			      status == 0 ? NULL : line.data, &e);
	}
	store_unlock(&s->store);
	if (r < 0)
		say_error("%s", e.msg);
	else
		note_said(&s->pod, status == 0 ? "action_executed" : "action_failed", &a, NULL);
	index_refresh(s, c->id);
}
