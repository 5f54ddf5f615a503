/* SPDX-License-Identifier: Apache-2.0 */
/* Why a name or an address is refused: what the log says, what the rules say now, what would help.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "libcommon/names.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-dns/cmds.h"
#include "tools/pod-dns/history.h"
#include "tools/pod-dns/policy.h"

struct answer_to {
	const char *subject;
	bool is_address, is_open; /* would it be let through now? */
	char rule[RULES_TEXT_MAX];
	char decision[16];
	unsigned refused;
	struct history_event last; /* refusal */
	struct strv names;         /* that an address was handed out for */
	char advice[1400];
};

static bool is_refusal(const struct history_event *ev)
{
	return strcmp(ev->event, "dns_denied") == 0 || strcmp(ev->event, "net_denied") == 0;
}

static bool speaks_of(const struct answer_to *w, const struct history_event *ev)
{
	if (strcasecmp(ev->name, w->subject) == 0 || strcmp(ev->address, w->subject) == 0)
		return true;
	for (unsigned i = 0; i < ev->n_answers; i++)
		if (strcmp(ev->answers[i], w->subject) == 0)
			return true;
	return false;
}

static void take(void *arg, const struct history_event *ev)
{
	struct answer_to *w = arg;

	if (!speaks_of(w, ev))
		return;
	if (is_refusal(ev)) {
		w->refused++;
		w->last = *ev;
	}
	if (w->is_address && strcmp(ev->src, "dns") == 0 && ev->name[0] &&
	    !strv_has(&w->names, ev->name) && w->names.n < 16)
		strv_add(&w->names, ev->name);
}

/* Is the address open at this moment, and for which name? */
static void look_at_pins(struct answer_to *w, const struct pod *pod, const struct in6_addr *a)
{
	struct names n = NAMES_INIT;
	OWN_FD int fd = openat(pod->run, "net/names", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct err e = {0};
	char name[254] = "";

	if (fd < 0)
		return;
	if (names_map(&n, take_fd(&fd), false, &e) == 0)
		names_of(&n, a, 0, name);
	names_finish(&n);
	if (name[0]) {
		w->is_open = true;
		snprintf(w->rule, sizeof(w->rule), "handed out for %s", name);
	}
}

static bool opened_by_network(const struct plan *plan, const struct in6_addr *a, char *rule,
			      size_t size)
{
	const char *text;
	struct cidr c;
	size_t i = 0;

	while ((text = plan_next(plan, "cidr_allow", &i)))
		if (cidr_parse(text, &c) == 0 && cidr_has(&c, a)) {
			snprintf(rule, size, "cidr_allow %s", text);
			return true;
		}
	return false;
}

static void judge_address(struct answer_to *w, const struct pod *pod, const struct plan *plan,
			  const struct in6_addr *a)
{
	snprintf(w->rule, sizeof(w->rule), "no name was handed out with it");
	w->is_open = opened_by_network(plan, a, w->rule, sizeof(w->rule));
	if (!w->is_open)
		look_at_pins(w, pod, a);
	snprintf(w->decision, sizeof(w->decision), w->is_open ? "allow" : "deny");
	if (w->is_open)
		return;
	if (w->names.n)
		snprintf(w->advice, sizeof(w->advice), "in the pod, ask for %s by name",
			 w->names.v[0]);
	else
		snprintf(w->advice, sizeof(w->advice), "network.cidr_allow: [%s] in the pod file",
			 w->subject);
}

static void judge_name(struct answer_to *w, const char *pod, const struct rules *rules,
		       const struct name *n)
{
	static const char *const decisions[] = {"allow", "deny", "remap"};
	char text[NAME_TEXT_MAX];
	struct verdict v;

	rules_judge(rules, n, &v);
	snprintf(w->decision, sizeof(w->decision), "%s", decisions[v.decision]);
	verdict_text(rules, &v, w->rule);
	w->is_open = v.decision != DECISION_DENY;
	name_text(n, text);
	if (w->is_open)
		return;
	if (v.prefix)
		snprintf(w->advice, sizeof(w->advice), "envpod dns %s --remove-deny '%s'", pod,
			 w->rule + strlen("deny "));
	else
		snprintf(w->advice, sizeof(w->advice), "envpod dns %s --allow %s", pod, text);
}

static void print_json(const struct answer_to *w)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, w->is_address ? "address" : "name", w->subject);
	jw_kstr(&b, "decision", w->decision);
	jw_kstr(&b, "rule", w->rule);
	jw_knum(&b, "refused", w->refused);
	if (w->refused) {
		jw_kstr(&b, "last", w->last.ts);
		jw_kstr(&b, "reason", w->last.reason[0] ? w->last.reason : w->last.rule);
	}
	if (w->names.n)
		jw_kstrv(&b, "names", w->names.v);
	if (w->advice[0])
		jw_kstr(&b, "advice", w->advice);
	jw_close(&b, '}');
	puts(b.data);
}

static void print_text(const struct answer_to *w)
{
	printf("%s: %s (%s)\n", esc(w->subject), w->decision, esc(w->rule));
	if (w->refused)
		printf("refused %u time%s, last at %s: %s\n", w->refused,
		       w->refused == 1 ? "" : "s", esc(w->last.ts),
		       esc(w->last.reason[0] ? w->last.reason : w->last.rule));
	for (size_t i = 0; i < w->names.n; i++)
		printf("handed out for %s\n", esc(w->names.v[i]));
	if (w->advice[0])
		printf("to allow it: %s\n", esc(w->advice));
}

static int answer(struct answer_to *w, const char *pod_name, struct err *e)
{
	OWN(pod_finish) struct pod pod = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	struct in6_addr a;
	struct name n;
	struct rules *rules;

	w->is_address = address_parse(w->subject, &a) == 0;
	if (!w->is_address && name_from_text(&n, w->subject, strlen(w->subject)) < 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "'%.300s' is neither a name nor an "
				  "address",
				  esc(w->subject));
	rules = rules_of_pod(pod_name, &pod, &plan, e);
	if (!rules)
		return -EINVAL;
	if (history_each(&pod, w->subject, take, w, e) < 0) {
		rules_free(rules);
		return -EINVAL;
	}
	if (w->is_address)
		judge_address(w, &pod, &plan, &a);
	else
		judge_name(w, pod.name, rules, &n);
	rules_free(rules);
	return 0;
}

int cmd_why(int argc, char **argv)
{
	static struct answer_to w;
	static char subject[NAME_TEXT_MAX];
	bool json = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-dns why [OPTION]... POD NAME|ADDRESS",
		"Say why a name or an address is refused, and what would allow it.", 2, 2, 0};
	struct name n;

	opt_parse(opts, &usage, argc, argv);
	w.subject = argv[1];
	/* As the log writes it. */
	if (!strchr(argv[1], ':') && name_from_text(&n, argv[1], strlen(argv[1])) == 0) {
		name_lower(&n);
		w.subject = name_text(&n, subject);
	}
	if (answer(&w, argv[0], &e) < 0)
		return say_err(&e);
	if (json)
		print_json(&w);
	else
		print_text(&w);
	strv_finish(&w.names);
	return say_end(w.is_open ? POD_EXIT_OK : POD_EXIT_NO);
}
