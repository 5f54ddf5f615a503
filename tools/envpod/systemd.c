/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/systemd.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"

#define UNITS "/etc/systemd/system"

bool systemd_runs(void)
{
	struct stat st;

	return lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode);
}

bool systemd_dir_given(void)
{
	const char *dir = secure_getenv("ENVPOD_UNIT_DIR");

	return dir && *dir;
}

const char *systemd_dir(void)
{
	return systemd_dir_given() ? secure_getenv("ENVPOD_UNIT_DIR") : UNITS;
}

int systemd_open(struct err *e)
{
	int fd = open(systemd_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", systemd_dir()) : fd;
}

/* The host's own, unless somebody put another one in front. */
static void add_program(struct strv *line)
{
	strv_add(line, tool_is_foreign("systemctl")              ? "systemctl"
		       : access("/usr/bin/systemctl", X_OK) == 0 ? "/usr/bin/systemctl"
								 : "/bin/systemctl");
}

int systemd_do(const char *word, ...)
{
	OWN_STRV struct strv line = {0};
	va_list ap;

	add_program(&line);
	va_start(ap, word);
	for (; word; word = va_arg(ap, const char *))
		strv_add(&line, word);
	va_end(ap);
	return front_run(&line);
}

static void take_property(struct systemd_state *s, const char *line)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} rows[] = {
		{"UnitFileState=", s->enabled, sizeof(s->enabled)},
		{"ActiveState=", s->active, sizeof(s->active)},
		{"SubState=", s->sub, sizeof(s->sub)},
		{"MainPID=", s->pid, sizeof(s->pid)},
		{"StateChangeTimestamp=", s->since, sizeof(s->since)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].name);

		if (strncmp(line, rows[i].name, n) == 0 && line[n])
			snprintf(rows[i].to, rows[i].size, "%.*s", (int)rows[i].size - 1, line + n);
	}
}

void systemd_look(struct systemd_state *s, const char *unit)
{
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf out = BUF_INIT;
	char *save = NULL;

	*s = (struct systemd_state){"-", "-", "-", "-", "-"};
	if (!systemd_runs())
		return;
	add_program(&line);
	front_words(&line, "show", "--property",
		    "UnitFileState,ActiveState,SubState,MainPID,StateChangeTimestamp", unit, NULL);
	if (front_capture(&line, &out) != 0 || !out.len)
		return;
	for (char *p = strtok_r(out.data, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		take_property(s, p);
	if (strcmp(s->pid, "0") == 0)
		snprintf(s->pid, sizeof(s->pid), "-");
}
