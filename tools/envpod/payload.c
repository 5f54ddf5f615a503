/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/payload.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonr.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

static const struct field {
	const char *name, *key;
	bool text;
} fields[] = {
	{"cpu_cores", "cpu.max", false},  {"memory_bytes", "memory.max", false},
	{"max_pids", "pids.max", false},  {"cpuset_cpus", "cpuset.cpus", true},
	{"disk_bytes", "storage", false}, {0},
};

static const char *field_name(const void *from, int i)
{
	(void)from;
	return fields[i].name;
}

static const struct field *find(const char *name, struct err *e)
{
	const char *near = nearest(name, field_name, NULL);

	for (const struct field *f = fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	if (strncmp(name, "memory", 6) == 0)
		near = "memory_bytes";
	err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--payload: there is no field %s%s%s%s", esc(name),
		   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

/* A number as it stands there; what its key takes is judged by pod-limit. */
static bool read_number(struct json *j, char *out, size_t size)
{
	char first = json_peek(j);
	const char *start = j->p;
	size_t n;

	if (first < '0' || first > '9') {
		json_wrong(j, "want a number that is not negative");
		return false;
	}
	if (!json_skip(j))
		return false;
	n = (size_t)(j->p - start);
	if (n >= size)
		json_wrong(j, "the number is too long");
	else
		memcpy(out, start, n), out[n] = '\0';
	return n < size;
}

static bool read_value(struct json *j, const struct field *f, char *out, size_t size)
{
	return f->text ? json_string(j, out, size) : read_number(j, out, size);
}

static bool has_key(const struct strv *words, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < words->n; i++)
		if (strncmp(words->v[i], key, n) == 0 && words->v[i][n] == '=')
			return true;
	return false;
}

static int read_members(struct strv *words, struct json *j, struct err *e)
{
	char name[64], value[256];

	while (json_member(j, name, sizeof(name))) {
		const struct field *f = find(name, e);

		if (!f)
			return -EINVAL;
		if (has_key(words, f->key))
			json_wrong(j, "it was said before");
		if (!read_value(j, f, value, sizeof(value)))
			return 0;
		strv_fmt(words, "%s=%s", f->key, value);
	}
	return 0;
}

int payload_parse(struct strv *words, const char *data, size_t len, struct err *e)
{
	struct json j;
	unsigned line, column;
	int r = 0;

	if (len > PAYLOAD_MAX)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--payload: longer than %d bytes",
				  PAYLOAD_MAX);
	json_init(&j, data, len);
	if (json_open(&j, '{'))
		r = read_members(words, &j, e);
	if (r < 0)
		return r;
	if (!j.fault && json_end(&j))
		return 0;
	json_place(&j, &line, &column);
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--payload: column %u: %s", column,
			  j.fault ? j.fault : "want one object");
}
