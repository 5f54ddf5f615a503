#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Freezes and limits are taken back by envpod undo: exactly, and never over somebody's newer change.

load ../lib/envpod
load limit
setup() { limit_setup; need root; }
teardown() { limit_teardown; }

undo() { pod-mount undo "$@"; }
last() { undo web --json | jq -r .id | tail -1; }
memory() { knob web memory.max memory.limit_in_bytes; }
live() { pod web "$@"; pod-limit apply web; in_pod web sleep 60; }

@test "a limit is as it was, and that again is taken back" {
	live 'memory.max 268435456'
	pod-limit set web memory=64MB max_pids=30
	undo web --json | jq -e 'select(.what == "limits") | .detail == "memory.max=67108864 pids.max=30" and .by == "root"'
	undo web "$(last)" | grep -q '^Undone: limits'
	[ "$(memory)" = 268435456 ]
	run knob web pids.max
	[[ $status -ne 0 || $output = max ]]
	undo web "$(last)"
	[ "$(memory) $(knob web pids.max)" = "67108864 30" ]
}

@test "what was changed since is left alone: 3" {
	live 'memory.max 268435456' 'pids.max 100'
	pod-limit set web memory=64MB max_pids=30
	local id
	id=$(last)
	pod-limit set web max_pids=50
	expect 3 undo web "$id"
	[ "$(memory) $(knob web pids.max)" = "67108864 50" ]
	[ "$(undo web --json | jq -r 'select(.undone)' | wc -l)" = 0 ]
	[[ $(events web) = *undo_refused* ]]
}

@test "every limit: what set changed, undo puts back to the letter" {
	live 'cpu.max 50000 100000' 'cpu.weight 200' 'memory.max 67108864' 'memory.swap.max 0' 'pids.max 40' 'cpuset.cpus 0'
	all() {
		knob web cpu.max || knob web cpu.cfs_quota_us
		knob web cpu.weight || knob web cpu.shares
		memory
		knob web memory.swap.max || knob web memory.memsw.limit_in_bytes
		knob web pids.max
		knob web cpuset.cpus
	}
	all >"$T/before"
	pod-limit set web cores=0.25 cpu.weight=50 memory=128MB memory.swap.max=33554432 max_pids=9
	refute cmp -s "$T/before" <(all)
	undo web --all
	all | diff "$T/before" -
}

@test "set is all or nothing" {
	live 'pids.max 40' 'cpuset.cpus 0'
	expect 2 pod-limit set web max_pids=30 cpuset.cpus=4095
	[ "$(knob web pids.max)" = 40 ]
	[ -z "$(undo web --json)" ]
}

@test "a freeze is taken back by a thaw; a thaw by hand leaves nothing to take back" {
	live
	pod-limit freeze web
	pod-limit freeze web
	[ "$(undo web --json | jq -r .what)" = freeze ]
	undo web "$(last)" | grep -q '^Undone: freeze'
	[ "$(usage_of web .frozen)" = false ]
	undo web "$(last)"
	[ "$(usage_of web .frozen)" = true ]
	pod-limit thaw web
	undo web --all
	[ "$(usage_of web .frozen)" = false ]
}

@test "a freeze whose pod has ended since cannot be taken back: 3, and said at the end of --all" {
	live 'pids.max 40'
	pod-limit set web max_pids=30
	pod-limit freeze web
	pod-limit kill web
	expect 3 undo web --all
	echo "$output"
	[[ $output = *"Undone: limits"*"freeze"*"1 of 2 could not be taken back"* ]]
}

@test "-n says which command would run, and runs none" {
	live
	pod-limit freeze web
	undo -n web "$(last)" | grep -q "pod-limit thaw --was frozen web$"
	[ "$(usage_of web .frozen)" = true ]
}

@test "a record that is none, names another program, or leaves the pod's directory is refused" {
	live
	pod-limit freeze web
	local dir line
	dir=$ENVPOD_STATE_DIR/pods/web/undo/$(last)
	cp "$dir/record" "$T/good"
	for line in 'run sh -c id' 'run /bin/sh' 'what' 'what a  b' 'holds ../../x' 'nothing x' 'never no'; do
		{ cat "$T/good"; echo "$line"; } >"$dir/record"
		run undo web
		[[ $status = 0 && $output = *"no record of an undo"* && $output != *freeze* ]]
	done
	: >"$dir/record"
	run undo web
	[[ $output = *"no record of an undo"* ]]
	printf 'envpod-undo 1\nwhat freeze\nby root\nrun sh -c id\n' >"$dir/record"
	expect 2 undo web "$(basename "$(dirname "$dir/record")")"
}

@test "of a thousand records the oldest go, and journals never" {
	live
	local i dir=$ENVPOD_STATE_DIR/pods/web/undo record
	pod-limit freeze web
	record=$(cat "$dir/$(last)/record")
	seq -f "$dir/20200101T000000Z-%.0f" 1005 | xargs mkdir
	for ((i = 1; i <= 1005; i++)); do echo "$record" >"$dir/20200101T000000Z-$i/record"; done
	rm "$dir/20200101T000000Z-3/record"
	echo x >"$dir/20200101T000000Z-3/journal"
	pod-limit thaw web
	[ "$(find "$dir" -mindepth 1 -maxdepth 1 -name "*Z-*" | wc -l)" = 1000 ]
	[ -e "$dir/20200101T000000Z-3" ] && [ ! -e "$dir/20200101T000000Z-8" ] && [ -e "$dir/20200101T000000Z-9" ]
	[[ $(events web) = *undo_pruned* ]]
}

@test "a freeze holds and is recorded, whatever comes of its undo record" {
	live
	rm -rf "$ENVPOD_STATE_DIR/pods/web/undo"
	ln -s /nowhere "$ENVPOD_STATE_DIR/pods/web/undo"
	expect 2 pod-limit freeze web
	[ "$(usage_of web .frozen)" = true ]
	[[ $(events web) = *freeze* ]]
	# What changes no more than a number is put back.
	expect 2 pod-limit set web max_pids=30
	run knob web pids.max
	[[ $status -ne 0 || $output = max ]]
}
