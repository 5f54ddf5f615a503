/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/secrets.h"

#include <stdlib.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/secrets.h"
#include "tools/envpod/front.h"
#include "tools/envpod/network.h"

static int failed(const struct run *r, int status)
{
	network_tell(r->status_fd, status, "the secrets of the run could not be had");
	return POD_EXIT_BEFORE_RUN;
}

static bool is_wanted(const struct run *r, const struct plan *pl)
{
	return plan_str(pl, "vault.env", NULL) && !r->setup &&
	       !strv_has(&r->without, "vault.env") && !strv_has(&r->without, "vault");
}

static int print(const struct run *r, const char *command)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-vault", "env", NULL);
	if (command)
		front_words(&line, "--command", command, NULL);
	strv_add(&line, r->pod);
	return front_run(&line);
}

int secrets_pass(const struct run *r, const struct plan *pl, int *fd)
{
	const char *command = r->command ? r->command[0] : NULL;
	OWN_FD int in = -1;
	struct err e = {0};
	int status;

	*fd = -1;
	unsetenv("ENVPOD_SECRETS_FD");
	if (!is_wanted(r, pl))
		return POD_EXIT_OK;
	if (front_print)
		return print(r, command);
	status = secrets_open(r->pod, command, &in, &e);
	if (status == 0)
		status = secrets_pass_fd(in, &e);
	if (status)
		return failed(r, status < 0 ? say_err(&e) : status);
	*fd = take_fd(&in);
	return POD_EXIT_OK;
}
