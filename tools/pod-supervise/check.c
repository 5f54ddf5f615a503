/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/check.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"

static const char *const actions[] = {"restart", "alert", "freeze"};

static const struct {
	const char *word;
	size_t at;
} texts[] = {
	{"name", offsetof(struct check, name)},
	{"endpoint", offsetof(struct check, endpoint)},
	{"command", offsetof(struct check, command)},
};

static const struct {
	const char *word;
	size_t at;
	uint64_t max;
} numbers[] = {
	{"port", offsetof(struct check, port), 65535},
	{"interval", offsetof(struct check, interval), 86400},
	{"timeout", offsetof(struct check, timeout), 3600},
	{"retries", offsetof(struct check, retries), 100},
	{"grace", offsetof(struct check, grace), 86400},
};

static int set_action(struct check *c, const char *value)
{
	for (int i = ACTION_RESTART; i <= ACTION_FREEZE; i++)
		if (strcmp(actions[i], value) == 0) {
			c->action = (enum check_action)i;
			return 0;
		}
	return -EINVAL;
}

static int set_member(struct check *c, const char *word, const char *value)
{
	uint64_t n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].word, word) == 0) {
			char **to = (char **)((char *)c + texts[i].at);

			free(*to);
			*to = xstrdup(value);
			return 0;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].word, word) == 0) {
			if (unit_u64(value, numbers[i].max, &n) < 0)
				return -EINVAL;
			*(unsigned *)((char *)c + numbers[i].at) = (unsigned)n;
			return 0;
		}
	return strcmp(word, "action") == 0 ? set_action(c, value) : -EINVAL;
}

static int read_words(struct check *c, char *const *words)
{
	for (; *words; words++) {
		OWN_FREE char *word = xstrdup(*words);
		char *equals = strchr(word, '=');

		if (!equals)
			return -EINVAL;
		*equals = '\0';
		if (set_member(c, word, equals + 1) < 0)
			return -EINVAL;
	}
	return (!c->endpoint == !c->command) || !c->interval || !c->timeout || !c->retries ? -EINVAL
											   : 0;
}

int checks_read(struct checks *c, const struct plan *pl, struct err *e)
{
	const char *line;

	for (size_t i = 0; (line = plan_next(pl, "health", &i));) {
		OWN_STRV struct strv words = {0};
		struct check *one = &c->v[c->n];

		if (c->n == CHECKS_MAX)
			return err_set(e, ERR_PLAIN, "more than %d checks of health", CHECKS_MAX);
		c->n++;
		if (words_split(&words, line) < 0 || !words.n || read_words(one, words.v) < 0)
			return err_set(e, ERR_PLAIN, "the plan's check of health is none: %.200s",
				       esc(line));
		if (!one->name)
			one->name = xstrdup("health");
	}
	return 0;
}

void checks_finish(struct checks *c)
{
	for (int i = 0; i < c->n; i++) {
		free(c->v[i].name);
		free(c->v[i].endpoint);
		free(c->v[i].command);
	}
	*c = (struct checks){.n = 0};
}

int checks_restart(const struct checks *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->v[i].action == ACTION_RESTART)
			return 1;
	return 0;
}

const char *check_action(const struct check *c)
{
	return actions[c->action];
}
