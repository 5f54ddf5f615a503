/* SPDX-License-Identifier: Apache-2.0 */
/* What injection leans on: whom the host trusts, and memory that stays out of swap. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "libcommon/trust.h"
#include "tools/pod-proxy/cmds.h"

struct check {
	const char *name, *lack, *good, *hint; /* lack: the status when it fails */
	int (*try)(struct err *e);
};

/* As the injector loads them. */
static int try_roots(struct err *e)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	int n = 0;

	for (const char *const *p = trust_bundles; tls && n == 0 && *p; p++)
		if (access(*p, R_OK) == 0 && SSL_CTX_load_verify_file(tls, *p) == 1)
			n = sk_X509_OBJECT_num(
				X509_STORE_get0_objects(SSL_CTX_get_cert_store(tls)));
	SSL_CTX_free(tls);
	return n > 0 ? 0
		     : err_set(e, ERR_PLAIN,
			       "the host has no bundle of authorities: requests with secrets are "
			       "sent to nobody");
}

/* In a child, so that nothing stays locked here. */
static int try_lock(struct err *e)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(setrlimit(RLIMIT_MEMLOCK, &all) < 0 || mlockall(MCL_FUTURE) < 0);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return pid > 0 && status == 0
		       ? 0
		       : err_set(e, ERR_PLAIN,
				 "only what keys are kept in can be locked, not what requests are "
				 "built in: they might be swapped");
}

static const struct check checks[] = {
	{"authorities", "warn", "servers can be verified, and pods given the host's authorities",
	 "install ca-certificates", try_roots},
	{"locked-memory", "warn", "secrets stay out of swap",
	 "needs CAP_SYS_RESOURCE; or use encrypted swap, or none", try_lock},
};

static void print(const struct check *c, const struct err *e, bool json)
{
	finding_line(&(struct finding){c->name, "secrets", e->code ? c->lack : "pass",
				       e->code ? e->msg : c->good, c->hint},
		     json);
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-proxy doctor [--json]",
					"What this host offers to put credentials into requests.",
					0, 0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no arguments");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct err e = {0};

		fflush(stdout);
		checks[i].try(&e);
		print(&checks[i], &e, json);
	}
	return say_end(POD_EXIT_OK);
}
