load ../lib/envpod
setup() { envpod_setup; need root overlay userns; envpod init web >/dev/null; }
teardown() { envpod_teardown; }

leave_work()
{
	mkdir -p "$T/work" && cd "$T/work"
	envpod run -w web -- sh -c 'echo work >file'
}

@test "a pod without changes goes; its audit log stays in the archive and verifies" {
	envpod run web true
	envpod destroy web
	[ -z "$(envpod ls -z)" ]
	[ ! -e "$ENVPOD_STATE_DIR/pods/web" ]
	[ ! -e "$ENVPOD_RUN_DIR/web" ]
	log=$(echo "$ENVPOD_STATE_DIR"/archive/web-*/audit/000001.jsonl)
	grep -q '"event":"destroy"' "$log"
	pod-audit verify --archive "$(basename "$(dirname "$(dirname "$log")")")"
	! grep -q " $T/" /proc/self/mounts
}

@test "with changes that were not committed: 3 without --force, and nothing is lost" {
	leave_work
	expect 3 envpod destroy web
	[[ $output == *--force* ]]
	[ "$(envpod diff -z web | tr '\0' '\n')" = "$T/work/file" ]
	envpod destroy --force web
	grep -rqx work "$ENVPOD_STATE_DIR"/archive/web-*/
}

@test "a live pod is ended" {
	envpod run -b web -- sleep 4343
	wait_for 10 sh -c 'pgrep -f "[s]leep 4343"'
	envpod destroy --force web
	! pgrep -f '[s]leep 4343'
}

@test "a destroy that was interrupted goes on" {
	leave_work
	rm "$ENVPOD_STATE_DIR/pods/web/created"
	[ "$(envpod ls --json | jq -r .status)" = broken ]
	envpod destroy web
	[ ! -e "$ENVPOD_STATE_DIR/pods/web" ]
}

@test "several at once; a wrong name among them fails, the others go" {
	envpod init other >/dev/null
	expect 2 envpod destroy web nobody other
	[ -z "$(envpod ls -z)" ]
}

@test "the name is free again" {
	envpod destroy web
	envpod init web
	envpod run web true
}
