/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/again.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/secrets.h"

void again_keep(struct again *a, char *const *chain, const int *fds, int nfds)
{
	for (; *chain; chain++)
		strv_add(&a->chain, *chain);
	a->secrets = getenv("ENVPOD_SECRETS_FD");
	for (int i = 0; i < nfds && i < AGAIN_FDS; i++)
		a->fds[a->nfds++] = fds[i];
}

/* They may hold -e KEY=SECRET. */
void again_finish(struct again *a)
{
	for (size_t i = 0; i < a->chain.n; i++)
		explicit_bzero(a->chain.v[i], strlen(a->chain.v[i]));
	strv_finish(&a->chain);
}

const char *again_command(char *const *chain)
{
	for (int dashes = 0; *chain; chain++)
		if (strcmp(*chain, "--") == 0 && ++dashes == 2)
			return chain[1];
	return NULL;
}

/* Whoever waited at the other ends was told when the chain was started first. */
static int stuff(const struct again *a, struct err *e)
{
	OWN_FD int null = a->nfds ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;

	for (int i = 0; i < a->nfds; i++)
		if (dup2(null, a->fds[i]) < 0 || fcntl(a->fds[i], F_SETFD, 0) < 0)
			return err_set(e, errno, "open /dev/null");
	for (int i = 0; i < a->nfds; i++)
		if (null == a->fds[i])
			null = -1; /* it is in its place already */
	return 0;
}

int again_prepare(const struct again *a, const char *pod, struct err *e)
{
	int fd = -1, r = stuff(a, e);

	if (r < 0 || !a->secrets)
		return r;
	r = secrets_open(pod, again_command(a->chain.v), &fd, e);
	if (r > 0)
		return err_set(e, ERR_PLAIN, "the secrets of the run could not be had");
	return r < 0 ? r : secrets_pass_fd(fd, e);
}
