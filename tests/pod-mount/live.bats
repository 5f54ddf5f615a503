load ../lib/envpod
load pod

# A pod that lives: its command waits for lines on a fifo and runs them.
setup()
{
	envpod_setup
	need root overlay userns netns
	mkdir "$T/data" "$T/proj"
	echo host >"$T/data/f"
	pod web 'filesystem: {system_access: advanced}'
	pod-exec --compile web
	mkfifo "$T/in" "$T/out"
	pod-mount enter web -- pod-exec web -- sh -c 'echo ready; while read -r line; do eval "$line" 2>&1; echo "status $?"; done' \
		<"$T/in" >"$T/out" 3>&- &
	POD=$!
	exec 7>"$T/in" 8<"$T/out"
	read -r line <&8
	[ "$line" = ready ]
}

teardown()
{
	exec 7>&- 8<&-
	[ -z "${POD:-}" ] || wait "$POD" || true
	envpod_teardown
}

# inside COMMAND: in the running pod; its output, its status.
inside()
{
	local line
	echo "$1" >&7
	while read -r line <&8; do
		case $line in
		'status '*) return "${line#status }" ;;
		*) echo "$line" ;;
		esac
	done
	return 99
}

@test "add shows a path in the running pod, drop takes it out" {
	refute inside "test -e /srv/d/f"
	pod-mount add web "$T/data" /tmp/d
	[ "$(inside 'cat /tmp/d/f')" = host ]
	refute inside "echo x >/tmp/d/f"
	grep -q "ro $T/data /tmp/d" "$ENVPOD_STATE_DIR/pods/web/mounts.live"
	pod-mount drop web /tmp/d
	refute inside "test -e /tmp/d/f"
	[ ! -s "$ENVPOD_STATE_DIR/pods/web/mounts.live" ]
	refute grep -q "$T/data" /proc/self/mountinfo
}

@test "--rw writes through, relative paths by --cwd, one file" {
	pod-mount add --rw --cwd "$T" web data/f /tmp/one
	inside "echo pod >/tmp/one"
	[ "$(cat "$T/data/f")" = pod ]
	expect 64 pod-mount add --rw --readonly web "$T/data" /tmp/x
}

@test "the same is refused as in the pod file" {
	expect 3 pod-mount add web "$T/state" /tmp/x
	expect 3 pod-mount add --unsafe web "$T/state" /tmp/x
	expect 3 pod-mount add web /etc/shadow /tmp/x
	expect 2 pod-mount add web "$T/nowhere" /tmp/x
	expect 2 pod-mount add web "$T/data" /srv/not/there
	refute inside "test -e /tmp/x"
	[ ! -s "$ENVPOD_STATE_DIR/pods/web/mounts.live" ]
}

@test "a link of the agent's does not lead a mount elsewhere" {
	inside "ln -s /etc /tmp/link"
	expect 2 pod-mount add web "$T/data" /tmp/link
	inside "test -s /etc/passwd"
}

@test "drop of what was not added is refused" {
	expect 2 pod-mount drop web /proc
	inside "test -d /proc/1"
}

@test "both are on record" {
	pod-mount add web "$T/data" /tmp/d
	pod-mount drop web /tmp/d
	log=$ENVPOD_STATE_DIR/pods/web/audit/000001.jsonl
	jq -es --arg s "$T/data" 'any(.[]; .event == "mount" and .source == $s and .target == "/tmp/d" and .mode == "ro")' "$log"
	jq -es 'any(.[]; .event == "unmount" and .target == "/tmp/d")' "$log"
}

@test "a working directory that the running view lacks is brought in" {
	echo host >"$T/proj/f"
	refute inside "test -e $T/proj"
	pod-mount enter -w "$T/proj" web -- true
	[ "$(inside "cat $T/proj/f")" = host ]
	inside "echo pod >$T/proj/f"
	[ "$(cat "$T/proj/f")" = host ]
	find "$(upper web)" -path "*proj/f" | grep -q .
	grep -q "$T/proj" "$ENVPOD_STATE_DIR/pods/web/view"
	# Once is enough.
	pod-mount enter -w "$T/proj" web -- true
	[ "$(inside "grep -c $T/proj /proc/self/mountinfo")" -eq 1 ]
	inside "exit" || true
}

@test "what would pull the view from under it is refused: 75" {
	expect 75 pod-mount prepare web
	expect 75 pod-mount seal web auto
	expect 75 pod-mount remove web
	inside "test ! -e /etc/shadow"
}

@test "a pod that does not run: add says where it goes instead" {
	pod idle
	expect 2 pod-mount add idle "$T/data" /tmp/d
	[[ $output == *"filesystem.mounts"* ]]
}

last() { pod-mount undo --json web | jq -r .id | tail -1; }

@test "a mount is taken back by undo, a drop as well, with its mode" {
	pod-mount add --rw web "$T/data" /tmp/d
	pod-mount undo web "$(last)" | grep -q '^Undone: mount'
	refute inside "test -e /tmp/d/f"
	pod-mount undo web "$(last)"
	inside "echo pod >/tmp/d/new"
	[ "$(cat "$T/data/new")" = pod ]
	pod-mount drop web /tmp/d
	pod-mount undo web --json | jq -s -e --arg d "$T/data" \
		'map(.what) == ["mount", "unmount", "mount", "unmount"] and .[3].detail == $d + " /tmp/d"'
	pod-mount undo web "$(last)"
	inside "echo again >/tmp/d/new"
	[ "$(cat "$T/data/new")" = again ]
}

@test "undo of a mount that somebody replaced since changes nothing: 3" {
	local id
	mkdir "$T/other"
	echo other >"$T/other/f"
	pod-mount add web "$T/data" /tmp/d
	id=$(last)
	pod-mount add web "$T/other" /tmp/d
	expect 3 pod-mount undo web "$id"
	[ "$(inside 'cat /tmp/d/f')" = other ]
	pod-mount undo web "$(last)"
	[ "$(inside 'cat /tmp/d/f')" = host ]
	pod-mount undo web "$id"
	refute inside "test -e /tmp/d/f"
}

@test "what add could not do leaves nothing to take back" {
	expect 2 pod-mount add web "$T/data" /srv/not/there
	expect 3 pod-mount add web /etc/shadow /tmp/x
	[ -z "$(pod-mount undo web --json)" ]
}
