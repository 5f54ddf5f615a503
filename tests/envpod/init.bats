load ../lib/envpod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

@test "init makes a pod that ls shows, and says so" {
	run envpod init web
	[ "$status" -eq 0 ]
	[ "$output" = "Created pod web." ]
	[ "$(envpod ls -z | tr '\0' ' ')" = "web " ]
	[ "$(stat -c %a "$ENVPOD_STATE_DIR/pods/web")" = 700 ]
}

@test "init keeps the user's words byte for byte" {
	printf 'name: web # mine\nuser: root\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	cmp "$T/pod.yaml" "$ENVPOD_STATE_DIR/pods/web/pod.yaml"
}

@test "a bad pod file: every error with line and column, status 78, nothing left" {
	printf 'usr: root\nprocessor:\n  memory: lots\n' >"$T/pod.yaml"
	expect 78 envpod init web -c "$T/pod.yaml"
	[[ $output == *"pod.yaml:1:1:"*"did you mean"* ]]
	[[ $output == *"pod.yaml:3:"* ]]
	[ ! -e "$ENVPOD_STATE_DIR/pods/web" ]
	[ -z "$(envpod ls -z)" ]
}

@test "a bad name is a usage error and makes nothing" {
	for name in Web .web ../x 'a b' "$(printf 'a%.0s' {1..64})" ''; do
		expect 64 envpod init "$name"
	done
	[ -z "$(ls "$ENVPOD_STATE_DIR/pods" 2>/dev/null)" ]
}

@test "a second init of the same name fails and leaves the first alone" {
	envpod init web
	before=$(cat "$ENVPOD_STATE_DIR/pods/web/created")
	expect 2 envpod init web
	[[ $output == *"already"* ]]
	[ "$before" = "$(cat "$ENVPOD_STATE_DIR/pods/web/created")" ]
}

@test "what an interrupted init left is cleared by the next one" {
	mkdir -m 700 -p "$ENVPOD_STATE_DIR/pods/web/audit"
	echo rubbish >"$ENVPOD_STATE_DIR/pods/web/plan"
	[ "$(envpod ls --json | jq -r .status)" = broken ]
	envpod init web
	[ "$(envpod ls --json | jq -r .status)" = created ]
}

@test "a missing tool is named, nothing is left" {
	mkdir "$T/bin"
	cp "$B/bin/envpod" "$T/bin"
	expect 127 "$T/bin/envpod" init web
	[[ $output == *pod-config* ]]
	[ ! -e "$ENVPOD_STATE_DIR/pods/web" ]
}

@test "a state directory from a newer version is refused and untouched" {
	echo 99 >"$ENVPOD_STATE_DIR/version"
	expect 78 envpod init web
	[[ $output == *"version '99'"* ]]
	[ ! -e "$ENVPOD_STATE_DIR/pods/web" ]
}

@test "a state directory that others can enter is refused with the command that mends it" {
	chmod 755 "$ENVPOD_STATE_DIR"
	expect 77 envpod init web
	[[ $output == *"chmod 0700"* ]]
}

@test "a full disk fails init and leaves nothing" {
	mkdir "$T/small"
	mount -t tmpfs -o size=64k,mode=700 small "$T/small"
	dd if=/dev/zero of="$T/small/fill" bs=1k count=1000 2>/dev/null || true
	ENVPOD_STATE_DIR=$T/small expect 2 envpod init web
	umount "$T/small"
}

@test "--print shows the tools' command lines and touches nothing" {
	run envpod --print init web
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "pod-config compile --name web"* ]]
	[ "${lines[1]}" = "pod-exec --compile web" ]
	[ "${lines[2]}" = "pod-mount prepare web" ]
	[ ! -e "$ENVPOD_STATE_DIR/pods/web" ]
}

@test "as an ordinary user: 77 and the word sudo" {
	need_user=nobody
	run setpriv --reuid "$need_user" --clear-groups env ENVPOD_STATE_DIR="$T/s" "$B/bin/envpod" init web
	[ "$status" -eq 77 ]
	[[ $output == *sudo* ]]
}
