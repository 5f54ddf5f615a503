/* SPDX-License-Identifier: Apache-2.0 */
/* One pod: how it was made, which walls stand, what it goes without, what it uses. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/budget.h"
#include "libcommon/health.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/ports.h"
#include "libcommon/say.h"
#include "libcommon/wall.h"
#include "libcommon/words.h"
#include "tools/envpod/desktop.h"
#include "tools/envpod/front.h"
#include "tools/envpod/helpers.h"

struct status {
	const char *state;
	pid_t pid;
	char created[64];
	unsigned layers;
	struct buf usage;    /* pod-limit's JSON object, without newline; empty: none */
	struct buf net;      /* pod-net's, while there is a wall */
	struct buf desktop;  /* session.json, while a desktop is there */
	const char *wall;    /* of the network: see wall_state() */
	char addresses[160]; /* engine and addresses, while there is a wall */
	struct strv without; /* keys the live runs go without */
	struct strv ports[PORT_SCOPES];
	struct strv injects; /* "KEY HOST:PORT", "- HOST:PORT" for rules alone */
	struct budgets budgets;
	struct health health;
	bool watched;   /* somebody makes its checks */
	size_t waiting; /* actions, for a person or their time */
};

static void status_finish(struct status *s)
{
	buf_finish(&s->usage);
	buf_finish(&s->net);
	buf_finish(&s->desktop);
	strv_finish(&s->without);
	strv_finish(&s->injects);
	for (int i = 0; i < PORT_SCOPES; i++)
		strv_finish(&s->ports[i]);
}

/* Those of the pod file with what was changed since; a file that is broken opens nothing. */
static void gather_ports(struct status *s, const struct pod *p, const struct plan *pl)
{
	OWN_FD int policy =
		openat(p->dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct ports all;
	struct err ignored = {0};
	char text[PORT_TEXT];

	if (ports_load(&all, pl, policy, &ignored) < 0)
		return;
	for (size_t i = 0; i < all.n; i++)
		strv_add(&s->ports[all.v[i].scope], port_text(&all.v[i], text));
}

/* Of a "host ID DOMAIN PORT": each "bind ID KEY ..." of it. */
static void add_host(struct strv *to, const struct plan *pl, const struct strv *host)
{
	const char *line;
	bool any = false;

	for (size_t i = 0; (line = plan_next(pl, "bind", &i));) {
		OWN_STRV struct strv w = {0};

		if (words_split(&w, line) < 0 || w.n < 2 || strcmp(w.v[0], host->v[0]) != 0)
			continue;
		strv_fmt(to, "%s %s:%s", w.v[1], host->v[1], host->v[2]);
		any = true;
	}
	if (!any)
		strv_fmt(to, "- %s:%s", host->v[1], host->v[2]);
}

/* What the injector goes by; a file that is broken injects nothing. */
static void gather_injects(struct status *s, const struct pod *p)
{
	OWN_FD int policy =
		openat(p->dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_PLAN struct plan pl = {0};
	OWN_BUF struct buf b = BUF_INIT;
	struct err ignored = {0};
	const char *line;

	if (policy < 0 || read_file_at(policy, "proxy", &b, PLAN_MAX) < 0 || !b.len ||
	    plan_parse(&pl, b.data, b.len, &ignored) < 0)
		return;
	for (size_t i = 0; (line = plan_next(&pl, "host", &i));) {
		OWN_STRV struct strv w = {0};

		if (words_split(&w, line) == 0 && w.n == 3)
			add_host(&s->injects, &pl, &w);
	}
}

static size_t count_actions(const struct pod *p, const char *place)
{
	int fd = openat(p->dir, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	size_t n = 0;

	if (!d)
		own_close(&fd);
	while (d && dir_next(d, &name) > 0)
		n += name[0] != '.';
	return n;
}

static void add_lines(const struct pod *p, const char *file, struct strv *to)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (read_file_at(p->run, file, &b, 1u << 16) < 0)
		return;
	for (char *line = b.data, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (!strv_has(to, line))
			strv_add(to, line);
	}
}

static unsigned count_layers(const struct pod *p)
{
	OWN_BUF struct buf b = BUF_INIT;
	unsigned n = 0;

	if (read_file_at(p->dir, "stack", &b, 1u << 20) < 0)
		return 0;
	for (const char *s = b.data; (s = strchr(s, '\n')); s++)
		n++;
	return n;
}

/* Is there a way out?  "closed": the wall is there, and nobody to open it for a name. */
static const char *wall_state(const struct pod *p, const struct plan *pl, char addresses[160])
{
	if (plan_is(pl, "network", "none") || plan_is(pl, "network", "unsafe"))
		return plan_is(pl, "network", "none") ? "loopback" : "host";
	if (read_line_at(p->run, "net/up", addresses, 160) < 0) {
		addresses[0] = '\0';
		return wall_wanted(p, pl) ? "down" : "loopback";
	}
	return wall_stands(p) ? "up" : "closed";
}

/* Another tool's JSON object, without its newline. */
static void capture(const char *tool, const char *word, const struct pod *p, struct buf *to)
{
	OWN_STRV struct strv argv = {0};

	front_words(&argv, tool, word, "--json", p->name, NULL);
	if (front_capture(&argv, to) != 0)
		buf_clear(to);
	while (to->len && to->data[to->len - 1] == '\n')
		to->data[--to->len] = '\0';
}

static void gather(struct status *s, const struct pod *p, const struct plan *pl)
{
	struct err ignored = {0};

	s->state = front_state(p);
	s->pid = pod_init_pid(p, NULL, &ignored);
	s->layers = count_layers(p);
	if (budgets_load(&s->budgets, p, pl, &ignored) < 0)
		s->budgets = (struct budgets){0};
	s->wall = wall_state(p, pl, s->addresses);
	gather_ports(s, p, pl);
	gather_injects(s, p);
	s->waiting = count_actions(p, "queue/staged") + count_actions(p, "queue/delayed");
	if (*s->addresses)
		capture("pod-net", "status", p, &s->net);
	if (helpers_stand(p, "desktop"))
		desktop_text(p, &s->desktop);
	if (read_line_at(p->dir, "created", s->created, sizeof(s->created)) < 0)
		s->created[0] = '\0';
	if (s->pid <= 0)
		return;
	s->watched = health_read(&s->health, p);
	add_lines(p, "without", &s->without);
	capture("pod-limit", "usage", p, &s->usage);
}

/* The plan's words that people look for, in both forms. */
static const struct {
	const char *key, *label, *fallback;
} shown[] = {
	{"run.user", "user", ""},
	{"system", "system_access", "safe"},
	{"view", "view", "host"},
	{"network", "network", "isolated"},
	{"seccomp", "seccomp", "default"},
	{"cpu.max", "cpu_max", NULL},
	{"memory.max", "memory_max", NULL},
	{"pids.max", "pids_max", NULL},
	{"cpuset.cpus", "cpus", NULL},
	{"rate_limit", "rate_limit", NULL},
	{"connections", "connections", NULL},
	{"bandwidth_cap", "bandwidth_cap", NULL},
};

static void plan_list(const struct plan *pl, const char *key, const char *only, struct strv *to)
{
	const char *value;

	for (size_t i = 0; (value = plan_next(pl, key, &i));)
		if (strncmp(value, only, strlen(only)) == 0)
			strv_add(to, value + strlen(only));
}

static void add_object(struct buf *b, const char *key, const struct buf *object)
{
	if (!object->len)
		return;
	jw_key(b, key);
	buf_add(b, object->data, object->len);
}

static void json_budgets(struct buf *b, const struct budgets *all)
{
	jw_key(b, "budgets");
	jw_open(b, '{');
	for (int k = 0; k < BUDGETS; k++) {
		if (!all->limit[k])
			continue;
		jw_key(b, budget_kinds[k].word);
		jw_open(b, '{');
		jw_knum(b, "used", (int64_t)(all->used[k] / budget_kinds[k].unit));
		jw_knum(b, "limit", (int64_t)(all->limit[k] / budget_kinds[k].unit));
		jw_close(b, '}');
	}
	jw_close(b, '}');
}

static void print_json(const struct pod *p, const struct plan *pl, const struct status *s)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_STRV struct strv unbuilt = {0}, writes = {0};

	plan_list(pl, "unbuilt", "", &unbuilt);
	plan_list(pl, "mount", "rw ", &writes);
	jw_open(&b, '{');
	jw_knum(&b, "v", 1);
	jw_kstr(&b, "name", p->name);
	jw_kstr(&b, "status", s->state);
	if (s->pid > 0)
		jw_knum(&b, "pid", s->pid);
	jw_kstr(&b, "created_at", s->created);
	jw_knum(&b, "layers", s->layers);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (plan_str(pl, shown[i].key, shown[i].fallback))
			jw_kstr(&b, shown[i].label, plan_str(pl, shown[i].key, shown[i].fallback));
	jw_kstr(&b, "wall", s->wall);
	if (*s->addresses)
		jw_kstr(&b, "addresses", s->addresses);
	for (int i = 0; i < PORT_SCOPES; i++)
		jw_kstrv(&b, port_keys[i], s->ports[i].v);
	jw_kstrv(&b, "injects", s->injects.v);
	jw_knum(&b, "actions_waiting", (int64_t)s->waiting);
	jw_kstrv(&b, "unbuilt", unbuilt.v);
	jw_kstrv(&b, "without", s->without.v);
	jw_kstrv(&b, "writes_past_review", writes.v);
	if (s->watched) {
		jw_key(&b, "health");
		health_json(&s->health, &b);
	}
	json_budgets(&b, &s->budgets);
	add_object(&b, "desktop", &s->desktop);
	add_object(&b, "net", &s->net);
	add_object(&b, "usage", &s->usage);
	jw_close(&b, '}');
	puts(b.data);
}

static void text_list(const char *label, const struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		printf("%-20s %s\n", i ? "" : label, esc(v->v[i]));
}

static void text_budgets(const struct budgets *b)
{
	char used[BUDGET_TEXT], limit[BUDGET_TEXT];
	const char *label = "budget";

	for (int k = 0; k < BUDGETS; k++) {
		if (!b->limit[k])
			continue;
		printf("%-20s %s: %s of %s%s\n", label, budget_kinds[k].word,
		       budget_text(k, b->used[k], used), budget_text(k, b->limit[k], limit),
		       budget_is_up(b, k) ? ", used up" : "");
		label = "";
	}
}

static void text_desktop(const struct buf *text)
{
	struct desktop d;

	if (!text->len || desktop_parse(&d, text->data, text->len) < 0)
		return;
	printf("%-20s %s\n", "desktop", d.ready ? "ready" : d.n ? "not ready" : "at rest");
	for (size_t i = 0; i < d.n; i++)
		if (d.v[i].restarts)
			printf("%-20s %s: %s, begun anew %u time(s)\n", "", esc(d.v[i].name),
			       esc(d.v[i].state), d.v[i].restarts);
		else
			printf("%-20s %s: %s\n", "", esc(d.v[i].name), esc(d.v[i].state));
}

static void text_health(const struct health *h)
{
	printf("%-20s %s since %s\n", "health", health_state(h->state), h->since);
	for (int i = 0; i < h->n; i++)
		if (*h->v[i].reason)
			printf("%-20s %s: %s\n", "", esc(h->v[i].name), esc(h->v[i].reason));
}

static void print_text(const struct pod *p, const struct plan *pl, const struct status *s)
{
	OWN_STRV struct strv unbuilt = {0}, writes = {0};

	plan_list(pl, "unbuilt", "", &unbuilt);
	plan_list(pl, "mount", "rw ", &writes);
	printf("%-20s %s\n%-20s %s\n", "name", p->name, "status", s->state);
	if (s->pid > 0)
		printf("%-20s %d\n", "pid", (int)s->pid);
	printf("%-20s %s\n%-20s %u\n", "created_at", s->created, "layers", s->layers);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (plan_str(pl, shown[i].key, shown[i].fallback))
			printf("%-20s %s\n", shown[i].label,
			       esc(plan_str(pl, shown[i].key, shown[i].fallback)));
	printf("%-20s %s%s%s\n", "wall", s->wall, *s->addresses ? ": " : "", s->addresses);
	for (int i = 0; i < PORT_SCOPES; i++)
		text_list(port_keys[i], &s->ports[i]);
	if (s->watched)
		text_health(&s->health);
	text_desktop(&s->desktop);
	if (s->waiting)
		printf("%-20s %zu (envpod queue %s)\n", "actions_waiting", s->waiting, p->name);
	text_budgets(&s->budgets);
	text_list("injects", &s->injects);
	text_list("not built yet", &unbuilt);
	text_list("runs without", &s->without);
	text_list("writes past review", &writes);
}

/* The other tools' own words, below ours; our lines must be out before theirs. */
static int print_more(const struct pod *p, const struct status *s)
{
	OWN_STRV struct strv net = {0}, usage = {0};

	fflush(stdout);
	front_words(&net, "pod-net", "status", p->name, NULL);
	if (*s->addresses)
		front_run(&net);
	if (s->pid <= 0)
		return POD_EXIT_OK;
	front_words(&usage, "pod-limit", "usage", p->name, NULL);
	return front_run(&usage);
}

int cmd_status(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN(status_finish) struct status s = {0};
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object"},
		{0},
	};
	const struct opt_usage usage = {"envpod status [--json] POD", "Show one pod.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	gather(&s, &p, &pl);
	if (json)
		print_json(&p, &pl, &s);
	else
		print_text(&p, &pl, &s);
	return json ? POD_EXIT_OK : print_more(&p, &s);
}
