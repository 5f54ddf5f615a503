#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-upload serve: a file is there whole or not at all, under a name that harms nobody.

load ../lib/envpod

setup()
{
	envpod_setup
	PIDS=
	UP=$T/uploads
}

teardown()
{
	local pid
	for pid in $PIDS; do kill -KILL "$pid" 2>/dev/null || true; done
	envpod_teardown
}

# serve OPTION...: in the background; its messages go to $T/said.
serve()
{
	python3 "$TOP/tests/lib/hand.py" "$T/sock" upload pod-upload serve --dir "$UP" "$@" 2>"$T/said" 3>&- &
	SERVER=$!
	PIDS+=" $SERVER"
	wait_for 10 test -S "$T/sock"
}

send() { python3 "$TOP/tests/pod-upload/send.py" "$T/sock" "$@"; }
# refused CODE LINE: with that error, and nothing is there.
refused()
{
	send "$2" </dev/null >"$T/answer"
	jq -e --arg code "$1" '.ok == false and .error == $code and (.message | length > 0)' "$T/answer"
	[ ! -d "$UP" ] || [ -z "$(ls -A "$UP")" ]
}
head_of() { jq -nc --arg n "$1" --argjson s "$2" '{name: $n, size: $s}'; }
# Somebody who sends ten bytes of a thousand, and stays.
stuck()
{
	python3 "$TOP/tests/pod-upload/send.py" "$T/sock" "$(head_of "$1" 1000)" 10 </dev/zero >"$T/stuck.$1" 3>&- &
	PIDS+=" $!"
	wait_for 10 grep -qs sent "$T/stuck.$1"
}

@test "a file comes in whole: two answers, its owner's alone, its bytes its own" {
	serve
	head -c 300000 /dev/urandom >"$T/in"
	send "$(head_of 'photo.png' 300000)" <"$T/in" >"$T/answer"
	jq -se 'length == 2 and .[0] == {ok: true} and .[1].ok and .[1].size == 300000' "$T/answer"
	[ "$(jq -sr '.[1].path' "$T/answer")" = "$UP/photo.png" ]
	cmp "$T/in" "$UP/photo.png"
	[ "$(stat -c %a "$UP")" = 700 ] && [ "$(stat -c %a "$UP/photo.png")" = 600 ]
}

@test "an empty file is a file" {
	serve
	send "$(head_of empty 0)" </dev/null | jq -se '.[1].ok'
	[ -e "$UP/empty" ] && [ ! -s "$UP/empty" ]
}

@test "a name that is taken gets a number before its extension; nothing is overwritten" {
	serve
	for n in 1 2 3; do printf '%s' $n | send "$(head_of a.txt 1)" >/dev/null; done
	[ "$(cat "$UP/a.txt")$(cat "$UP/a-1.txt")$(cat "$UP/a-2.txt")" = 123 ]
}

@test "what comes behind the file's own bytes is no part of it" {
	serve
	printf 'abcdef' | send "$(head_of a 3)" | jq -se '.[1].size == 3'
	[ "$(cat "$UP/a")" = abc ]
}

@test "an upload that is cut off leaves nothing, not even a hidden file" {
	serve
	printf abc | send "$(head_of a 10)" | jq -se '.[1].error == "cut"'
	stuck b
	[ -z "$(ls -A "$UP")" ]
	kill -KILL "$SERVER"
	wait_for 10 refute pgrep -P "$SERVER"
	[ -z "$(ls -A "$UP")" ]
}

@test "attack: names that lead elsewhere, hide, or are options" {
	serve
	local name
	for name in ../../etc/passwd /etc/passwd 'C:\temp\passwd' .passwd -passwd ' ..-passwd'; do
		printf x | send "$(head_of "$name" 1)" >"$T/answer"
		[ "$(jq -sr '.[1].path' "$T/answer")" = "$UP/passwd" ]
		rm "$UP/passwd"
	done
	[ -z "$(ls -A "$UP")" ]
}

@test "attack: names with control characters, turned writing, invalid bytes, nothing in them" {
	serve
	refused name "$(head_of $'a\nb' 1)"
	refused name "$(head_of $'a\033[2Jb' 1)"
	refused name "$(head_of $'exe\xe2\x80\xaegnp.sh' 1)"
	refused name "$(head_of $'a\xe2\x80\x8bb' 1)"
	refused name "$(head_of .. 1)"
	refused name "$(head_of '' 1)"
	refused name "$(head_of 'dir/' 1)"
	send "$(printf '{"name":"a\xffb","size":1}')" </dev/null | jq -se '.[0].ok == false'
	[ -z "$(ls -A "$UP")" ]
}

@test "attack: first lines that are none" {
	serve
	refused request 'not JSON'
	refused request '[]'
	refused request '{"name":"a"}'
	refused request '{"size":1}'
	refused request '{"name":"a","size":-1}'
	refused request '{"name":"a","size":1e9}'
	refused request '{"name":["a"],"size":1}'
	refused request '{"name":"a","size":1}}'
	refused request "{\"name\":\"a\",\"size\":1,\"x\":$(head -c 200 /dev/zero | tr '\0' '[')}"
	refused request "$(head -c 100000 /dev/zero | tr '\0' x)"
	refused name "$(head_of "$(head -c 3000 /dev/zero | tr '\0' .)" 1)"
}

@test "a long name is cut between characters, its extension kept" {
	serve
	printf x | send "$(head_of "$(printf 'ä%.0s' {1..300}).txt" 1)" >"$T/answer"
	local name
	name=$(jq -sr '.[1].path' "$T/answer")
	[ -e "$name" ]
	[ "$(basename "$name" | tr -d '\n' | wc -c)" -le 200 ]
	[[ $name = *ä.txt ]]
	basename "$name" | iconv -f utf-8 -t utf-8 >/dev/null
}

@test "more than --max, or than there is room for, is refused before its first byte" {
	need root
	serve --max 1000
	refused size "$(head_of a 1001)"
	refused size '{"name":"a","size":999999999999999}'
	refused request '{"name":"a","size":9223372036854775808}'
	rm -rf "$UP"
	mkdir -m 700 "$UP"
	mount -t tmpfs -o size=64k,mode=700 none "$UP"
	rm "$T/sock"
	serve
	refused space "$(head_of a 70000)"
}

@test "attack: the directory is a symlink, also from one upload to the next" {
	mkdir -m 755 "$T/elsewhere"
	ln -s "$T/elsewhere" "$UP"
	serve
	send "$(head_of a 0)" </dev/null | jq -se '.[0].error == "directory"'
	rm "$UP"
	send "$(head_of a 0)" </dev/null | jq -se '.[1].ok'
	mv "$UP" "$T/old"
	ln -s "$T/elsewhere" "$UP"
	send "$(head_of b 0)" </dev/null | jq -se '.[0].error == "directory"'
	[ -z "$(ls -A "$T/elsewhere")" ]
	[ "$(stat -c %a "$T/elsewhere")" = 755 ]
}

@test "attack: the directory is somebody else's" {
	need root
	mkdir -m 777 "$UP"
	chown 1234 "$UP"
	serve
	send "$(head_of a 0)" </dev/null | jq -se '.[0].error == "directory"'
	[ -z "$(ls -A "$UP")" ]
}

@test "eight who send nothing more hold up the ninth, until one goes" {
	serve
	for n in 1 2 3 4 5 6 7 8; do stuck $n; done
	python3 "$TOP/tests/pod-upload/send.py" "$T/sock" "$(head_of ninth 1)" >"$T/ninth" <<<x 3>&- &
	PIDS+=" $!"
	refute test -s "$T/ninth"
	kill -KILL "$(set -- $PIDS; echo "$2")"
	wait_for 10 grep -q ninth "$T/ninth"
	[ "$(<"$UP/ninth")" = x ]
}

@test "locked down before the first byte: it reads nothing before the filter stands" {
	need strace
	! sanitized pod-upload || not_here "the leak checker does not work under strace"
	python3 "$TOP/tests/lib/hand.py" "$T/sock" upload strace -f -e trace=accept4,read,seccomp,landlock_restrict_self -o "$T/trace" \
		sh -c 'echo $$ >"$1"; export LISTEN_PID=$$; exec pod-upload serve --dir "$0"' "$UP" "$T/pid" 2>"$T/said" 3>&- &
	PIDS+=" $!"
	wait_for 10 test -s "$T/pid"
	PIDS="$(cat "$T/pid") $PIDS"
	printf x | send "$(head_of a 1)" | jq -se '.[1].ok'
	# Whoever read the first line had both before.
	awk '/landlock_restrict_self/ { landlock[$1] = 1 } /seccomp\(/ { filter[$1] = 1 }
		/ read\([0-9]+, "\{/ { read = 1; bad = bad || !filter[$1] || !landlock[$1] } END { exit bad || !read }' "$T/trace"
}

@test "without a socket handed in it says what is missing" {
	expect 64 pod-upload serve
	[[ $output = *sd_listen_fds* ]]
	LISTEN_PID=1 LISTEN_FDS=1 expect 64 pod-upload serve
	expect 64 python3 - <<-'END'
	import os, sys
	f = os.open("/dev/null", os.O_RDONLY)
	os.dup2(f, 3, inheritable=True)
	os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="upload")
	os.execvp("pod-upload", ["pod-upload", "serve"])
	END
	[[ $output = *"no listening"* ]]
}
