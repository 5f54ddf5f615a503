load ../lib/envpod
setup() { envpod_setup; cd "$T"; }
teardown() { envpod_teardown; }

@test "check prints the compiled form, indented; --json in one line, equal" {
	printf 'user: root\n' >pod.yaml
	pod-config check pod.yaml >text
	pod-config check --json pod.yaml >line
	[ "$(wc -l <line)" -eq 1 ]
	[ "$(wc -l <text)" -gt 50 ]
	[ "$(jq -cS . text)" = "$(jq -cS . line)" ]
	[ "$(jq -r .user line)" = root ]
}

@test "check reads standard input, and is silent about what is well" {
	printf 'user: agent\n' | pod-config check - 2>err | jq -e '.user == "agent"'
	[ ! -s err ]
	printf 'usr: agent\n' >bad.yaml
	expect 78 pod-config check - <bad.yaml
	[ "$output" = "-:1:1: unknown key 'usr'; did you mean user?" ]
}

@test "every error is said, each with file, line and column, none twice" {
	printf 'usr: root\nprocessor:\n  memory: lots\n  coers: 2\n' >pod.yaml
	expect 78 pod-config check pod.yaml
	[ "${#lines[@]}" -eq 3 ]
	[ "${lines[0]}" = "pod.yaml:1:1: unknown key 'usr'; did you mean user?" ]
	[[ ${lines[1]} == "pod.yaml:3:11: processor.memory: 'lots' is not a size"* ]]
	[[ ${lines[2]} == "pod.yaml:4:3: unknown key 'coers'"*"did you mean cores?" ]]
}

@test "other spellings are noted on stderr and leave the answer alone" {
	printf 'ports: [80]\nsnapshot: {auto: yes}\n' >pod.yaml
	pod-config check --json pod.yaml >out 2>err
	jq -e '.network.ports == ["80:80/tcp"] and .snapshots.auto_on_run' out
	grep -q "^pod.yaml:1:1: note: key 'ports' is read as network.ports$" err
	grep -q "^pod.yaml:2:1: note: key 'snapshot' is read as snapshots$" err
	[ "$(wc -l <err)" -eq 3 ]
}

@test "relative paths lie beside the pod file, wherever one stands" {
	mkdir sub
	printf 'setup_script: ../setup.sh\nfilesystem: {mounts: [data]}\nsecurity: {seccomp_profile: p.json}\n' >sub/pod.yaml
	cd /
	pod-config check --json "$T/sub/pod.yaml" >"$T/out"
	[ "$(jq -r .setup_script "$T/out")" = "$T/setup.sh" ]
	[ "$(jq -r '.filesystem.mounts[0].path' "$T/out")" = "$T/sub/data" ]
	[ "$(jq -r .security.seccomp_profile "$T/out")" = "$T/sub/p.json" ]
	pod-config check --json --cwd "$T" - <"$T/sub/pod.yaml" | jq -e --arg t "$T" '.filesystem.mounts[0].path == $t + "/data"'
}

@test "~ is the home of the user who asks, also through sudo" {
	printf 'filesystem: {mounts: ["~/x", "~"], mask: ["~/.ssh"]}\nhost_user: {clone_host: on, dirs: [Projects]}\n' >pod.yaml
	home=$(getent passwd 0 | cut -d : -f 6)
	pod-config check --json pod.yaml >out
	jq -e --arg h "$home" '[.filesystem.mounts[].path] == [$h + "/x", $h]' out
	jq -e --arg h "$home" '.filesystem.mask == [$h + "/.ssh"]' out
	jq -e --arg h "$home" '.host_user.dirs == [$h + "/Projects"]' out
	jq -e --arg h "$home" '.host_user.exclude | index($h + "/.ssh")' out
	read -r uid home < <(getent passwd | awk -F: '$3 > 0 && $6 ~ "^/" { print $3, $6; exit }')
	SUDO_UID=$uid SUDO_GID=5 pod-config check --json pod.yaml >out
	jq -e --arg h "$home" '.filesystem.mounts[0].path == $h + "/x"' out
	jq -e --argjson uid "$uid" '.owner.uid == $uid and .user == .owner.name' out
}

@test "mount_cwd captures the directory of the caller, or --cwd" {
	printf 'filesystem: {mount_cwd: true}\n' >pod.yaml
	[ "$(pod-config check pod.yaml | jq -r .filesystem.cwd_path)" = "$T" ]
	[ "$(pod-config check --cwd /opt/x pod.yaml | jq -r .filesystem.cwd_path)" = /opt/x ]
	printf 'filesystem: {mount_cwd: no, cwd_path: /x}\n' >pod.yaml
	pod-config check pod.yaml 2>err | jq -e '.filesystem | has("cwd_path") | not'
	grep -q 'note: filesystem.cwd_path: means nothing without mount_cwd' err
}

@test "a file that is not there or is a directory fails with 2, no file at all with 64" {
	expect 2 pod-config check "$T/nothing"
	[[ $output == *"$T/nothing"*"No such file"* ]]
	expect 2 pod-config check "$T"
	expect 64 pod-config check
	expect 64 pod-config check --jsn pod.yaml
	[[ $output == *"did you mean --json"* ]]
}

@test "hostile bytes: bounded, refused, and escaped in the message" {
	head -c 2000000 /dev/zero | tr '\0' ' ' >long
	expect 78 pod-config check long
	head -c 100000 /dev/urandom >noise
	expect 78 pod-config check noise
	printf '"\\e]0;x\\a": 1\n' >bell
	expect 78 pod-config check bell
	[ "$output" = "bell:1:1: unknown key '\\x1b]0;x\\x07'" ]
	yes -- '- ' | head -c 1000000 | tr -d '\n' >deep
	expect 78 pod-config check deep
	[[ $output == *"more than 32 levels"* ]]
	yes 'k: v' | head -20000 | awk '{ print "k" NR ": v" }' >wide
	expect 78 pod-config check wide
	[[ $output == *"more than 10000 values in one file"* ]]
	yes 'a: &a [*a, *a, *a, *a]' | head -1000 >laughs
	expect 78 pod-config check laughs
}

@test "no more than a hundred errors are printed, the rest is counted" {
	seq 300 | sed 's/.*/zz&: 1/' >many
	expect 78 pod-config check many
	[ "${#lines[@]}" -eq 101 ]
	[ "${lines[100]}" = "many: 200 more errors" ]
}

@test "a file name with hostile bytes is escaped" {
	name=$'a\e[31m\nb'
	printf 'x: 1\n' >"$name"
	expect 78 pod-config check "$name"
	[ "$output" = "a\\x1b[31m\\x0ab:1:1: unknown key 'x'" ]
}

@test "a directory whose name JSON cannot hold is refused, not renamed" {
	dir=$T/$'caf\xe9'
	mkdir "$dir"
	printf 'filesystem: {mounts: [x]}\n' >"$dir/pod.yaml"
	expect 78 pod-config check "$dir/pod.yaml"
	[[ $output == *"filesystem.mounts[0].path: 'x' lies in a directory whose name is not UTF-8"* ]]
	printf 'filesystem: {mount_cwd: yes}\n' >"$T/pod.yaml"
	expect 78 pod-config check --cwd "$dir" "$T/pod.yaml"
	[[ $output == *"filesystem.mount_cwd: the name of $T/caf\\xe9 is not UTF-8"* ]]
}

@test "a full disk is not silence" {
	printf 'user: root\n' >pod.yaml
	expect 2 sh -c 'pod-config check pod.yaml >/dev/full'
}

@test "our own examples compile without a word" {
	for file in "$TOP"/share/examples/*.yaml; do
		pod-config check "$file" 2>err >/dev/null
		[ ! -s err ] || { cat err; false; }
	done
}
