#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-upload put: the same with standard input.

load ../lib/envpod

setup() { envpod_setup; UP=$T/up; }
teardown() { envpod_teardown; }

@test "a file comes in, and its path is said" {
	[ "$(echo hello | pod-upload put --name ../x.txt --size 6 --dir "$UP")" = "$UP/x.txt" ]
	[ "$(echo again | pod-upload put --name x.txt --size 6 --dir "$UP")" = "$UP/x-1.txt" ]
	[ "$(cat "$UP/x.txt" "$UP/x-1.txt")" = $'hello\nagain' ]
}

@test "less or more than was said is another file: nothing stays" {
	expect 2 pod-upload put --name x --size 7 --dir "$UP" <<<hello
	expect 2 pod-upload put --name x --size 5 --dir "$UP" <<<hello
	[ -z "$(ls -A "$UP")" ]
}

@test "names that cannot be, and directories that are none of ours" {
	expect 64 pod-upload put --name $'a\033b' --size 0 --dir "$UP" </dev/null
	expect 64 pod-upload put --name .. --size 0 --dir "$UP" </dev/null
	expect 64 pod-upload put --name x --dir "$UP" </dev/null
	ln -s "$T" "$T/link"
	expect 2 pod-upload put --name x --size 0 --dir "$T/link" </dev/null
	[[ $output = *"move what is there away"* ]]
	refute test -e "$T/x"
}

@test "it needs no privileges, and prints to a terminal, too" {
	need root setpriv script
	mkdir -m 777 "$T/open"
	run script -qec "setpriv --reuid 1234 --regid 1234 --clear-groups pod-upload put --name x --size 0 --dir $T/open/up </dev/null" /dev/null
	[[ $output = *"$T/open/up/x"* ]]
	[ "$(stat -c %u:%a "$T/open/up" "$T/open/up/x" | tr '\n' ' ')" = "1234:700 1234:600 " ]
}
