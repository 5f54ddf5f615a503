/* SPDX-License-Identifier: Apache-2.0 */
/* jq programs are compiled where they are read, so that what is wrong is said with its place. */
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-config/type.h"

#define PROGRAM_MAX 16384

/* libjq says what is wrong in one call per fault; the first is told. */
static void keep_message(void *to, jv message)
{
	char *out = to;
	jv text = jq_format_error(message);

	if (!*out && jv_get_kind(text) == JV_KIND_STRING) {
		const char *said = jv_string_value(text);

		if (strncmp(said, "jq: error: ", 11) == 0)
			said += 11;
		snprintf(out, 200, "%s", said);
		out[strcspn(out, "\n")] = '\0';
	}
	jv_free(text);
}

/* Modules, and ~/.jq, would be files of the host, read by whoever runs the program. */
static bool compiles(const char *program, char message[200])
{
	OWN_FREE char *home = getenv("HOME") ? xstrdup(getenv("HOME")) : NULL;
	jq_state *jq = jq_init();
	bool good;

	message[0] = '\0';
	setenv("HOME", "/dev/null", 1);
	if (!jq)
		return false;
	jq_set_error_cb(jq, keep_message, message);
	jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	good = jq_compile(jq, program);
	if (home)
		setenv("HOME", home, 1);
	jq_teardown(&jq);
	return good;
}

jv type_jq(const struct spot *s)
{
	const char *program = s->node->text;
	char message[200];

	if (strlen(program) > PROGRAM_MAX)
		return type_wrong(s, "is longer than %d bytes", PROGRAM_MAX);
	if (!program[strspn(program, " \t\r\n")])
		return type_wrong(s, "is empty: a jq program is wanted");
	if (!compiles(program, message))
		return type_wrong(s, "is no jq program: %s", esc(message));
	return jv_string(program);
}
