/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints, keys and trees that lay elsewhere, of any bytes: what is read is written the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-audit/keyfile.h"
#include "tools/pod-audit/note.h"
#include "tools/pod-audit/signkey.h"
#include "tools/pod-audit/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Written, a note reads as itself; nobody has signed it. */
static void check_note(const struct note *n)
{
	static const struct note_key nobody = {.name = "envpod"};
	OWN_BUF struct buf b = BUF_INIT;
	const char *p;
	struct note again;

	note_write(n, &b);
	p = b.data;
	if (!note_next(&again, &p, b.data + b.len) || strcmp(again.origin, n->origin) != 0 ||
	    again.size != n->size || again.len != n->len ||
	    memcmp(again.text, n->text, n->len) != 0 || note_is_signed(n, &nobody))
		abort();
}

static void check_tree(const char *text, size_t size)
{
	OWN_BUF struct buf b = BUF_INIT;
	unsigned char root[TREE_HASH];
	struct tree t = {0};
	struct tree_place at;

	if (tree_parse(&t, &at, text, size) < 0)
		return;
	tree_root(&t, root);
	tree_add(&t, "x", 1);
	tree_write(&t, &at, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *text = xcalloc(1, size ? size : 1);
	const char *p = text;
	struct keyfile keys = {0};
	struct signkey sign;
	struct note n;

	memcpy(text, data, size);
	while (note_next(&n, &p, text + size))
		check_note(&n);
	keyfile_parse(&keys, text, size);
	signkey_parse(&sign, text, size);
	check_tree(text, size);
	return 0;
}
