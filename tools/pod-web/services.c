/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-web/services.h"

#include <string.h>

#include "libcommon/jsonr.h"

static bool take_service(struct json *j, struct service *one)
{
	char key[16];

	*one = (struct service){.restarts = 0};
	if (!json_open(j, '{'))
		return false;
	while (json_member(j, key, sizeof(key))) {
		if (strcmp(key, "name") == 0)
			json_string(j, one->name, sizeof(one->name));
		else if (strcmp(key, "state") == 0)
			json_string(j, one->state, sizeof(one->state));
		else if (strcmp(key, "restarts") == 0)
			json_integer(j, &one->restarts);
		else
			json_skip(j);
	}
	return !j->fault && one->name[0];
}

static bool take_services(struct json *j, struct services *s)
{
	if (!json_open(j, '['))
		return false;
	while (json_element(j))
		if (s->n == SERVICES_MAX || !take_service(j, &s->v[s->n++]))
			return false;
	return !j->fault;
}

static bool take_all(struct json *j, struct services *s)
{
	char key[16];

	if (!json_open(j, '{'))
		return false;
	while (json_member(j, key, sizeof(key))) {
		if (strcmp(key, "services") == 0) {
			if (!take_services(j, s))
				return false;
			continue;
		}
		if (strcmp(key, "ready") == 0)
			s->is_ready = json_peek(j) == 't';
		json_skip(j);
	}
	return json_end(j);
}

bool services_parse(struct services *s, const char *data, size_t len)
{
	struct services fresh = {.n = 0};
	struct json j;

	json_init(&j, data, len);
	if (!take_all(&j, &fresh))
		fresh = (struct services){.n = 0};
	*s = fresh;
	return !j.fault && json_end(&j);
}

const struct service *services_find(const struct services *s, const char *name)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	return NULL;
}
