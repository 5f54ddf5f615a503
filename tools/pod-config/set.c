/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-config set: change keys of a pod, or of a base, that is made already.  Its pod.yaml is edited
 * as a person would; of that text only the changed keys are read (the rest may name files by paths
 * that were relative to where it lay), and put into its pod.json, which is then judged as a whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-config/cmds.h"
#include "tools/pod-config/edit.h"
#include "tools/pod-config/podfile.h"
#include "tools/pod-config/read.h"
#include "tools/pod-config/tree.h"
#include "tools/pod-config/yaml.h"

#define LOCK_WAIT_MS 10000
#define SETS_MAX     64

/* What no file was made of when the pod was: it is looked up when it is wanted. */
static const char *const settable[] = {"processor.", "snapshots.",       "undo.",   "audit.",
				       "devices.",   "web_display.type", "budget.", NULL};

struct change {
	const struct key *key;
	char *value; /* NULL: back to the default */
};

struct set {
	bool base, print_old;
	struct strv was; /* KEY=TEXT: what the file must say */
	int dir;
	struct pod pod;
	char *path; /* of its directory */
	struct change v[SETS_MAX];
	size_t n;
};

static void set_finish(struct set *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].value);
	if (s->base)
		own_close(&s->dir);
	free(s->path);
	strv_finish(&s->was);
	pod_finish(&s->pod);
}

/* --- the words --- */

static bool is_settable(const struct key *k)
{
	for (const char *const *s = settable; *s; s++)
		if (strncmp(k->path, *s, strlen(*s)) == 0)
			return k->type != T_SECTION && k->type != T_MAP && !(k->flags & KEY_LIST) &&
			       !strstr(k->path, "[]");
	return false;
}

/* "processor.memory", "memory" as in that section, "memory.max" as in the plan, and "cpu". */
static bool is_called(const struct key *k, const char *word)
{
	return strcmp(k->path, word) == 0 || (k->plan && strcmp(k->plan, word) == 0) ||
	       (key_is_child(k, "processor") && strcmp(key_word(k), word) == 0) ||
	       (strcmp(word, "cpu") == 0 && strcmp(k->path, "processor.cores") == 0);
}

static const char *settable_word(const void *from, int i)
{
	(void)from;
	for (const struct key *k = keys; k->path; k++)
		if (is_settable(k) && i-- == 0)
			return key_is_child(k, "processor") ? key_word(k) : k->path;
	return NULL;
}

static int find_key(const char *word, const struct key **found, struct err *e)
{
	const char *near;

	for (const struct key *k = keys; k->path; k++) {
		if (!is_called(k, word))
			continue;
		*found = k;
		if (is_settable(k))
			return 0;
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "set: %s cannot be changed once the pod is made", k->path);
	}
	near = nearest(word, settable_word, NULL);
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "set: there is no key %s%s%s%s", esc(word),
			  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* "50000 100000", as cpu.max has it, is half a core. */
static char *value_of(const struct key *k, const char *text)
{
	unsigned long quota, period;
	char extra;

	if (strcmp(text, "max") == 0 && key_is_child(k, "processor"))
		return NULL;
	if (k->type == T_CORES && sscanf(text, "%lu %lu%c", &quota, &period, &extra) == 2 && period)
		return xfmt("%.6g", (double)quota / (double)period);
	return xstrdup(text);
}

static int add_word(struct set *s, const char *word, struct err *e)
{
	OWN_FREE char *name = xfmt("%.*s", (int)strcspn(word, "="), word);
	const char *eq = strchr(word, '=');
	const struct key *k = NULL;
	int r = eq ? find_key(name, &k, e) : 0;

	if (!eq)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "set: want KEY=VALUE, not %s",
				  esc(word));
	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (s->v[i].key == k)
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "set: %s is given twice",
					  k->path);
	if (r == 0 && s->n == SETS_MAX)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "set: more than %d keys", SETS_MAX);
	if (r == 0)
		s->v[s->n++] = (struct change){k, eq[1] ? value_of(k, eq + 1) : NULL};
	return r;
}

/* --- reading --- */

/* Only the keys that were set, each in its sections, from the whole tree of the file. */
static jv read_set(const struct set *s, struct node *file, const struct origin *o,
		   struct problems *p)
{
	OWN_PROBLEMS struct problems notes = {.file = ""};
	jv got = jv_object();

	read_aliases(file, &notes);
	for (size_t i = 0; i < s->n; i++) {
		const struct node *n = node_find(file, s->v[i].key->path);
		struct spot spot = {o, p, s->v[i].key, n, s->v[i].key->path};
		jv value = n && n->kind == NODE_SCALAR ? type_read(&spot) : jv_invalid();

		if (jv_is_valid(value))
			tree_set(&got, s->v[i].key->path, value);
		else
			jv_free(value);
	}
	return got;
}

/* --- what the file says now --- */

/* The text of a key, "" where it is not there: as `set` would write it. */
static const char *text_at(const struct node *file, const char *path)
{
	const struct node *n = file ? node_find(file, path) : NULL;

	return n && n->kind == NODE_SCALAR ? n->text : "";
}

static int check_was(const struct set *s, const struct node *file, struct err *e)
{
	for (size_t i = 0; i < s->was.n; i++) {
		OWN_FREE char *name = xfmt("%.*s", (int)strcspn(s->was.v[i], "="), s->was.v[i]);
		const char *eq = strchr(s->was.v[i], '=');
		const struct key *k = NULL;

		if (find_key(name, &k, e) < 0)
			return -e->code;
		if (strcmp(text_at(file, k->path), eq ? eq + 1 : "") != 0)
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "%s of pod %s is '%s' now, not '%s'", k->path,
					  s->pod.name, esc(text_at(file, k->path)),
					  esc(eq ? eq + 1 : ""));
	}
	return 0;
}

/* Before anything changes; problems of the old file are said when the new one is judged. */
static int look(const struct set *s, const struct buf *yaml, struct buf *old, struct err *e)
{
	OWN_PROBLEMS struct problems ignored = {.file = ""};
	OWN_NODE struct node *file = yaml_read(yaml->data, yaml->len, &ignored);

	if (file)
		read_aliases(file, &ignored);
	for (size_t i = 0; i < s->n; i++)
		buf_fmt(old, "%s=%s\n", s->v[i].key->path, text_at(file, s->v[i].key->path));
	return check_was(s, file, e);
}

/* What pod.json has, with those keys; judged and completed as a whole. */
static jv combine(const struct set *s, const struct buf *json, jv got, const struct origin *o,
		  struct problems *p)
{
	jv pod = jv_parse_sized(json->data, (int)json->len), text;

	if (jv_get_kind(pod) != JV_KIND_OBJECT) {
		jv_free(pod);
		jv_free(got);
		problem_add(p, (struct place){0}, "pod.json is no object");
		return jv_invalid();
	}
	for (size_t i = 0; i < s->n; i++) {
		const char *path = s->v[i].key->path;
		jv value = tree_get(got, path);

		tree_drop(&pod, path);
		if (jv_is_valid(value))
			tree_set(&pod, path, value);
		else
			jv_free(value);
	}
	jv_free(got);
	text = jv_dump_string(pod, 0);
	pod = podfile_compile(jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)),
			      o, p);
	jv_free(text);
	return pod;
}

/* pod.json has no lines; what is wrong with it by now is so because of what was set. */
static void place_problems(const struct set *s, const struct node *file, struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < s->n && p->v[i].at.line == 0; k++) {
			const struct node *n = node_find(file, s->v[k].key->path);

			if (n && strstr(p->v[i].text, s->v[k].key->path))
				p->v[i].at = n->at;
		}
}

/* The edited text in *yaml, the new pod; an invalid one with problems in p. */
static jv make(const struct set *s, struct buf *yaml, const struct buf *json, struct problems *p)
{
	struct origin o = {.name = s->base ? NULL : s->pod.name, .dir = "/", .cwd = "/"};
	OWN_NODE struct node *file = NULL;
	struct err e = {0};
	jv got;

	for (size_t i = 0; i < s->n; i++)
		if (!edit_key(yaml, s->v[i].key, s->v[i].value, p))
			return jv_invalid();
	if (pod_caller(&o.owner, &e) < 0) {
		problem_add(p, (struct place){0}, "%s", e.msg);
		return jv_invalid();
	}
	file = yaml_read(yaml->data, yaml->len, p);
	got = file ? read_set(s, file, &o, p) : jv_invalid();
	if (p->errors) {
		jv_free(got);
		return jv_invalid();
	}
	o.compiled = true;
	got = combine(s, json, got, &o, p);
	place_problems(s, file, p);
	return got;
}

/* --- the directory --- */

static int open_base(struct set *s, const char *name, struct err *e)
{
	int r = pod_check_name(name, e);

	if (r == 0)
		r = pod_state_open(e);
	if (r < 0)
		return r;
	s->path = xfmt("%s/bases/%s", pod_state_dir(), name);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->dir < 0)
		return err_set(e, errno, "open base %s", name);
	while (flock(s->dir, LOCK_EX) < 0) /* who clones it has it shared */
		if (errno != EINTR)
			return err_set(e, errno, "lock base %s", name);
	return 0;
}

static int open_pod(struct set *s, const char *name, struct err *e)
{
	int r = pod_open(&s->pod, name, e);

	if (r == 0)
		r = pod_lock(&s->pod, LOCK_WAIT_MS, e);
	s->dir = s->pod.dir;
	s->path = xstrdup(r == 0 ? s->pod.path : "");
	return r;
}

static int load(const struct set *s, const char *name, struct buf *b, struct err *e)
{
	int r = read_file_at(s->dir, name, b, NODE_BYTES_MAX);

	buf_add(b, "", 0);
	return r < 0 && !(r == -ENOENT && strcmp(name, "pod.yaml") == 0)
		       ? err_set(e, -r, "read %s/%s", s->path, name)
		       : 0;
}

/* All or nothing: what is written already is taken back. */
static int store(const struct set *s, const struct buf *old, const struct buf *yaml,
		 const struct buf *json, jv pod, struct err *e)
{
	int r = podfile_write(s->dir, yaml, pod, e);

	if (r < 0) {
		write_file_at(s->dir, "pod.yaml", old->data, old->len, 0600, false);
		write_file_at(s->dir, "pod.json", json->data, json->len, 0600, false);
	}
	return r;
}

static int record(const struct set *s, struct err *e)
{
	OWN_EVENT struct event ev = {0};

	if (s->base)
		return 0;
	event_init(&ev, s->pod.name, "config", "config_set");
	for (size_t i = 0; i < s->n; i++)
		event_str(&ev, s->v[i].key->path, s->v[i].value ? s->v[i].value : "");
	return record_event(&ev, true, e);
}

static int set(struct set *s, struct err *e)
{
	OWN_BUF struct buf old = BUF_INIT, yaml = BUF_INIT, json = BUF_INIT, texts = BUF_INIT;
	OWN_FREE char *file = xfmt("%s/pod.yaml", s->path);
	OWN_PROBLEMS struct problems p = {.file = file};
	int r = load(s, "pod.yaml", &old, e);
	jv pod;

	if (r == 0)
		r = load(s, "pod.json", &json, e);
	if (r < 0)
		return r;
	r = look(s, &old, &texts, e);
	if (r < 0)
		return r;
	buf_add(&yaml, old.data, old.len);
	pod = make(s, &yaml, &json, &p);
	problems_print(&p, stderr);
	r = jv_is_valid(pod)
		    ? store(s, &old, &yaml, &json, pod, e)
		    : err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%zu error%s: nothing was changed",
				 p.errors, p.errors == 1 ? "" : "s");
	jv_free(pod);
	if (r == 0 && s->print_old)
		fputs(texts.data, stdout);
	return r < 0 ? r : record(s, e);
}

int cmd_set(int argc, char **argv)
{
	OWN(set_finish) struct set s = {.dir = -1, .pod = POD_INIT};
	const struct opt opts[] = {
		{OPT_FLAG, 'b', "base", &s.base, NULL, "POD is the name of a base"},
		{OPT_LIST, 0, "was", &s.was, "KEY=VALUE", "only if its file says so; 3 if not"},
		{OPT_FLAG, 0, "print-old", &s.print_old, NULL, "print what these keys were"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-config set [OPTION]... POD KEY=VALUE...",
		"Change keys of a pod that is made; without a value a key has its default again.",
		2, 0, 0};
	struct err e = {0};
	int r = 0;

	opt_parse(opts, &usage, argc, argv);
	for (char **word = argv + 1; *word && r == 0; word++)
		r = add_word(&s, *word, &e);
	if (r == 0)
		r = pod_check_caller(&e);
	if (r == 0)
		r = s.base ? open_base(&s, argv[0], &e) : open_pod(&s, argv[0], &e);
	if (r == 0)
		r = set(&s, &e);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
