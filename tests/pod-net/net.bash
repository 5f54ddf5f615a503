# shellcheck shell=bash
# Pods by envpod init; daemons by stand-ins that only say they are ready.
net_setup()
{
	need root netns userns
	envpod_setup
	R=$ENVPOD_RUN_DIR
	unset SUDO_UID
}

net_teardown()
{
	local dir
	for dir in "$R"/*/; do
		[ ! -d "$dir" ] || pod-net down --force "$(basename "$dir")" >/dev/null 2>&1 || true
	done
	[ -z "${NETPIDS[*]}" ] || kill -KILL "${NETPIDS[@]}" 2>/dev/null || true
	envpod_teardown
}
NETPIDS=()

# pod NAME [KEY: VALUE...]: its network section, a line each.
pod()
{
	local name=$1
	shift
	{ echo 'network:'; printf '  %s\n' "$@"; } >"$T/$name.yaml"
	envpod init -c "$T/$name.yaml" "$name" >/dev/null 2>&1
}

# stand_in TOOL...: each is ready at once and stays.
stand_in()
{
	local tool
	mkdir -p "$T/tools"
	export ENVPOD_TOOLS=$T/tools
	for tool; do
		cat >"$T/tools/$tool" <<-'END'
		#!/bin/bash
		# WORD POD --ready-fd N --event-fd M
		printf . >&"$4"
		eval "exec $4>&-"
		while :; do sleep 0.05; done
		END
		chmod +x "$T/tools/$tool"
	done
}

# inside POD COMMAND...: in its network alone.
inside() { local pod=$1; shift; nsenter --net="$R/$pod/ns/net" -- "$@"; }

# connects POD ADDRESS PORT: does TCP get through, to the relay's place?
connects() { inside "$1" timeout 5 python3 - "$2" "$3" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.connect((sys.argv[1], int(sys.argv[2])))
print(s.recv(200).decode(), end="")
END
}

# relay POD: says to whom a connection wanted to go, as SO_ORIGINAL_DST tells it.
relay()
{
	# exec: what is killed at the end must be the program, not a shell around it
	(exec nsenter --net="$R/$1/ns/net" -- python3 - "$T/relay") 3>&- <<'END' &
import select, socket, struct, sys
ls = []
for f, a in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    s = socket.socket(f)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if f == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((a, 15001))
    s.listen()
    ls.append(s)
open(sys.argv[1], "w").close()
while True:
    for s in select.select(ls, [], [])[0]:
        c, _ = s.accept()
        d = c.getsockopt(socket.IPPROTO_IP if s.family == socket.AF_INET else socket.IPPROTO_IPV6, 80, 28)
        port = struct.unpack("!H", d[2:4])[0]
        raw = d[4:8] if s.family == socket.AF_INET else d[8:24]
        c.sendall(("%s %d" % (socket.inet_ntop(s.family, raw), port)).encode())
        c.close()
END
	NETPIDS+=($!)
	wait_for 5 test -e "$T/relay"
}

# pin POD ADDRESS PORT: what pod-dns does.
pin()
{
	case $2 in
	*:*) inside "$1" nft add element inet envpod pins6 "{ $2 . $3 timeout ${4:-60s} }" ;;
	*) inside "$1" nft add element inet envpod pins4 "{ $2 . $3 timeout ${4:-60s} }" ;;
	esac
}
