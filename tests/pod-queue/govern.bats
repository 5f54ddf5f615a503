#!/usr/bin/env bats
# queue.require_commit_approval, require_rollback_approval: the command waits, with all its options, and does exactly what
# was approved or nothing.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
	mkdir proj
	cd proj
	git init -q . && echo one >a && echo two >b
	printf '%s\n' 'network: {mode: None}' 'filesystem: {mount_cwd: true}' 'queue: {require_commit_approval: yes, require_rollback_approval: yes}' >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" q
	envpod run q -- sh -c 'echo ONE >a; echo TWO >b; mkdir d; echo x >d/x'
}
teardown() { envpod_teardown; }

# The id of what was submitted by a command that must say 3.
submitted() { expect 3 "$@" && [[ $output == *"waits for approval: envpod approve q "* ]] && id=${output##* }; }

@test "commit waits, and is done when it is approved: what was chosen, and nothing else" {
	submitted envpod commit q a
	[ "$(cat a)" = one ]
	envpod queue --json q | jq -e --arg id "$id" '.id == $id and .name == "commit" and .by == "root" and (.params.digest | length) == 64'
	envpod approve q "$id" | tee said
	grep -q "commit $id: executed" said
	grep -q 'Committed 1 file' said
	[ "$(cat a b)" = $'ONE\ntwo' ]
	[ ! -e d ]
	events action_executed | jq -e '.approved_by == "root" and .action == "commit"'
	# Nothing of it stays alive: there is no socket.
	wait_for 10 grep -q '^queue 0 0 resting' "$ENVPOD_RUN_DIR/q/govern/services.state"
	envpod undo q | grep -q commit
}

@test "with all its options: lists, patterns, patches, from whatever directory" {
	submitted envpod commit --stdin -z q < <(printf 'b\0')
	cd /
	envpod approve q "$id"
	[ "$(cat "$T/proj/b")" = TWO ]
	# What that one read is nothing to who asks next.
	ask '{"type":"diff"}' | jq -e .ok
	cd "$T/proj"
	envpod diff -p q a >"$T/patch"
	submitted envpod commit --hunks "$T/patch" q
	rm "$T/patch"
	(cd / && envpod approve q "$id")
	[ "$(cat a)" = ONE ]
	submitted envpod commit --exclude d/x --rollback-rest --sensitive q
	jq -e '.params.words | index("--rollback-rest") and index("--sensitive") and index("--exclude=d/x")' "$Q/staged/$id.json"
	expect 64 envpod commit -p q
	# What would be refused is refused now.
	envpod run q -- sh -c 'mkdir -p .git/hooks; echo x >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit'
	expect 3 envpod commit q
	[[ $output != *"waits for approval"* ]]
	envpod commit -n q d
}

@test "a list that was changed while it lay there is not what was approved" {
	submitted envpod commit --stdin -z q < <(printf 'a\0')
	printf 'b\0' >"$Q/input/$id"
	expect 2 envpod approve q "$id"
	[[ $output == *"queue/input/$id is not what was approved"* ]]
	[ "$(cat a b)" = $'one\ntwo' ]
	submitted envpod commit --stdin -z q < <(printf 'a\0')
	rm "$Q/input/$id"
	expect 2 envpod approve q "$id"
	[ "$(cat a b)" = $'one\ntwo' ]
}

@test "what changed since is not committed" {
	submitted envpod commit q a b
	first=$id
	envpod run q -- sh -c 'echo other >b'
	expect 2 envpod approve q "$first"
	[[ $output == *"not those that were approved"* ]]
	[ "$(cat a b)" = $'one\ntwo' ]
	# The mode alone, too.
	submitted envpod commit q a b
	envpod run q -- chmod +x b
	expect 2 envpod approve q "$id"
	[ "$(cat a b)" = $'one\ntwo' ]
	# Changes that were not chosen are of no concern.
	submitted envpod commit q a
	envpod run q -- sh -c 'echo more >c'
	envpod approve q "$id"
	[ "$(cat a)" = ONE ]
}

@test "neither the front end nor --action leads past it" {
	expect 3 pod-mount commit q a
	expect 3 pod-mount commit --action aaaaaaaaaaaaaaaa q a
	submitted envpod commit q a
	expect 3 pod-mount commit --action "$id" q a
	mv "$Q/staged/$id.json" "$Q/running/$id.json"
	expect 3 pod-mount commit --action "$id" q a
	[ "$(cat a)" = one ]
}

@test "rollback waits likewise; denied, nothing happens" {
	submitted envpod rollback q b
	envpod deny q "$id" --reason no
	expect 3 envpod approve q "$id"
	envpod diff -z q | grep -qz /b
	submitted envpod rollback q b
	envpod approve q "$id"
	refute grep -qz /b <(envpod diff -z q)
	envpod diff -z q | grep -qz /a
}

@test "a live pod stands still while what was approved is done" {
	envpod start q -- sh -c 'while :; do echo $RANDOM >>noise; done'
	wait_for 10 submitted envpod commit q a
	envpod approve q "$id"
	[ "$(cat a)" = ONE ]
	pod-limit usage --json q | jq -e '.frozen == false'
	submitted envpod commit q noise
	expect 2 envpod approve q "$id"
	[ ! -e noise ]
	envpod stop q
}

@test "a supervised pod's commits wait, whatever its file says of the queue" {
	printf 'type: supervised\nnetwork: {mode: None}\nfilesystem: {mount_cwd: true}\n' >"$T/s.yaml"
	envpod init -c "$T/s.yaml" s
	envpod run s -- sh -c 'echo S >a'
	expect 3 envpod commit s a
	[ "$(cat a)" = one ]
}

@test "what somebody else looks at meanwhile does not cost what was approved" {
	submitted envpod commit q a
	exec 8>"$ENVPOD_RUN_DIR/q/lock"
	flock 8
	envpod approve q "$id" 8>&- &
	job=$!
	wait_for 10 eval 'ls -l "/proc/$(pgrep -f "^pod-mount commit --action=$id")/fd" | grep -q "$ENVPOD_RUN_DIR/q/lock"'
	is_in running "$id"
	exec 8>&-
	wait "$job"
	[ "$(cat a)" = ONE ]
}

@test "a file in a new directory; a tree with a socket in it, which stays behind" {
	submitted envpod commit q d/x
	envpod approve q "$id"
	[ "$(cat d/x)" = x ]
	envpod run q -- sh -c 'mkdir s; echo y >s/y; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"s/sock\")"'
	submitted envpod commit q s
	envpod approve q "$id"
	[ "$(cat s/y)" = y ]
	[ ! -e s/sock ]
}

@test "an approved commit that leaves something out still leaves it out, and says so" {
	envpod run q -- sh -c 'mkdir -p .git/hooks; echo x >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit'
	submitted envpod commit --partial --rollback-rest q
	expect 2 envpod approve q "$id"
	[[ $output == *"left out"* ]]
	[ "$(cat a)" = ONE ]
	envpod diff -az q | grep -qz hooks/pre-commit
}
