load ../lib/envpod
load helper
setup() { vault_setup; pod web; }
teardown() { envpod_teardown; }

@test "set and get: byte for byte, one newline trimmed, versions count up" {
	put web API_KEY 'sk-live-0123456789'
	[ "$(value web API_KEY)" = sk-live-0123456789 ]
	printf 'two\nlines\n\n' | envpod vault web set API_KEY
	pod-vault get web API_KEY | cmp - <(printf 'two\nlines\n')
	[ "$(pod-vault list --json web | jq -r '"\(.key) \(.version)"')" = 'API_KEY 2' ]
	[ "$(events web vault_set '.keys[0]')" = $'API_KEY\nAPI_KEY' ]
}

@test "values: as long as 64 KiB, never empty, no NUL byte; names are those of variables" {
	head -c 65536 /dev/zero | tr '\0' x >"$T/long"
	pod-vault set web LONG <"$T/long"
	pod-vault get web LONG | cmp - "$T/long"
	echo x >>"$T/long"
	expect 64 pod-vault set web LONG <"$T/long"
	pod-vault get web LONG | wc -c | grep -qx 65536
	expect 64 pod-vault set web EMPTY </dev/null
	expect 64 pod-vault set web EMPTY <<<""
	printf 'a\0b' >"$T/nul"
	expect 64 pod-vault set web NUL <"$T/nul"
	for name in 1X a-b '' 'A B' ../x $'A\n' "$(printf 'A%.0s' $(seq 128))"; do
		expect 64 pod-vault set web "$name" <<<value
	done
	[ "$(pod-vault list --json web | wc -l)" = 1 ]
}

@test "get: a terminal is shown nothing without --reveal" {
	put web KEY 'sk-live-0123456789'
	expect 64 script -qec "pod-vault get web KEY" /dev/null
	refute grep -q sk-live <<<"$output"
	script -qec "pod-vault get --reveal web KEY" /dev/null | grep -q sk-live-0123456789
	expect 2 pod-vault get web OTHER
}

@test "set: typed twice on a terminal, unseen" {
	type_it() { script -qec "pod-vault set web TYPED" /dev/null; }
	type_twice() { (wait_for 10 grep -q 'Value of' "$T/out"; printf '%s\r' "$1"; wait_for 10 grep -q 'Once more' "$T/out"; printf '%s\r' "$2") | type_it >"$T/out" 2>&1; }
	type_twice secret-value-1 secret-value-1
	[ "$(value web TYPED)" = secret-value-1 ]
	refute grep -q secret-value "$T/out"
	refute type_twice secret-value-2 secret-value-3
	[ "$(value web TYPED)" = secret-value-1 ]
}

@test "nothing of a value in any file, log or event" {
	put web API_KEY 'sk-live-needle-0123'
	printf 'sk-live-needle-0123' | pod-vault set --scope team SHARED
	refute grep -rq needle "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR"
}

@test "the process: memory locked, no core dump, nothing in argv or environment, nobody may trace it" {
	put web API_KEY 'sk-live-needle-0123'
	mkfifo "$T/in"
	pod-vault set web API_KEY <"$T/in" &
	job=$!
	exec 5>"$T/in"
	printf 'sk-live-needle-9999' >&5
	wait_for 10 grep -qE 'VmLck:\s+[1-9]' "/proc/$job/status"
	refute grep -aq needle "/proc/$job/cmdline" "/proc/$job/environ"
	grep -qE 'Max core file size\s+0\s+0' "/proc/$job/limits"
	[ "$(stat -c %u "/proc/$job/environ")" = 0 ]
	exec 5>&-
	wait "$job"
	[ "$(value web API_KEY)" = sk-live-needle-9999 ]
}
