load ../lib/envpod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

@test "without pods: nothing on stdout, status 0" {
	run envpod ls
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "a heading and a line a pod, sorted" {
	envpod init zeta >/dev/null
	envpod init alpha >/dev/null
	run envpod ls
	[[ ${lines[0]} == NAME*STATUS* ]]
	[[ ${lines[1]} == alpha* ]]
	[[ ${lines[2]} == zeta* ]]
}

@test "--json is one object a line with the documented keys" {
	envpod init web >/dev/null
	envpod ls --json | jq -e '.name == "web" and .status == "created" and .network == "isolated" and (.created_at | fromdateiso8601? // sub("\\.[0-9]+Z";"Z") | true)'
}

@test "a name that is not there fails" {
	expect 2 envpod ls nobody
}

@test "a full disk is a failure, not a silent truncation" {
	envpod init web >/dev/null
	run bash -c 'envpod ls >/dev/full'
	[ "$status" -eq 2 ]
}

@test "budgets that are used up are marked, and only those" {
	printf 'budget: {max_duration: 1h, max_cpu: 1h, max_requests: 10}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	envpod ls --json | jq -e '.used_up == null'
	printf '%s\n' 'envpod-usage 1' 'cpu.total 3600000000' 'requests.total 9' end >"$ENVPOD_STATE_DIR/pods/web/usage"
	envpod ls --json | jq -e '.used_up == "cpu"'
	printf '%s\n' 'envpod-usage 1' 'cpu.total 3600000000' 'requests.total 10' end >"$ENVPOD_STATE_DIR/pods/web/usage"
	envpod ls --json | jq -e '.used_up == "cpu,requests"'
	envpod ls | grep -q 'cpu,requests'
	envpod budget --force web reset
	envpod ls --json | jq -e '.used_up == null'
}
