load ../lib/envpod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

@test "status shows walls and what a run goes without" {
	local jobs=()
	printf 'devices:\n  audio: true\nprocessor:\n  max_pids: 100\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" 2>/dev/null
	mkfifo "$T/go"
	envpod run --without devices.audio web -- sh -c 'echo up; read x' <"$T/go" >"$T/out" 2>/dev/null &
	jobs+=($!)
	exec 9>"$T/go"
	wait_for 10 test -s "$T/out"
	envpod status --json web >"$T/status"
	jq -e '.status == "running" and .pids_max == "100" and .unbuilt == ["devices.audio"]' "$T/status"
	jq -e '.without == ["devices.audio"]' "$T/status"
	jq -e '.usage.pids_current >= 1 or .usage.pids >= 1' "$T/status"
	run envpod status web
	[[ $output == *"runs without"*"devices.audio"* ]]
	echo >&9
	wait "${jobs[@]}"
}

@test "a ReadWrite mount is said by run and status" {
	mkdir "$T/shared"
	printf 'filesystem:\n  mounts:\n    - path: %s\n      permissions: ReadWrite\n' "$T/shared" >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	run envpod run web -- sh -c "echo past-review >$T/shared/f"
	[ "$status" -eq 0 ]
	[[ $output == *"past review"* ]]
	[ "$(cat "$T/shared/f")" = past-review ]
	envpod status --json web | jq -e '.writes_past_review | length == 1'
}

@test "status shows the open ports: the pod file's and those of now" {
	printf 'network: {ports: ["8080:80"], internal_ports: [5432]}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	envpod ports web -P 9090:90 --remove 8080
	envpod status --json web | jq -e '.ports == [] and .public_ports == ["9090:90/tcp"] and .internal_ports == ["5432/tcp"]'
	run envpod status web
	[[ $output == *"public_ports"*"9090:90/tcp"* ]]
	refute grep -q 8080 <<<"$output"
}

@test "status shows which key goes to which host" {
	printf 'network: {dns: {allow: [api.example, host.example]}}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	envpod status --json web | jq -e '.injects == []'
	printf 'a-secret-of-length' | envpod vault web set KEY
	envpod vault web bind KEY api.example
	envpod status --json web | jq -e '.injects == ["KEY api.example:443"]'
	[[ $(envpod status web) == *"injects"*"KEY api.example:443"* ]]
	refute grep -r a-secret-of-length <(envpod status web)
	echo broken >"$ENVPOD_STATE_DIR/pods/web/policy/proxy"
	envpod status --json web | jq -e '.injects == []'
}
