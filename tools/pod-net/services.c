/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/services.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/spawn.h"

/* Words are names of tools and pods: none of them holds a blank.  A ? says that there may be
 * nothing to do for it: it rests until somebody opens a port, or binds a host.  listen= names what
 * the keeper holds for as long as it lives, so that the agent never finds such a port free. */
static const struct service {
	const char *name, *words;
	const char *key; /* of the plan; NULL: always listed */
} table[] = {
	{"net", "pod-net watch", NULL},
	{"dns", "listen=udp:127.0.0.1#53,tcp:127.0.0.1#53,udp:::1#53,tcp:::1#53 pod-dns serve",
	 NULL},
	{"proxy", "listen=tcp:127.0.0.1#15001,tcp:::1#15001 pod-proxy relay", NULL},
	{"forward?", "pod-proxy forward", NULL},
	{"inject?", "pod-proxy inject", NULL},
	{"screen?", "pod-screen serve", "screen.mode"},
};

int services_write(const struct net *n, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!table[i].key || plan_str(&n->plan, table[i].key, NULL))
			buf_fmt(&b, "%s %s %s\n", table[i].name, table[i].words, n->pod.name);
	r = write_file_at(n->pod.run, "services", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/services", n->pod.runpath) : 0;
}

/* Bindings, rules or dummies: of the pod file, or of later. */
static bool is_injected(const struct net *n)
{
	return plan_str(&n->plan, "vault.bind", NULL) || plan_str(&n->plan, "http.rule", NULL) ||
	       plan_str(&n->plan, "screen.mode", NULL) ||
	       faccessat(n->pod.dir, "policy/proxy.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int services_compile(const struct net *n, struct err *e)
{
	char *argv[] = {"pod-vault", "compile", (char *)n->pod.name, NULL};
	int r = is_injected(n) ? spawn_wait(argv, NULL, e) : 0;

	return r <= 0 ? r
		      : err_status(e, r, ERR_PLAIN, "pod-vault compile ended with status %d", r);
}

static int ask_keeper(const struct pod *p, char *word, struct err *e)
{
	char *argv[] = {"pod-supervise", "helpers", word, (char *)p->name, NULL};
	int r = spawn_wait(argv, NULL, e);

	if (r <= 0)
		return r;
	return err_status(e, r == POD_EXIT_UNSUPPORTED ? r : POD_EXIT_FAILED, ERR_PLAIN,
			  "pod-supervise helpers %s ended with status %d", word, r);
}

int services_start(const struct net *n, struct err *e)
{
	return ask_keeper(&n->pod, "start", e);
}

int services_stop(const struct pod *p, struct err *e)
{
	return ask_keeper(p, "stop", e);
}
