#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../lib/envpod
load limit
setup() { limit_setup; need root; }
teardown() { limit_teardown; }

ticks() { wc -c <"$T/ticks"; }

@test "freeze stops every process where it is, thaw lets it go on" {
	local before
	pod web 'pids.max 50'
	pod-limit apply web
	in_pod web sh -c "while :; do printf x >>$T/ticks; done"
	wait_for 5 test -s "$T/ticks"
	pod-limit freeze web
	before=$(ticks)
	[ "$(usage_of web .frozen)" = true ]
	[ "$(pod-limit usage web | awk '$1 == "state" { print $2 }')" = frozen ]
	[ "$(ticks)" = "$before" ]
	pod-limit thaw web
	[ "$(usage_of web .frozen)" = false ]
	wait_for 5 eval '[ "$(ticks)" -gt '"$before"' ]'
	[ "$(events web)" = "set_limits freeze resume " ]
}

@test "the guardian group goes on while the pod is frozen" {
	pod web
	pod-limit apply web
	in_pod web sleep 60
	sleep 60 3>&- &
	STARTED="$STARTED $!"
	echo $! >"$(groups_of web | head -1)/guardian/cgroup.procs"
	pod-limit freeze web
	grep -q 'frozen 0' "$(groups_of web | head -1)/guardian/cgroup.events"
}

@test "a frozen pod dies by kill, and the next process is not born frozen" {
	pod web 'pids.max 50'
	pod-limit apply web
	in_pod web sleep 60
	local old=$!
	pod-limit freeze web
	pod-limit kill web
	is_dead "$old"
	[ "$(usage_of web .frozen)" = false ]
	in_pod web sleep 60
}

@test "freezing twice, thawing twice: no harm" {
	pod web
	pod-limit apply web
	in_pod web sleep 60
	pod-limit freeze web
	pod-limit freeze web
	pod-limit thaw web
	pod-limit thaw web
}

@test "nothing runs: freeze says so, thaw has nothing to do" {
	pod web
	expect 2 pod-limit freeze web
	[[ $output = *"not running"* ]]
	pod-limit thaw web
	pod-limit apply web
	expect 2 pod-limit freeze web
	pod-limit thaw web
}

@test "no cgroup2: 77 and what to do about it" {
	pod web
	run unshare -m sh -c "umount -l $V2; exec pod-limit freeze web"
	[ "$status" -eq 77 ]
	[[ $output = *"mount -t cgroup2"* ]]
}

@test "who freezes for a moment lets go of no hold of others" {
	pod web
	pod-limit apply web
	in_pod web sleep 60
	pod-limit freeze --no-undo web
	pod-limit freeze web
	pod-limit thaw --no-undo web
	[ "$(usage_of web .frozen)" = true ]
	pod-limit thaw web
	[ "$(usage_of web .frozen)" = false ]
	pod-limit freeze --no-undo web
	pod-limit thaw --no-undo web
	[ "$(usage_of web .frozen)" = false ]
}
