/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/finding.h"

#include <stdio.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"

/* What passed needs no mending. */
static const char *hint_of(const struct finding *f)
{
	return f->hint && strcmp(f->status, "pass") != 0 ? f->hint : "";
}

static void print_json(const struct finding *f)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "name", f->name);
	jw_kstr(&b, "group", f->group);
	jw_kstr(&b, "status", f->status);
	jw_kstr(&b, "message", f->message);
	jw_kstr(&b, "hint", hint_of(f));
	jw_close(&b, '}');
	puts(b.data);
}

void finding_line(const struct finding *f, bool json)
{
	const char *hint = hint_of(f);

	if (json)
		print_json(f);
	else
		printf("%-4s  %-16s %s%s%s%s\n", f->status, f->name, f->message, *hint ? " (" : "",
		       hint, *hint ? ")" : "");
}

void finding_block(const struct finding *f, bool json)
{
	const char *hint = hint_of(f);

	if (json) {
		print_json(f);
		return;
	}
	printf("%-5s %-24s %s\n", f->status, f->name, f->message);
	if (*hint)
		printf("      %-24s %s\n", "", hint);
}
