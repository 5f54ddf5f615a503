/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/policy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/netid.h"
#include "libcommon/own.h"
#include "libcommon/words.h"

void policy_finish(struct policy *p)
{
	for (size_t i = 0; i < p->n_dummies; i++) {
		free(p->dummies[i].key);
		free(p->dummies[i].value);
	}
	free(p->dummies);
	bindings_finish(&p->planned);
	bindings_finish(&p->rules);
	bindings_finish(&p->added);
	bindings_finish(&p->removed);
	own_close(&p->dir);
	plan_finish(&p->plan);
	pod_finish(&p->pod);
}

static int read_plan(const struct plan *plan, const char *key, struct bindings *to, struct err *e)
{
	const char *value;

	for (size_t i = 0; (value = plan_next(plan, key, &i));) {
		OWN_STRV struct strv words = {0};
		struct binding *b = bindings_add(to, e);

		if (!b)
			return -ENOSPC;
		if (words_split(&words, value) < 0)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "plan: %s: not words",
					  key);
		if (binding_parse(b, &words, e) < 0)
			return err_wrap(e, "plan: %s", key);
	}
	return 0;
}

static int read_live(struct policy *p, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r = read_file_at(p->dir, PROXY_JSON, &text, PROXY_JSON_MAX);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "read %s/policy/" PROXY_JSON, p->pod.path);
	return live_parse(p, text.data, text.len, e);
}

bool policy_is_wanted(const struct pod *p)
{
	OWN_PLAN struct plan plan = {0};
	struct err ignored = {0};

	if (faccessat(p->dir, "policy/" PROXY_JSON, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	return plan_open(&plan, p, &ignored) == 0 && plan_str(&plan, "vault.bind", NULL);
}

int policy_load(struct policy *p, const char *pod, enum policy_use use, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&p->pod, pod, e);
	if (r == 0)
		r = plan_open(&p->plan, &p->pod, e);
	if (r < 0)
		return r;
	p->dir = policy_open(&p->pod, e);
	if (p->dir < 0)
		return p->dir;
	if (use == POLICY_CHANGE && flock(p->dir, LOCK_EX) < 0)
		return err_set(e, errno, "lock %s/policy", p->pod.path);
	r = read_plan(&p->plan, "vault.bind", &p->planned, e);
	if (r == 0)
		r = read_plan(&p->plan, "http.rule", &p->rules, e);
	return r == 0 ? read_live(p, e) : r;
}

/* --- what holds --- */

static bool has(const struct bindings *all, const struct binding *b)
{
	for (size_t i = 0; i < all->n; i++)
		if (binding_same(&all->v[i], b))
			return true;
	return false;
}

int policy_bindings(const struct policy *p, struct bindings *all, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->planned.n && r == 0; i++) {
		const struct binding *b = &p->planned.v[i];

		if (!has(&p->removed, b) && !has(&p->added, b))
			r = bindings_copy(all, b, e);
	}
	for (size_t i = 0; i < p->added.n && r == 0; i++)
		r = bindings_copy(all, &p->added.v[i], e);
	return r;
}

const char *policy_refusal(const struct policy *p)
{
	if (plan_is(&p->plan, "vault.proxy", "no"))
		return "its pod file says vault.proxy: no";
	if (plan_is(&p->plan, "network", "none"))
		return "it has no network";
	if (plan_is(&p->plan, "network", "unsafe") ||
	    strcmp(plan_str(&p->plan, "dns.mode", "allowlist"), "allowlist") != 0)
		return "its network is open: what knows another way out could be sent there "
		       "(network.mode Isolated or Monitored, network.dns.mode Allowlist)";
	return NULL;
}

/* --- writing --- */

static bool has_dummy(const struct policy *p, const char *key)
{
	for (size_t i = 0; i < p->n_dummies; i++)
		if (strcmp(p->dummies[i].key, key) == 0)
			return true;
	return false;
}

/* Made once: what the agent wrote down somewhere is still known for what it is. */
static int make_dummies(struct policy *p, struct err *e)
{
	OWN_BINDINGS struct bindings all = {0};
	int r = policy_bindings(p, &all, e);

	for (size_t i = 0; i < all.n && r == 0; i++) {
		if (has_dummy(p, all.v[i].key))
			continue;
		p->dummies = xrealloc(p->dummies, (p->n_dummies + 1) * sizeof(*p->dummies));
		p->dummies[p->n_dummies++] =
			(struct dummy){xstrdup(all.v[i].key), dummy_make(all.v[i].domain)};
	}
	return r;
}

static int put(const struct policy *p, const char *file, const struct buf *text, int mode,
	       struct err *e)
{
	int r = write_file_at(p->dir, file, text->data, text->len, mode, true);

	return r < 0 ? err_set(e, -r, "write %s/policy/%s", p->pod.path, file) : 0;
}

int policy_save(struct policy *p, struct err *e)
{
	OWN_BUF struct buf live = BUF_INIT, whole = BUF_INIT;
	int r = make_dummies(p, e);

	if (r == 0)
		r = compile(p, &whole, e);
	if (r < 0)
		return r;
	live_format(p, &live);
	if (live.len > PROXY_JSON_MAX)
		return err_set(e, EFBIG, "write %s/policy/" PROXY_JSON, p->pod.path);
	r = put(p, PROXY_JSON, &live, 0600, e);
	/* Daemons of several ids read it beneath a descriptor; there is no secret in it. */
	return r == 0 ? put(p, "proxy", &whole, 0644, e) : r;
}
