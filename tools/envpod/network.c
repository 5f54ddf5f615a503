/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/network.h"

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/unit.h"
#include "libcommon/wall.h"
#include "tools/envpod/front.h"

void network_tell(const char *status_fd, int reason, const char *message)
{
	OWN_BUF struct buf b = BUF_INIT;
	uint64_t fd;

	if (!status_fd || unit_u64(status_fd, INT32_MAX, &fd) < 0)
		return;
	jw_open(&b, '{');
	jw_kstr(&b, "event", "failed");
	jw_knum(&b, "status", POD_EXIT_BEFORE_RUN);
	jw_knum(&b, "reason_status", reason);
	jw_kstr(&b, "message", message);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	write_full((int)fd, b.data, b.len);
}

int network_up(const struct pod *p, const struct plan *pl, const char *status_fd)
{
	OWN_STRV struct strv line = {0};
	int status;

	if (!wall_wanted(p, pl) || (!front_print && wall_stands(p)))
		return POD_EXIT_OK;
	front_words(&line, "pod-net", "up", p->name, NULL);
	status = front_run(&line);
	if (status)
		network_tell(status_fd, status, "the pod's network could not be built");
	return status ? POD_EXIT_BEFORE_RUN : POD_EXIT_OK;
}

int network_down(const struct pod *p)
{
	OWN_STRV struct strv line = {0};

	if (!wall_left(p))
		return POD_EXIT_OK;
	front_words(&line, "pod-net", "down", p->name, NULL);
	return front_run(&line);
}
