/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/desktop.h"

#include <errno.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "tools/envpod/front.h"
#include "tools/envpod/helpers.h"
#include "tools/envpod/network.h"

#define TEXT_MAX 65536

int desktop_up(const struct pod *p, const struct plan *pl, const char *status_fd)
{
	int status;

	if (!plan_is(pl, "desktop", "yes") || (!front_print && helpers_stand(p, "desktop")))
		return POD_EXIT_OK;
	status = helpers_run(p, "desktop", "start");
	if (status)
		network_tell(status_fd, status,
			     "the daemons of the pod's desktop could not be started");
	return status ? POD_EXIT_BEFORE_RUN : POD_EXIT_OK;
}

bool desktop_text(const struct pod *p, struct buf *text)
{
	if (read_file_at(p->run, "desktop/session.json", text, TEXT_MAX) < 0)
		return false;
	while (text->len && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	return text->len > 0;
}

static bool read_bool(struct json *j, bool *to)
{
	*to = json_peek(j) == 't';
	return json_skip(j);
}

static void take_service(struct json *j, struct desktop *d)
{
	struct desktop_service *s = &d->v[d->n];
	char key[16];
	int64_t n;

	*s = (struct desktop_service){.name = ""};
	while (json_member(j, key, sizeof(key))) {
		if (strcmp(key, "name") == 0)
			json_string(j, s->name, sizeof(s->name));
		else if (strcmp(key, "state") == 0)
			json_string(j, s->state, sizeof(s->state));
		else if (strcmp(key, "restarts") == 0 && json_integer(j, &n))
			s->restarts = (unsigned)n;
		else if (strcmp(key, "restarts") != 0)
			json_skip(j);
	}
	d->n++;
}

int desktop_parse(struct desktop *d, const char *text, size_t len)
{
	struct json j;
	char key[16];

	*d = (struct desktop){.ready = false};
	json_init(&j, text, len);
	if (!json_open(&j, '{'))
		return -EBADMSG;
	while (json_member(&j, key, sizeof(key))) {
		if (strcmp(key, "ready") == 0)
			read_bool(&j, &d->ready);
		else if (strcmp(key, "services") != 0)
			json_skip(&j);
		else if (json_open(&j, '['))
			while (json_element(&j) && d->n < NEED_SERVICES_MAX && json_open(&j, '{'))
				take_service(&j, d);
	}
	return json_end(&j) ? 0 : -EBADMSG;
}
