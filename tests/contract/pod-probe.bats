#!/usr/bin/env bats
# What a program that probes a pod promises: a list, and an answer to each of it.
load contract
bats_require_minimum_version 1.5.0

setup() { contract_setup pod-probe; }
teardown() { envpod_teardown; }

@test "the list has an object for each probe; with bait there are more" {
	"$TOOL" --list --json >"$T/list"
	objects id category severity text finding fix view <"$T/list"
	[ "$(jq -s 'length == (map(.id) | unique | length)' "$T/list")" = true ]
	echo 'secret x' | "$TOOL" --list --json --bait - >"$T/more"
	[ "$(wc -l <"$T/more")" -gt "$(wc -l <"$T/list")" ]
}

@test "each probe has exactly one answer" {
	"$TOOL" --json init-mem no-filter >"$T/said"
	objects id verdict detail <"$T/said"
	[ "$(jq -r .id "$T/said" | sort | tr '\n' ' ')" = "init-mem no-filter " ]
	[ "$("$TOOL" no-filter)" = "no-filter open Seccomp is 0" ]
}

@test "bait that is none is refused" {
	expect 64 "$TOOL" --bait - <<<"no value"$'\n'"novalue"
	expect 64 "$TOOL" --bait - < <(printf 'a b\0c\n')
	expect 64 "$TOOL" --bait - <<<"NAME x"
	expect 2 "$TOOL" --bait "$T/nosuch"
	head -c 300000 /dev/zero | tr '\0' a | expect 2 "$TOOL" --bait -
}
