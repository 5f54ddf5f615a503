/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcommon/buf.h"
#include "tests/lib/tap.h"
#include "tools/pod-supervise/sockets.h"

int main(void)
{
	static const char *const bad[] = {
		"",
		"tcp",
		"tcp:",
		"tcp:127.0.0.1",
		"tcp:127.0.0.1#0",
		"tcp:127.0.0.1#65536",
		"tcp:127.0.0#53",
		"sctp:127.0.0.1#53",
		"tcp:127.0.0.1#53,",
		("tcp:::1#1,tcp:::1#2,tcp:::1#3,tcp:::1#4,tcp:::1#5,"
		 "own:::1#6,tcp:::1#7"),
	};
	struct sockets s = {.n = 0};
	OWN_STRV struct strv argv = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(sockets_parse(&s, bad[i]), -EINVAL, "refused: '%s'", bad[i]);
		sockets_finish(&s);
	}
	is_int(sockets_parse(&s, "udp:127.0.0.1#53,tcp:::1#15001"), 0, "two of them");
	is_int(s.n, 2, "both are there");
	is_int(s.v[0].type, SOCK_DGRAM, "one for datagrams");
	is_int(s.v[1].at.ss_family, AF_INET6, "one of IPv6");
	sockets_pass(&s, &argv);
	is_int((int)argv.n, 0, "none is passed that is not open");
	s.v[0].fd = 0;
	sockets_pass(&s, &argv);
	is_int((int)argv.n, 2, "an option with a list");
	is_str(argv.v[1], "0", "of those that are");
	return done_testing();
}
