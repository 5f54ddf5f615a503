/* SPDX-License-Identifier: Apache-2.0 */
/* Any text for rules: refused, or compiled to a program whose every jump stays inside it. */
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-exec/seccomp_bpf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the kernel's own checker asks of a filter. */
static void check(const struct bpf *b)
{
	for (size_t pc = 0; pc < b->n; pc++) {
		const struct sock_filter *i = &b->v[pc];
		size_t left = b->n - pc - 1;

		if (BPF_CLASS(i->code) == BPF_JMP && i->code == (BPF_JMP | BPF_JA) && i->k >= left)
			abort();
		if (BPF_CLASS(i->code) == BPF_JMP && i->code != (BPF_JMP | BPF_JA) &&
		    (i->jt >= left || i->jf >= left))
			abort();
		if (i->code == (BPF_LD | BPF_W | BPF_ABS) &&
		    (i->k % 4 || i->k >= sizeof(struct seccomp_data)))
			abort();
	}
	if (b->n == 0 || b->v[b->n - 1].code != (BPF_RET | BPF_K))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bpf b;
	OWN_RULES struct rules r = {0};
	OWN_BUF struct buf text = BUF_INIT;
	struct err e = {0};

	/* Most inputs get past the two first lines. */
	if (size > 0 && data[0] % 8)
		buf_str(&text, "envpod-seccomp 1\ndefault errno:1\n");
	buf_add(&text, data, size);
	if (rules_parse(&r, text.data, text.len, &e) == 0 && bpf_compile(&b, &r, &e) == 0)
		check(&b);
	return 0;
}
