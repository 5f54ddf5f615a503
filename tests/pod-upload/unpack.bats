#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-upload pack and unpack: attacks on who takes an archive that comes out of a pod, one a test.

load ../lib/envpod

setup()
{
	envpod_setup
	mkdir "$T/to" "$T/else"
	echo mine >"$T/else/secret"
	hashes "$T/else" >"$T/before"
}

# Whatever it was about: outside of the destination nothing has changed.
teardown()
{
	local bad=0
	[ ! -e "$T/before" ] || diff "$T/before" <(hashes "$T/else") || bad=1
	envpod_teardown
	return $bad
}

forge() { python3 "$TOP/tests/pod-upload/forge.py" "$@"; }
guard() { pod-upload unpack --guard --home "$T/home" "$@" "$T/to"; }
# attack STATUS ENTRY...: what comes of that archive
attack()
{
	local want=$1 got=0
	shift
	forge "$@" | guard --as top 2>"$T/said" || got=${PIPESTATUS[1]}
	[ "$got" = "$want" ] || { echo "status $got: $(cat "$T/said")" >&2; return 1; }
}

@test "what is packed is unpacked: contents, holes, links, odd names, modes and times with -a" {
	mkdir -p "$T/src/d/e" "$T/copy"
	echo one >"$T/src/d/e/one"
	printf x >"$T/src/"$'new\nline \\ \xff'
	ln -s d/e/one "$T/src/link"
	ln -s ../one "$T/src/d/e/up"
	truncate -s 5M "$T/src/holes"
	echo end >>"$T/src/holes"
	: >"$T/src/empty"
	chmod 500 "$T/src/d"
	touch -d 2020-02-03T04:05:06.789Z "$T/src/d/e/one" "$T/src/d"
	pod-upload pack --as src "$T/src" | pod-upload unpack -a --guard --as src "$T/copy"
	diff <(hashes "$T/src") <(hashes "$T/copy/src")
	[ "$(stat -c %y "$T/src/d")" = "$(stat -c %y "$T/copy/src/d")" ]
	[ "$(stat -c %Y "$T/copy/src/d/e/one")" = 1580702706 ]
	[ "$(stat -c %b "$T/copy/src/holes")" -lt 100 ]
	chmod 700 "$T/src/d" "$T/copy/src/d"
}

@test "other tars read what is packed, sparse files too" {
	mkdir "$T/src"
	truncate -s 3M "$T/src/holes"
	echo end >>"$T/src/holes"
	printf x >"$T/src/"$'new\nline'
	pod-upload pack --as src "$T/src" | tar -C "$T/to" -xf -
	diff <(hashes "$T/src") <(hashes "$T/to/src")
}

@test "attack: names that climb, are absolute, or empty: none of it comes" {
	attack 2 dir:top file:top/../../else/secret:x
	attack 2 file:/etc/x:x
	attack 2 file:../else/secret:x
	attack 2 dir:top file:top//x:x
	attack 2 dir:top file:top/./x:x
	attack 2 file::x
	attack 2 dir:top file:other/x:x
	[ "$(ls -A "$T/to")" = top ]
}

@test "attack: through a symlink of the archive's own" {
	attack 3 dir:top "link:top/l:$T/else" file:top/l/secret:x
	refute test -L "$T/to/top/l"
	[ "$(cat "$T/to/top/l/secret")" = x ]
	rm -r "$T/to/top"
	attack 3 dir:top dir:top/d link:top/l:d file:top/l/x:x
	[ -L "$T/to/top/l" ]
	[ -z "$(ls -A "$T/to/top/d")" ]
}

@test "attack: symlinks that lead out, by whatever way" {
	attack 3 dir:top link:top/a:/etc/passwd link:top/b:../x link:top/c:../../x
	attack 3 dir:top dir:top/d link:top/d/l:../x/../../y
	attack 3 dir:top dir:top/d dir:top/d/e link:top/d/e/s:../../x link:top/d/e/t:s/../..
	attack 3 link:top:x
	[ -z "$(find "$T/to" -type l ! -name s)" ]
	[ "$(readlink "$T/to/top/d/e/s")" = ../../x ]
}

@test "attack: hard links, devices, pipes, setuid" {
	attack 2 dir:top "hard:top/h:../else/secret"
	attack 3 dir:top dev:top/null fifo:top/pipe
	attack 0 dir:top:mode=07777 file:top/su:x:mode=06755
	[ "$(find "$T/to" ! -type d | wc -l)" = 1 ]
	[ "$(stat -c %a "$T/to/top/su")" = 755 ]
	[ -z "$(find "$T/to" -perm /7000)" ]
}

@test "attack: sizes that are lies" {
	attack 2 dir:top file:top/a:abc:size=9000000000
	attack 2 dir:top "file:top/b:$(printf 'x%.0s' {1..600}):size=1"
	attack 2 dir:top file:top/a:abc:size=-1
	attack 2 dir:top file:top/a:abc:size=99999999999999999999
	attack 2 dir:top dir:top/d:size=5
	refute test -e "$T/to/top/a"
	attack 2 dir:top file:top/whole:x cut
	[ "$(cat "$T/to/top/whole")" = x ]
}

@test "attack: maps of sparse files that overlap, run backwards, past the end, or do not add up" {
	attack 2 dir:top file:top/a:abcd:real=100:map=0,2,1,2
	attack 2 dir:top file:top/a:abcd:real=100:map=50,2,0,2
	attack 2 dir:top file:top/a:abcd:real=100:map=98,4
	attack 2 dir:top file:top/a:abcd:real=100:map=18446744073709551615,4
	attack 2 dir:top file:top/a:abcd:real=100:map=0,2
	attack 2 dir:top file:top/a:abcd:real=100:map=0,4,
	attack 2 dir:top file:top/a:abcd:real=100
	attack 2 dir:top file:top/a:abcd:real=9999999999999999999:map=0,4
	refute test -e "$T/to/top/a"
	attack 0 dir:top file:top/a:abcd:real=100000000000:map=0,2,99999999998,2
	[ "$(stat -c %s "$T/to/top/a")" = 100000000000 ]
	[ "$(stat -c %b "$T/to/top/a")" -lt 100 ]
}

@test "attack: a directory of the destination becomes a symlink while it is copied" {
	forge dir:top dir:top/d file:top/first:x "wait:$T/go" file:top/d/secret:x | guard --as top 2>"$T/said" 3>&- &
	local pid=$!
	wait_for 10 test -e "$T/to/top/first"
	rmdir "$T/to/top/d"
	ln -s "$T/else" "$T/to/top/d"
	touch "$T/go"
	local got=0
	wait $pid || got=$?
	[ $got = 3 ]
	grep -q 'something else is in the way' "$T/said"
}

@test "what stands in a file's place is replaced, not written through" {
	mkdir "$T/to/top"
	ln -s "$T/else/secret" "$T/to/top/x"
	ln "$T/else/secret" "$T/to/top/y"
	attack 0 dir:top file:top/x:new file:top/y:new
	[ "$(cat "$T/to/top/x")$(cat "$T/to/top/y")" = newnew ]
	refute test -L "$T/to/top/x"
	mkdir "$T/to/top/dir"
	attack 3 dir:top file:top/dir:x
	[ -d "$T/to/top/dir" ]
	[ -z "$(find "$T/to" -name '.envpod*')" ]
	rm "$T/before"	# the second name is gone: a link less
	[ "$(cat "$T/else/secret")" = mine ]
}

@test "what this host runs or obeys comes only when it is named itself, or by --force" {
	attack 3 dir:top dir:top/.git dir:top/.git/hooks file:top/.git/hooks/pre-push:evil file:top/.envrc:evil file:top/good:x
	[ "$(find "$T/to" -type f)" = "$T/to/top/good" ]
	grep -q 'name it itself' "$T/said"
	forge dir:x dir:x/hooks file:x/hooks/pre-push:evil | { expect 3 guard --as .git; }
	forge file:.envrc:mine | guard --as .envrc
	[ "$(cat "$T/to/.envrc")" = mine ]
	forge dir:top file:top/.envrc:mine link:top/l:/etc/hostname | guard --as top --force
	[ "$(cat "$T/to/top/.envrc")" = mine ] && [ -L "$T/to/top/l" ]
}

@test "where it goes to: a directory, a new name, contents, and what cannot be" {
	forge dir:x file:x/a:1 | pod-upload unpack --guard --as x "$T/to"
	[ -e "$T/to/x/a" ]
	forge dir:x file:x/a:1 | pod-upload unpack --guard --as x "$T/to/new"
	[ -e "$T/to/new/a" ]
	forge dir:x file:x/a:1 | pod-upload unpack --guard --contents "$T/to/there"
	[ -e "$T/to/there/a" ]
	forge file:x:1 | pod-upload unpack --guard --as x "$T/to/there/named"
	[ "$(cat "$T/to/there/named")" = 1 ]
	forge file:x:1 >"$T/tar"
	expect 2 pod-upload unpack --into "$T/to/no" <"$T/tar"
	expect 2 pod-upload unpack "$T/to/no/" <"$T/tar"
	expect 2 pod-upload unpack "$T/to/no/where" <"$T/tar"
	expect 64 pod-upload unpack --as ../x "$T/to" <"$T/tar"
	expect 2 pod-upload unpack "$T/to" </dev/urandom
}

@test "any tar, by whoever wrote it: ustar, GNU with long names, pax, hard links within" {
	local long format
	long=$(printf 'n%.0s' {1..150})
	mkdir -p "$T/src/$long/d"
	echo a >"$T/src/$long/d/$long"
	ln "$T/src/$long/d/$long" "$T/src/same"
	ln -s "$long/d" "$T/src/link"
	for format in gnu pax; do
		mkdir "$T/to/$format"
		tar -C "$T" --format=$format -cf - ./src | pod-upload unpack --tar "$T/to/$format"
		diff <(hashes "$T/src") <(hashes "$T/to/$format/src")
		[ "$T/to/$format/src/same" -ef "$T/to/$format/src/$long/d/$long" ]
	done
	mkdir "$T/to/old"
	tar -C "$T/else" --format=v7 -cf - secret | pod-upload unpack --tar "$T/to/old"
	[ "$(cat "$T/to/old/secret")" = mine ]
	mkdir "$T/to/climb"
	tar -C "$T/else" -P --transform 's|^|../../else/|' -cf - secret 2>/dev/null | { expect 3 pod-upload unpack --tar "$T/to/climb"; }
	[ -z "$(ls -A "$T/to/climb")" ]
}

@test "a pod's tree on to standard output: checked, and an archive that tar reads" {
	forge dir:top dir:top/d:mode=07777 file:top/d/a:x:mode=04755 link:top/l:/etc hard:top/h:top/d/a |
		{ pod-upload unpack --guard --as named - 2>"$T/said" || [ $? = 3 ]; } | tar -tvf - >"$T/list"
	grep -q 'named/d/a' "$T/list"
	refute grep -E 'named/(l|h)$|rws' "$T/list"
	forge dir:top file:top/../x:x | { expect 2 pod-upload unpack --guard -; }
}

@test "it gives up all else before the archive's first byte" {
	need strace
	! sanitized pod-upload || not_here "the leak checker does not work under strace"
	forge file:x:abc >"$T/tar"
	strace -e trace=seccomp,read,landlock_restrict_self -o "$T/trace" pod-upload unpack --guard "$T/to/x" <"$T/tar"
	awk '/landlock_restrict_self/ { l = 1 } /seccomp\(/ { f = 1 } /^read\(0,/ { n++; if (!l || !f) exit 1 } END { exit !n }' "$T/trace"
}

@test "files, and not what they have become: a tree that changes while it is packed" {
	mkdir "$T/src"
	echo own >"$T/src/x"
	( while :; do ln -sfn "$T/else/secret" "$T/src/n"; mv -T "$T/src/n" "$T/src/x"; echo own >"$T/src/n"; mv -T "$T/src/n" "$T/src/x"; done ) 3>&- 2>/dev/null &
	local pid=$! n
	for n in $(seq 40); do
		pod-upload pack "$T/src" 2>/dev/null | tar -xOf - >"$T/out" 2>/dev/null || true
		refute grep -q mine "$T/out" || { kill $pid; false; }
	done
	kill $pid
	wait $pid || true
}
