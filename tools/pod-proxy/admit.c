/* SPDX-License-Identifier: Apache-2.0 */
/* Is a request for the host of its connection, do the rules allow it, and has it what is put in? */
#include "tools/pod-proxy/admit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-proxy/canary.h"
#include "tools/pod-proxy/text.h"

static void refuse(struct exchange *x, int status, const char *rule, const char *error)
{
	exchange_refuse(x, &(struct refusal){.status = status, .error = error, .rule = rule});
}

static bool is_ours(const struct exchange *x)
{
	const char *authority = message_text(&x->request, x->request.authority);
	char name[NAME_TEXT];
	unsigned port = 0;

	return text_host((struct text){authority, strlen(authority)}, name, &port) == 0 &&
	       strcmp(name, x->s->name) == 0 && (port == 0 || port == x->s->port);
}

static int inject(struct exchange *x)
{
	const struct secrets *have = &x->s->in->secrets;
	const char *key = "";
	char text[SECRETS_WHY + 80];
	int r;

	if (x->site->n_binds && !x->s->tls) {
		refuse(x, 403, "plain", "no credential is sent without TLS");
		return -EACCES;
	}
	if (x->site->n_binds && have->locked) {
		snprintf(text, sizeof(text), "the vault is locked: %s", have->locked);
		refuse(x, 503, "locked", text);
		return -ENOKEY;
	}
	r = site_inject(x->site, have, &x->request, &key);
	if (r == -ENOKEY) {
		snprintf(text, sizeof(text), "the vault has no value for %.128s", key);
		refuse(x, 503, "no_value", text);
	} else if (r < 0) {
		refuse(x, 400, "request", "this request cannot be passed on");
	}
	return r;
}

void admit_not(struct exchange *x, const char *rule, unsigned wait)
{
	char text[80];

	snprintf(text, sizeof(text), "the pod's limit for this host is reached: %s", rule);
	exchange_refuse(
		x,
		&(struct refusal){.status = 429, .error = text, .rule = rule, .retry_after = wait});
}

static int meter(struct exchange *x)
{
	unsigned wait;
	const char *rule =
		meter_begin(&x->s->in->meters, x->site, x->s->in->loop.now_ms, &x->meter, &wait);

	if (!rule)
		return 0;
	admit_not(x, rule, wait);
	return -EACCES;
}

/* Who is told of a rule may be able to do without, and else knows whom to ask for what. */
static int refuse_by(struct exchange *x, const char *rule)
{
	OWN_FREE char *ask =
		strcmp(rule, "ambiguous") == 0
			? xfmt("write the path so that it has one reading: without dot segments, "
			       "empty ones, encoded slashes and fields that change it")
			: xfmt("a person may allow it: an entry of network.http in the pod file, "
			       "or envpod vault %s bind KEY %s with --method and --path",
			       x->s->in->pod.name, x->s->name);

	exchange_refuse(x, &(struct refusal){.status = 403,
					     .error = "refused by a rule of the pod",
					     .rule = rule,
					     .ask = ask});
	return -EACCES;
}

int admit(struct exchange *x)
{
	const char *rule;

	x->site = sites_find(&x->policy->sites, x->s->name, x->s->port);
	canary_head(x);
	if (!x->site) {
		x->s->draining = true;
		refuse(x, 421, "unbound", "this host is not looked into any more: connect again");
		return -EACCES;
	}
	if (!is_ours(x)) {
		refuse(x, 421, "host", "this connection is for another host");
		return -EACCES;
	}
	rule = site_judge(x->site, &x->request);
	if (rule)
		return refuse_by(x, rule);
	return meter(x) < 0 ? -EACCES : inject(x);
}
