/* SPDX-License-Identifier: Apache-2.0 */
/* pod-upload put: what `serve` does with a connection, with standard input. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-upload/cmds.h"
#include "tools/pod-upload/name.h"
#include "tools/pod-upload/place.h"

#define PIECE 65536

/* Exactly that many bytes, and the end behind them: less or more is another file than was meant. */
static int copy(struct place *p, uint64_t size, struct err *e)
{
	OWN_FREE char *data = xcalloc(1, PIECE);
	uint64_t done = 0;
	int r = 0;

	while (r == 0) {
		ssize_t got = read_full(STDIN_FILENO, data, PIECE);

		if (got < 0)
			return err_set(e, (int)-got, "read standard input");
		if (got == 0)
			break;
		done += (uint64_t)got;
		if (done > size)
			return err_set(e, ERR_PLAIN,
				       "standard input has more than %" PRIu64 " bytes", size);
		r = place_write(p, data, (size_t)got, e);
	}
	if (r == 0 && done < size)
		return err_set(e, ERR_PLAIN,
			       "standard input ended after %" PRIu64 " of %" PRIu64 " bytes", done,
			       size);
	return r;
}

static int put(struct place *p, const char *wanted, uint64_t size, struct err *e)
{
	OWN_BUF struct buf clean = BUF_INIT, name = BUF_INIT, line = BUF_INIT;
	const char *why = "a name must not be empty";
	int r = *wanted ? name_clean(wanted, strlen(wanted), &clean, &why) : -EINVAL;

	if (r < 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--name: %s", why);
	r = place_begin(p, size, e);
	if (r == 0)
		r = copy(p, size, e);
	if (r == 0)
		r = place_keep(p, clean.data, &name, e);
	if (r < 0)
		return r;
	/* stdio would ask whether this is a terminal, and die of it. */
	buf_fmt(&line, "%s/%s\n", p->path, name.data);
	r = write_full(STDOUT_FILENO, line.data, line.len);
	return r < 0 ? err_set(e, -r, "write to standard output") : 0;
}

int cmd_put(int argc, char **argv)
{
	OWN(place_finish) struct place p = PLACE_INIT;
	const char *dir = PLACE_DIR, *name = NULL;
	uint64_t size = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "name", &name, "NAME", "what it is to be called"},
		{OPT_U64, 0, "size", &size, "BYTES", "how long it is"},
		{OPT_STR, 0, "dir", &dir, "DIR", "where it comes to (" PLACE_DIR ")"},
		{0},
	};
	const struct opt_usage usage = {"pod-upload put --name NAME --size BYTES [--dir DIR]",
					"Take one file from standard input, and print its path.", 0,
					0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0 || !name || size == UINT64_MAX)
		die(POD_EXIT_USAGE, "put needs --name and --size (usage: %s)", usage.line);
	if (place_open(&p, dir, UINT64_MAX, &e) < 0 || place_lock_down(&p, &e) < 0 ||
	    put(&p, name, size, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
