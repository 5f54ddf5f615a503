#!/usr/bin/env bats
# What pod-upload promises: files whole or not at all, by a line of JSON or standard input.
load contract

setup() { contract_setup pod-upload; }
teardown() { envpod_teardown; }

@test "its words, their help, and wrong usage" { helps serve put pack unpack; }

@test "put keeps a file of the size that was said, and prints where" {
	[ "$("$TOOL" put --name a --size 3 --dir "$T/up" <<<ab)" = "$T/up/a" ]
	[ "$(cat "$T/up/a")" = ab ]
	expect 2 "$TOOL" put --name b --size 9 --dir "$T/up" <<<ab
	[ "$(ls -A "$T/up")" = a ]
}

@test "serve answers lines of JSON: what it takes, where it is, what is wrong" {
	python3 "$TOP/tests/lib/hand.py" "$T/sock" upload "$TOOL" serve --dir "$T/up" 3>&- &
	local pid=$!
	wait_for 10 test -S "$T/sock"
	printf abc | python3 "$TOP/tests/pod-upload/send.py" "$T/sock" '{"name":"x","size":3}' >"$T/said"
	python3 "$TOP/tests/pod-upload/send.py" "$T/sock" '{"name":"x"}' </dev/null >"$T/wrong"
	kill "$pid"
	wait "$pid"
	jq -se '.[0] == {ok: true} and .[1] == {ok: true, path: $p, size: 3}' --arg p "$T/up/x" "$T/said"
	objects ok error message <"$T/wrong"
}

@test "pack and unpack are each other's inverse, by archives that tar reads" {
	mkdir -p "$T/a/b" "$T/to"
	echo x >"$T/a/b/c"
	"$TOOL" pack --as a "$T/a" >"$T/tar"
	tar -tf "$T/tar" | grep -qx a/b/c
	"$TOOL" unpack --guard --as a "$T/to" <"$T/tar"
	diff -r "$T/a" "$T/to/a"
	expect 2 "$TOOL" unpack --guard "$T/to" <<<rubbish
}
