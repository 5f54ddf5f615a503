#!/usr/bin/env bats
# The veth engine's part on the host, whatever kills or fails it: every call of pod-net up, down and gc
# that changes something.
load ../lib/envpod
load ../lib/world
load ../pod-net/hoststate
setup()
{
	world_setup
	remember_host
	straight web
}
teardown() { world_teardown; }

CALLS='sendto sendmsg write renameat unlinkat mkdirat openat ftruncate fchown mount umount2 setns unshare clone'

# hurt WHAT CALL N COMMAND...: status 137 when it was killed, 99 when there was no Nth such call.
hurt()
{
	local what=$1 call=$2 n=$3 status=0
	shift 3
	on_host strace -f -o "$T/trace" -e trace="$call" -e inject="$call:$what:when=$n" "$@" >"$T/said" 2>&1 || status=$?
	grep -Eq 'INJECTED|killed by SIGKILL' "$T/trace" || return 99
	return "$status"
}

clean()
{
	on_host pod-net gc >/dev/null
	wait_for 90 as_before || { echo "left after $*" >&2; diff <(echo "$before") <(host_state) >&2; false; }
	refute [ -e "$R/web/net" ]
}

# each WHAT WORD...: at every call, for the pod as WORD finds it.
each()
{
	local what=$1 call n status
	shift
	for call in $CALLS; do
		for ((n = 1; ; n++)); do
			[ "$1" = up ] || up web
			[ "$1" != gc ] || rm -f "$R/web/net/up"
			status=0
			case $1 in
			up) hurt "$what" "$call" $n pod-net up --walls-only web || status=$? ;;
			down) hurt "$what" "$call" $n pod-net down web || status=$? ;;
			gc) hurt "$what" "$call" $n pod-net gc || status=$? ;;
			esac
			clean "$what at $call $n of $1"
			[ $status != 99 ] || break
		done
		echo "$1: $what at $((n - 1)) calls of $call" >&3
	done
}

@test "up is killed" { each signal=KILL up; }
@test "down is killed" { each signal=KILL down; }
@test "gc is killed" { each signal=KILL gc; }
@test "a call of up fails" { each error=ENOBUFS up; }
@test "a call of down fails" { each error=ENOBUFS down; }
