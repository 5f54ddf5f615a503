#!/usr/bin/env bash
# How fast the proxy looks for secrets in what it passes on, beside a memmem() for each encoding.
. "$(dirname "$0")/lib.bash"
cd "$TOP"
${CC:-cc} -O2 -I. -Iinclude -D_GNU_SOURCE -o "$T/scrub" "$here/scrub.c" \
	tools/pod-proxy/{scrub,patterns,escape}.c libcommon/buf.c -lsodium
"$T/scrub"
