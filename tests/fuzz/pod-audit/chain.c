/* SPDX-License-Identifier: Apache-2.0 */
/* A log of any bytes: verify's reader and rules keep to their bounds, and accept no forged line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-audit/chain.h"
#include "tools/pod-audit/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how often the input is repeated, so that long lines and refills come up. */
static void put(const uint8_t *data, size_t size)
{
	int fd = memfd_create("log", 0);
	unsigned times = size ? data[0] : 0;

	if (fd < 0 || ftruncate(fd, 0) < 0)
		abort();
	for (unsigned i = 0; i <= times && i * size < 1200000; i++)
		if (write_full(fd, data, size) < 0)
			abort();
	lseek(fd, 0, SEEK_SET);
	dup2(fd, STDIN_FILENO);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct err e = {0};
	struct chain c;
	struct line *l;
	struct fault f;

	put(data, size);
	if (source_open(&s, "-", false, &e) < 0)
		abort();
	chain_init(&c, "");
	while (source_next(&s, &l, &e) > 0) {
		if (l->len >= RECORD_LINE_MAX)
			abort();
		memset(&f, 0, sizeof(f));
		if (!chain_next(&c, l, &f) && (!f.kind || !f.why[0]))
			abort();
	}
	return e.code ? abort(), 0 : 0;
}
