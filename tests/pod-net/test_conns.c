/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tap.h"
#include "tools/pod-net/conns.h"

int main(void)
{
	static const struct {
		const char *what, *line;
		bool out;
	} samples[] = {
		{"a heading", "  sl  local_address rem_address   st tx_queue rx_queue", false},
		{"to the Internet", "   1: 0200C80A:C35C 010200C0:0050 01 00000000:00000000", true},
		{"half made", "   1: 0200C80A:C35C 010200C0:0050 02 00000000:00000000", true},
		{"over", "   1: 0200C80A:C35C 010200C0:0050 06 00000000:00000000", false},
		{"a listener", "   0: 0100007F:3A99 00000000:0000 0A 00000000:00000000", false},
		{"the relay's end", "   2: 0100007F:3A99 0200C80A:C35C 01 00000000:00000000",
		 false},
		{"within the pod", "   2: 0100007F:1F90 0100007F:C35C 01 00000000:00000000", false},
		{"to itself", "   2: 0200C80A:1F90 0200C80A:C35C 01 00000000:00000000", false},
		{"IPv6",
		 "   1: 6F6E65FD00646F700000000002000000:8000 "
		 "B80D0120000000000000000001000000:01BB 01 0:0",
		 true},
		{"IPv6 loopback",
		 "   1: 00000000000000000000000001000000:8000 "
		 "00000000000000000000000001000000:01BB 01 0:0",
		 false},
		{"IPv4 in an IPv6 socket",
		 "   1: 0000000000000000FFFF00000200C80A:8000 "
		 "0000000000000000FFFF0000010200C0:01BB 01 0:0",
		 true},
		{"its loopback",
		 "   1: 0000000000000000FFFF00000100007F:8000 "
		 "0000000000000000FFFF00000100007F:01BB 01 0:0",
		 false},
		{"nothing", "", false},
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		ok(conns_is_out(samples[i].line) == samples[i].out, "%s", samples[i].what);
	return done_testing();
}
