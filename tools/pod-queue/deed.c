/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/deed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonr.h"
#include "libcommon/netid.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-queue/chain.h"

void deed_finish(struct deed *d)
{
	verdict_finish(&d->verdict);
}

/* "timeout" of the config, which is its owner's word. */
static unsigned seconds_of(const char *config)
{
	int64_t n = DEED_SECONDS;
	struct json j;
	char key[64];

	json_init(&j, config, strlen(config));
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key))) {
			if (strcmp(key, "timeout") == 0)
				json_integer(&j, &n);
			else
				json_skip(&j);
		}
	if (j.fault || n < 1)
		return DEED_SECONDS;
	return n < DEED_SECONDS_MAX ? (unsigned)n : DEED_SECONDS_MAX;
}

static uid_t reader_uid(const struct pod *p, struct err *e)
{
	int number = netid_get(p, e);

	return number < 0 ? 0 : netid_uid(number, NETID_QUEUE);
}

/* No answer at all says less than how it ended. */
static int judge(struct deed *d, const struct chain *c, uid_t uid, struct err *e)
{
	OWN_BUF struct buf why = BUF_INIT;
	int r = c->late || c->loud || c->out.len == 0 ? -EINVAL
						      : verdict_read(&d->verdict, &c->out, uid, e);

	d->answered = r == 0;
	if (r == 0 && d->verdict.ok)
		return 0;
	if (r == 0)
		return err_set(e, ERR_PLAIN, "%s",
			       d->verdict.error.len ? esc(d->verdict.error.data)
						    : "it does not say why");
	if (!e->code) {
		chain_explain(c, &why);
		err_set(e, ERR_PLAIN, "%s", why.data);
	}
	return r;
}

int deed_run(struct deed *d, const struct pod *p, const struct entry *en, const struct buf *request,
	     int kept, struct err *e)
{
	struct chain c __attribute__((cleanup(chain_finish))) = {
		.pod = p,
		.name = en->name,
		.keep = kept,
		.request = request,
		.seconds = seconds_of(en->config),
	};
	uid_t uid = reader_uid(p, e);
	OWN_FD int exec = -1;
	int r;

	if (!uid)
		return -e->code;
	if (chain_frozen(p))
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "pod %s is frozen (envpod unlock %s)", p->name, p->name);
	exec = c.exec = executor_open(p, en, &c.outside, e);
	if (exec < 0)
		return exec;
	d->outside = c.outside;
	r = chain_run(&c, e);
	if (r == 0)
		r = judge(d, &c, uid, e);
	if (c.said.len)
		say_note("%s: %s", en->name, esc(c.said.data));
	return r;
}
