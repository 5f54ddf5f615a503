load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

show() { pod-mount show --cwd "$T/proj" "$@"; }

@test "a changed file: its line, both sides, base, run, and what changed" {
	agent 'echo more >>src/one'
	show web src/one >"$T/out"
	sed -n 1p "$T/out" | lines 'M  src/one'
	grep -qE '^pod     file of 9 bytes, mode 0644, owner 0:0, changed 20[-0-9]+ [0-9:]+ UTC, in layer upper$' "$T/out"
	grep -qE '^host    file of 4 bytes, mode 0644' "$T/out"
	grep -qx "base    the host's, unchanged since" "$T/out"
	grep -qE '^run     20.* by .*: sh -c .*echo more >>src/one$' "$T/out"
	grep -qx '+more' "$T/out"
	show --json web src/one | jq -e '.changed and .base == "same" and .size == 9 and .host.size == 4 and (.runs | length) == 1 and .mtime and .host_mtime'
}

@test "each side alone, byte for byte" {
	printf 'a\0b\377' >src/one
	agent 'printf "x\0\377y" >src/one; ln -s one src/link; rm src/two'
	show --pod web src/one | cmp - <(printf 'x\0\377y')
	show --host web src/one | cmp - src/one
	show --base web src/one | cmp - src/one
	show --pod web src/link | lines one
	expect 2 show --pod web src/two
	show --host web src/two | lines two
	expect 2 show --host web src/link
	expect 64 show --pod --host web src/one
}

@test "the host moved on: the base is another, and cannot be shown" {
	agent 'echo pod >>src/one; echo new >new'
	agent true
	echo human >src/one
	echo human >new
	show web src/one | grep -qE '^base    another than the host has now: file of 4 bytes, changed 20'
	show web src/one | sed -n 1p | lines 'M  src/one  [conflict]'
	show web new | grep -qx 'base    nothing: it is new on the host'
	expect 2 show --base web src/one
	show --json web src/one | jq -e '.base == "other" and .base_size == 4 and .conflict == "changed"'
}

@test "the host moved on by a commit: its record keeps the base, which is shown" {
	pod two
	agent 'echo pod >>src/one'
	agent true
	pod-mount enter -w "$T/proj" two -- sh -c 'echo two >.'"$T/proj/src/one"
	pod-mount commit --cwd "$T/proj" two src/one
	show web src/one | sed -n 1p | lines 'M  src/one  [conflict]'
	show --base web src/one | lines one
}

@test "what did not change, what is nowhere, what is masked; directories; deletions" {
	agent 'rm -r tests; mkdir d; echo 1 >d/a'
	show web src/two | grep -qx "pod     sees the host's"
	show --pod web src/two | lines two
	show --json web src/two | jq -e '.changed == false'
	expect 2 show web nothing/here
	show web tests | grep -qx 'D  tests/old_test.py'
	show web tests/old_test.py | grep -qx 'pod     nothing'
	show web d | tail -1 | lines 'A  d/a'
	run show web /etc/shadow
	[ "$status" -eq 3 ]
}

@test "names and contents do not steer the terminal" {
	agent 'n="$(printf "e\033[2Jvil")"; printf "\033]0;x\007\n" >"$n"'
	script -qec "pod-mount show --cwd '$T/proj' web $'e\033[2Jvil'" /dev/null >"$T/tty"
	grep -qF 'e\x1b[2Jvil' "$T/tty"
	refute grep -q $'\033' "$T/tty"
}

@test "in a moved directory" {
	agent 'mv src lib; echo x >>lib/one'
	show web lib/two | grep -qE "of the host's $T/proj/src/two$"
	show --pod web lib/two | lines two
	show web lib/one | grep -qx 'A  lib/one'
	show web src/one | grep -qx 'pod     nothing'
}
