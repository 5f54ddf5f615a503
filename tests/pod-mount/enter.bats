load ../lib/envpod
load pod
setup() { envpod_setup; need root overlay userns; pod web; }
teardown() { envpod_teardown; }

@test "the command stands in the root of the view and the host's tree is there" {
	in_view web 'test -s ./etc/passwd && test -x ./usr/bin/env && test -d ./proc'
	run in_view web pwd
	[ "$output" = "$ENVPOD_RUN_DIR/web/root" ]
}

@test "its status is the command's own" {
	expect 42 in_view web 'exit 42'
	expect 127 pod-mount enter web -- no-such-program-at-all
	expect 126 pod-mount enter web -- /etc/passwd
}

@test "the host's mounts are the same before, while and after" {
	in_view web 'cat /proc/1/mountinfo' >"$T/while"
	# The pinned user namespace, on a private mount of its own, is all that stays.
	[ "$(awk -v t="$T/" 'index($5, t) == 1 { print $5 }' /proc/self/mountinfo | sort | tr '\n' ' ')" = \
		"$T/run/web/ns $T/run/web/ns/user " ]
	refute grep -q "$T/run/web/root" /proc/self/mountinfo "$T/while"
}

@test "a failure of ours is 125, the reason goes to --status-fd" {
	expect 125 pod-mount enter nobody -- true
	run bash -c 'pod-mount enter --status-fd 5 -w /no/such web -- true 5>"$T/status"'
	[ "$status" -eq 125 ]
	jq -e '.event == "failed" and .status == 125 and .reason_status == 2' "$T/status"
	jq -e '.message | contains("/no/such")' "$T/status"
}

@test "-w wants an absolute path" {
	expect 64 pod-mount enter -w some/dir web -- true
}

@test "the lock is held by the command and passes on" {
	run pod-mount enter web -- sh -c 'ENVPOD_LOCK_FD= pod-mount remove web'
	[ "$status" -eq 75 ]
	pod-mount enter web -- sh -c 'pod-mount seal web auto'
	pod-mount seal web auto
}

@test "a second run waits for the first one's lock" {
	mkfifo "$T/go"
	pod-mount enter web -- sh -c 'echo held >"$T/held"; read -r _ <"$T/go"; echo first >>"$T/order"' 3>&- &
	first=$!
	wait_for 10 test -s "$T/held"
	pod-mount enter web -- sh -c 'echo second >>"$T/order"' 3>&- &
	echo go >"$T/go"
	wait $first $!
	[ "$(tr '\n' ' ' <"$T/order")" = "first second " ]
}

@test "a pod that lives is joined: nothing is built" {
	sleep 100 3>&- &
	echo "$! $(awk '{print $22}' /proc/$!/stat)" >"$ENVPOD_RUN_DIR/web/init.pid"
	run pod-mount enter web -- sh -c 'echo "$ENVPOD_JOIN"; pwd; stat -Lc %i /proc/self/ns/mnt'
	kill $!
	[ "${lines[0]}" = 1 ]
	[ "${lines[1]}" = "$PWD" ]
	[ "${lines[2]}" = "$(stat -Lc %i /proc/self/ns/mnt)" ]
}

@test "what the chain needs is in the environment" {
	mkdir "$T/dir"
	run pod-mount enter -w "$T/dir" web -- sh -c \
		'echo "$ENVPOD_TRACK"; flock -n "$ENVPOD_LOCK_FD" && readlink "/proc/self/fd/$ENVPOD_MNT_FD"; echo "[${ENVPOD_JOIN-none}]"'
	[ "${lines[0]}" = "$T/dir" ]
	[ "${lines[1]}" = "$(readlink /proc/self/ns/mnt)" ]
	[ "${lines[2]}" = "[none]" ]
}

@test "a program of the view is never taken for the command" {
	in_view web 'printf "#!/bin/sh\necho agent\n" >ls; chmod 755 ls'
	(cd / && PATH=.:$PATH run pod-mount enter web -- ls -d usr && [ "$output" = usr ])
	expect 0 env PATH=".:$PATH" pod-mount enter web -- ls -d usr
	[ "$output" = usr ]
}

@test "kill -9 while the command runs leaves no mount and no lock" {
	pod-mount enter web -- sh -c 'echo up >"$T/up"; exec sleep 100' 3>&- &
	wait_for 10 test -s "$T/up"
	kill -9 $!
	wait $! || true
	pod-mount enter web -- true
	refute grep -q "$T/run/web/root" /proc/self/mountinfo
}

@test "a state directory of a newer version is refused" {
	echo 2 >"$ENVPOD_STATE_DIR/version"
	expect 125 pod-mount enter web -- true
	[[ $output == *"state version '2'"* ]]
	expect 78 pod-mount prepare web
}

@test "relative state and run directories are the same ones for whom it becomes" {
	cd "$T"
	ENVPOD_STATE_DIR=state ENVPOD_RUN_DIR=run expect 0 pod-mount enter web -- sh -c 'echo "$ENVPOD_STATE_DIR $ENVPOD_RUN_DIR"'
	[ "$output" = "$T/state $T/run" ]
	[ -z "$(find "$(upper web)/_" -mindepth 1)" ]
}
