/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/policy.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/wall.h"
#include "tools/pod-exec/report.h"

/* The refusal stands; that it could not be recorded is said in its place. */
static int refuse(const struct run *r, const char *reason, const char *key, struct err *e)
{
	struct err why = *e;
	int s = report_refused(r, reason, key, e);

	if (s < 0)
		return err_wrap(e, "refused, but");
	*e = why;
	return -e->code;
}

/* `--without network` covers network.mode and all below it. */
static bool covers(const char *without, const char *key)
{
	size_t n = strlen(without);

	return strncmp(without, key, n) == 0 && (key[n] == '\0' || key[n] == '.');
}

static bool is_waived(const struct run *r, const char *key)
{
	for (size_t i = 0; i < r->ask->without.n; i++)
		if (covers(r->ask->without.v[i], key))
			return true;
	return false;
}

static bool is_asked(const struct run *r, const char *without)
{
	const char *key;

	for (size_t i = 0; (key = plan_next(&r->plan, "unbuilt", &i));)
		if (covers(without, key))
			return true;
	/* Built, but a run may do without it all the same: where the vault is locked, say. */
	return covers(without, "vault.env") && plan_str(&r->plan, "vault.env", NULL);
}

static int check_built(struct run *r, struct err *e)
{
	OWN_BUF struct buf keys = BUF_INIT, options = BUF_INIT;
	const char *key;

	for (size_t i = 0; (key = plan_next(&r->plan, "unbuilt", &i));) {
		if (is_waived(r, key)) {
			strv_add(&r->without, key);
			continue;
		}
		buf_fmt(&keys, "%s%s", keys.len ? ", " : "", key);
		buf_fmt(&options, " --without %s", key);
	}
	for (size_t i = 0; i < r->ask->without.n; i++)
		if (!is_asked(r, r->ask->without.v[i]))
			say_warn("--without %s: pod %s does not ask for it, or it is built",
				 esc(r->ask->without.v[i]), r->pod.name);
	if (keys.len == 0)
		return 0;
	err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
		   "pod %s asks for what this envpod cannot do yet: %.160s; to run without:%.160s",
		   r->pod.name, keys.data, options.data);
	return refuse(r, "unbuilt", keys.data, e);
}

static int check_network(struct run *r, struct err *e)
{
	if (!r->host_net && wall_wanted(&r->pod, &r->plan) && !wall_stands(&r->pod))
		return err_status(e, POD_EXIT_FAILED, ERR_PLAIN,
				  "the network of pod %s does not stand; run: pod-net up %s",
				  r->pod.name, r->pod.name);
	if (!r->host_net || r->ask->unsafe)
		return 0;
	err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
		   "pod %s wants the host's own network (network.mode: Unsafe), which is no wall; "
		   "give --unsafe if that is meant",
		   r->pod.name);
	return refuse(r, "unsafe", "network.mode", e);
}

static int check_command(struct run *r, struct err *e)
{
	const char *word = r->ask->argv[0], *slash = strrchr(word, '/');
	struct err why;

	/* a program of the host's is none of the pod's words */
	if (r->exec >= 0 || !plan_str(&r->plan, "allowed_command", NULL) ||
	    plan_has(&r->plan, "allowed_command", word) ||
	    plan_has(&r->plan, "allowed_command", slash ? slash + 1 : word))
		return 0;
	err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
		   "pod %s: %s is not among its tools.allowed_commands", r->pod.name, esc(word));
	why = *e;
	if (report_tool_blocked(r, e) < 0)
		return err_wrap(e, "refused, but");
	*e = why;
	return -e->code;
}

/* A probe is the pod file's own, and joins what was judged when it began. */
int policy_check(struct run *r, struct err *e)
{
	int s;

	r->host_net = plan_is(&r->plan, "network", "unsafe");
	if (r->ask->probe)
		return 0;
	s = check_built(r, e);
	if (s == 0)
		s = check_network(r, e);
	return s < 0 ? s : check_command(r, e);
}
