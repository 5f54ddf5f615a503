/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/keys.h"

bool keys_take(struct keys *k, const char *in, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (k->held && in[i] == KEY_CTRL_Q)
			return true;
		if (k->held)
			buf_char(out, KEY_CTRL_P);
		k->held = in[i] == KEY_CTRL_P;
		if (!k->held)
			buf_char(out, in[i]);
	}
	return false;
}
