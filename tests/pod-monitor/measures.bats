#!/usr/bin/env bats
# What a sample says, held against somebody else's measure.
load helper

setup()
{
	envpod_setup
	need root overlay userns
}
teardown() { monitor_teardown; }

value() { pod-monitor sample web | jq ".$1"; }

# between LOW VALUE HIGH
between() { [ "$1" -le "$2" ] && [ "$2" -le "$3" ] || { echo "$2 is not between $1 and $3" >&2; return 1; }; }

# The first process of the pod whose command line begins so.
process() { pgrep -f "^$1" | while read -r pid; do [ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink "/proc/$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/init.pid")/ns/pid_for_children")" ] && echo "$pid" && break; done; }

@test "memory: what the kernel says of the process that has it" {
	pod
	pod-config set web memory=400MB # on hosts with groups of version 1 a limit makes one
	burn 'exec perl -e "\$x = q(x) x 80_000_000; \$0 = q(holder); sleep 1000"'
	holds() { pid=$(process holder) && [ -n "$pid" ]; }
	wait_for 20 holds
	local rss
	rss=$(awk '/^RssAnon/ { print $2 * 1024 }' "/proc/$pid/status")
	[ "$rss" -ge 80000000 ]
	between "$rss" "$(value memory.bytes)" $((rss + (24 << 20)))
}

@test "processor time: what the kernel says of the process that burnt it" {
	pod
	burn 'perl -e "1 while times < 0.5; sleep 1000"'
	burnt() { pid=$(process perl) && [ -n "$pid" ] && [ "$(awk '{ print $14 + $15 }' "/proc/$pid/stat")" -ge 50 ]; }
	wait_for 20 burnt
	local ticks
	ticks=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
	between $((ticks * 10 - 20)) "$(value cpu.seconds | jq '. * 1000 | floor')" $((ticks * 10 + 300))
}

@test "input and output: bytes that went past the cache, to the byte and a little" {
	local disk
	disk=$(findmnt -no SOURCE -T "$T")
	[ -b "$disk" ] || not_here "no disk that could count"
	pod
	envpod destroy web
	printf 'processor: {io_max: [{device: %s, write_bps: 100GB}]}\n' "$disk" >>"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	burn 'cd /root && dd if=/dev/zero of=big bs=1M count=24 oflag=direct && dd if=big of=/dev/null bs=1M count=16 iflag=direct && echo done >/tmp/done; exec sleep 1000'
	done_() { envpod run web -- cat /tmp/done 2>/dev/null | grep -q done; }
	wait_for 30 done_
	case $(value io.written) in null) not_here "nothing counts input and output" ;; esac
	between $((24 << 20)) "$(value io.written)" $((32 << 20))
	between $((16 << 20)) "$(value io.read)" $((24 << 20))
}

@test "disk: what du says of the writable layer" {
	pod '{name: never, when: "false", response: alert}'
	burn 'cd /root && mkdir many && for i in 1 2 3 4 5 6 7 8 9; do head -c 12345 /dev/zero >many/$i; done; head -c 5000000 /dev/zero >big; ln big linked; truncate -s 1G hole; sync .; exec sleep 1000'
	local upper=$ENVPOD_STATE_DIR/pods/web/upper watch
	written() { [ "$(find "$upper" -name hole | wc -l)" = 1 ]; }
	wait_for 20 written
	# The first walk may have been before: whoever comes next walks at once.
	watch=$(pod-supervise helpers --set govern --json status web | jq -r 'select(.name == "monitor").pid')
	kill -KILL "$watch"
	same() { [ "$(value disk.bytes)" = "$(du -s --block-size=1 "$upper" | awk -v top="$(stat -c %b "$upper")" '{ print $1 - top * 512 }')" ]; }
	wait_for 20 same
	[ "$(value disk.bytes)" -ge 5000000 ]
	[ "$(value disk.bytes)" -lt 6000000 ]
}
