#!/usr/bin/env bats
# The dashboard's server: who may come in, what each request is, what is told to pages.
load ../lib/envpod

setup()
{
	envpod_setup
	need root overlay userns
	JAR=$T/jar
	mkdir "$T/proj"
	echo one >"$T/proj/a"
}
teardown()
{
	timeout 20 pod-dash stop >/dev/null 2>&1 || true
	envpod_teardown
}

# serve [OPTION...]: a dashboard on a free port; HOST is its name, LINK what it printed.
serve()
{
	LINK=$(timeout 20 pod-dash serve --port 0 --daemon "$@" 3>&-)
	HOST=${LINK#http://}
	HOST=${HOST%%/*}
}
ask() { curl -s --max-time 60 --resolve "${HOST%:*}:${HOST#*:}:127.0.0.1" -c "$JAR" -b "$JAR" "$@"; }
login() { ask "${1:-$LINK}"; }
status() { ask -o "$T/body" -w '%{http_code}' "$@"; }
get() { ask "http://$HOST/api/v1$1"; }
# change METHOD PATH BODY: the status; the answer is in $T/body
change() { status -X "$1" -H "Origin: http://$HOST" -H 'X-Envpod: 1' -H 'Content-Type: application/json' -d "$3" "http://$HOST/api/v1$2"; }

pod()
{
	printf 'network: {mode: None}\nfilesystem: {mount_cwd: yes}\nstart_command: [sleep, "300"]\n' >"$T/pod.yaml"
	(cd "$T/proj" && envpod init web -c "$T/pod.yaml" >/dev/null)
}
worked() { (cd "$T/proj" && envpod run -w web -- sh -c 'echo two >>a; echo new >b; echo more >c'); }

@test "a link logs in once; without a login there is nothing but a word how to get one" {
	serve
	[ "$(status "http://$HOST/")" = 401 ]
	[ "$(status "http://$HOST/app.js")" = 401 ]
	[ "$(status "http://$HOST/api/v1/pods")" = 401 ]
	[ "$(status "$LINK")" = 303 ]
	grep -q '^#HttpOnly_' "$JAR"
	[ "$(status "http://$HOST/")" = 200 ]
	grep -q '<title>envpod</title>' "$T/body"
	rm "$JAR"
	[ "$(status "$LINK")" = 410 ]
	[ "$(status "http://$HOST/")" = 401 ]
}

@test "it answers by its own name alone, to its own pages alone" {
	serve
	login
	port=${HOST#*:}
	for name in localhost 127.0.0.1 evil.example "x.${HOST%:*}"; do
		[ "$(status -H "Host: $name:$port" "http://$HOST/")" = 421 ]
	done
	pod
	for origin in http://evil.example null "http://localhost:$port"; do
		[ "$(status -X POST -H "Origin: $origin" -H 'X-Envpod: 1' -d '{}' "http://$HOST/api/v1/pods/web/start")" = 403 ]
	done
	[ "$(status -X POST -H 'X-Envpod: 1' -d '{}' "http://$HOST/api/v1/pods/web/start")" = 403 ]
	[ "$(status -X POST -H "Origin: http://$HOST" -d '{}' "http://$HOST/api/v1/pods/web/start")" = 403 ]
	[ "$(envpod ls --json web | jq -r .status)" = stopped ] || [ "$(envpod ls --json web | jq -r .status)" = created ]
	ask -D "$T/head" -o /dev/null "http://$HOST/"
	grep -qi "^content-security-policy: default-src 'none';.*frame-ancestors 'none'" "$T/head"
	refute grep -qi 'unsafe-inline\|access-control-allow' "$T/head"
}

@test "no secret is in what it says or writes" {
	serve
	login
	secret=$(awk 'END { print $NF }' "$JAR")
	[ ${#secret} = 32 ]
	get /sessions >"$T/all"
	ask "http://$HOST/" >>"$T/all"
	cat "$ENVPOD_RUN_DIR/dash/log" >>"$T/all" 2>/dev/null || true
	refute grep -q "$secret" "$T/all"
	refute grep -aq "$secret" "$ENVPOD_RUN_DIR/dash/state"
}

@test "pods, what they changed, and a commit of one file of three" {
	pod
	worked
	serve
	login
	[ "$(get /pods | jq -r '.[].name')" = web ]
	[ "$(get /pods/web | jq -r .network)" = none ]
	[ "$(get /pods/web/diff | jq -r '.[].kind' | tr -d '\n')" = MAA ]
	ask -G --data-urlencode "path=$T/proj/a" "http://$HOST/api/v1/pods/web/patch" | grep -qx '+two'
	[ "$(change POST /pods/web/commit "{\"paths\":[\"$T/proj/a\"]}")" = 200 ]
	[ "$(tail -1 "$T/proj/a")" = two ]
	[ ! -e "$T/proj/b" ]
	[ "$(get /pods/web/diff | jq length)" = 2 ]
	[ "$(change POST /pods/web/rollback "{\"paths\":[\"$T/proj/b\"]}")" = 200 ]
	[ "$(get /pods/web/diff | jq -r '.[].path')" = "$T/proj/c" ]
	[ "$(change POST /pods/web/commit '{}')" = 400 ]
	[ ! -e "$T/proj/c" ]
	[ "$(ask -H 'Accept: application/x-ndjson' "http://$HOST/api/v1/pods/web/diff" | jq -r .kind)" = A ]
}

@test "a conflict is 409 with its reason, and changes nothing" {
	pod
	worked
	echo human >"$T/proj/a"
	serve
	login
	[ "$(change POST /pods/web/commit "{\"paths\":[\"$T/proj/a\"]}")" = 409 ]
	jq -e '.code == 3 and (.error | test("changed on the host too"))' "$T/body"
	[ "$(cat "$T/proj/a")" = human ]
	[ "$(change POST /pods/web/commit "{\"paths\":[\"$T/proj/a\"],\"theirs\":true}")" = 200 ]
	[ "$(tail -1 "$T/proj/a")" = two ]
}

@test "a pod's life: made, started, frozen, resumed, stopped, cloned, destroyed; each on record with the login" {
	serve
	login
	[ "$(change POST /pods '{"name":"new","config":"network: {mode: None}\nstart_command: [sleep, \"300\"]\n"}')" = 201 ]
	[ "$(change POST /pods/new/start '{}')" = 200 ] || { cat "$T/body"; false; }
	wait_for 10 test "$(envpod ls --json new | jq -r .status)" = running || wait_for 10 running new
	[ "$(change POST /pods/new/freeze '{}')" = 200 ]
	[ "$(get /pods/new | jq -r .status)" = frozen ]
	[ "$(change POST /pods/new/resume '{}')" = 200 ]
	[ "$(change POST /pods/new/stop '{}')" = 200 ]
	[ "$(change POST /pods/new/clone '{"new_name":"other"}')" = 200 ]
	envpod audit --json --event dashboard new >"$T/events"
	[ "$(jq -r .route "$T/events" | sed 's|.*/||' | tr '\n' ' ')" = "start freeze resume stop clone " ]
	jq -se 'all(.session == 1 and .role == "operate")' "$T/events"
	[ "$(change DELETE /pods/other '{}')" = 200 ]
	[ "$(change POST /pods/nobody/start '{}')" = 404 ]
	[ "$(get /pods | jq -r '.[].name')" = new ]
}
running() { [ "$(envpod ls --json "$1" | jq -r .status)" = running ]; }

@test "a pod file that opens the host needs an admin's login; what is wrong with one is said with its line" {
	serve
	login
	for key in 'network: {mode: Unsafe}' 'filesystem: {mounts: [{path: /srv, permissions: ReadWrite}]}' 'setup_script: /bin/true' \
		'filesystem: {reveal: [/etc/shadow]}' 'devices: {extra: [/dev/null]}' 'audit: {anchor: ["command:/bin/true"]}' \
		'filesystem: {system_access: dangerous}' 'security: {seccomp_profile: none}' \
		'monitor: {rules: [{name: x, when: "true", response: [{type: hook, argv: [/bin/true]}]}]}'; do
		[ "$(change POST /pods "$(jq -nc --arg f "$key" '{name: "open", config: $f}')")" = 403 ] || { echo "$key"; cat "$T/body"; return 1; }
		[ "$(jq -r .error "$T/body" | grep -c admin)" = 1 ]
	done
	[ "$(get /pods | jq length)" = 0 ]
	[ "$(change POST /check '{"config":"name: a\nusr: root\n"}')" = 422 ]
	jq -e '.error | test("2:1: .*did you mean user")' "$T/body"
	login "$(pod-dash link --role admin)"
	[ "$(change POST /pods '{"name":"open","config":"devices: {extra: [/dev/null]}"}')" = 201 ]
}

@test "roles: who may view changes nothing, who may operate sees no way to secrets" {
	pod
	serve --role view
	login
	[ "$(status "http://$HOST/api/v1/pods")" = 200 ]
	[ "$(change POST /pods/web/start '{}')" = 403 ]
	[ "$(change DELETE /pods/web '{}')" = 403 ]
	login "$(pod-dash link)"
	[ "$(change POST /pods/web/vault/KEY '{"value":"a-long-secret-value"}')" = 403 ]
	login "$(pod-dash link --role admin)"
	[ "$(change POST /pods/web/vault/KEY '{"value":"a-long-secret-value"}')" = 200 ]
	[ "$(get /pods/web/vault | jq -r '.[0] | .key // .name')" = KEY ]
	refute grep -rqs a-long-secret-value "$ENVPOD_STATE_DIR/pods/web/audit" "$T/body"
	[ "$(envpod vault web get --reveal KEY)" = a-long-secret-value ]
}

@test "tokens: no Origin, no cookie, until they are revoked; never a cookie's place" {
	pod
	serve
	token=$(pod-dash token --role operate | jq -r .token)
	bearer() { status -H "Authorization: Bearer $token" "$@"; }
	[ "$(bearer "http://$HOST/api/v1/pods")" = 200 ]
	[ "$(bearer -X POST -d '{}' "http://$HOST/api/v1/pods/web/freeze")" != 403 ]
	[ "$(status -H "Cookie: envpod_${HOST#*:}=$token" "http://$HOST/api/v1/pods")" = 401 ]
	[ "$(bearer -H "Host: localhost:${HOST#*:}" "http://$HOST/api/v1/pods")" = 421 ]
	number=$(pod-dash sessions | jq -r '.[] | select(.token) | .session')
	pod-dash revoke "$number"
	[ "$(bearer "http://$HOST/api/v1/pods")" = 401 ]
}

@test "sessions are listed and ended; logging out is the end of one" {
	serve
	login
	[ "$(get /sessions | jq -c '[.[] | select(.mine) | .role]')" = '["operate"]' ]
	[ "$(change POST /logout '{}')" = 200 ]
	[ "$(status "http://$HOST/")" = 401 ]
	login "$(pod-dash link)"
	pod-dash revoke 0
	[ "$(status "http://$HOST/")" = 401 ]
}

@test "what an agent asks for is approved and denied" {
	printf 'network: {mode: None}\nqueue: {socket: yes}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	one=$(envpod queue web add --tier staged --description one)
	two=$(envpod queue web add --tier staged --description '<b>two</b>')
	serve
	login
	[ "$(get /pods/web/queue | jq length)" = 2 ]
	[ "$(change POST "/pods/web/queue/$two/deny" '{"reason":"no"}')" = 200 ]
	[ "$(change POST "/pods/web/queue/$one/approve" '{}')" = 200 ]
	wait_for 10 sh -c "[ \"\$(envpod queue --json web | wc -l)\" = 0 ]"
	[ "$(envpod queue --json --all web | jq -r --arg id "$two" 'select(.id == $id) | "\(.status) \(.reason)"')" = "denied denied by root: no" ]
}

@test "news: a page hears of pods, of changes, and what they use, without asking" {
	pod
	serve
	login
	ask -N "http://$HOST/api/v1/events" >"$T/news" 3>&- &
	listener=$!
	wait_for 10 grep -q '"usage"' "$T/news"
	envpod run web -- true
	wait_for 10 grep -q '"pod":"web","what":\[.*"audit"' "$T/news"
	envpod init other -c "$T/pod.yaml"
	wait_for 10 grep -q '"what":\["fleet"\]' "$T/news"
	kill $listener
}

@test "a front that is killed comes back, with its name and its logins" {
	serve
	login
	front=$(pgrep -P "$(cat "$ENVPOD_RUN_DIR/dash/pid")" -x pod-dash)
	kill -9 "$front"
	back() { [ "$(status "http://$HOST/api/v1/pods")" = 200 ]; }
	wait_for 10 back
	# no powers: another's uid, no capability, a filter, no new privileges
	front=$(pgrep -P "$(cat "$ENVPOD_RUN_DIR/dash/pid")" -x pod-dash)
	grep -qx 'CapEff:	0000000000000000' "/proc/$front/status"
	grep -qx 'Seccomp:	2' "/proc/$front/status"
	grep -qE '^Uid:	1879048191	1879048191' "/proc/$front/status"
}

@test "hostile: paths, values, bodies, heads" {
	pod
	serve
	login
	for path in '/pods/..%2f..' '/pods/%2e%2e' '/pods/-x' '/pods/web%00' '/pods/web/diff?pod=x' '/pods/web/diff?x=%zz'; do
		s=$(status --path-as-is "http://$HOST/api/v1$path")
		[ "$s" = 400 ] || [ "$s" = 404 ] || { echo "$path: $s"; return 1; }
	done
	[ "$(status --path-as-is "http://$HOST/../etc/passwd")" = 404 ]
	[ "$(status --path-as-is "http://$HOST/vendor/../../etc/passwd")" = 404 ]
	head -c 300000 /dev/zero | tr '\0' x >"$T/big"
	[ "$(status -X POST -H "Origin: http://$HOST" -H 'X-Envpod: 1' --data-binary "@$T/big" "http://$HOST/api/v1/check")" = 413 ]
	[ "$(change POST /pods/web/commit '{"paths":"/a","paths":["/b"]}')" != 200 ]
	[ "$(change POST /pods/web/dns/allow '{"name":"--reload"}')" = 400 ]
	[ "$(change POST /pods/web/clone '{"new_name":"../x"}')" = 400 ]
	[[ $(change PUT /pods/web '{}') =~ ^40[05]$ ]]
	[ "$(status "http://$HOST/api/v1/pods")" = 200 ]
}

@test "one at a time; stop ends it and its logins" {
	serve
	login
	run timeout 10 pod-dash serve --port 0
	[ "$status" -eq 75 ]
	timeout 20 pod-dash stop
	expect 2 pod-dash link
	serve
	[ "$(status "http://$HOST/")" = 401 ]
}

@test "envpod dashboard: the same, by options" {
	LINK=$(timeout 20 envpod dashboard --port 0 --daemon 3>&-)
	HOST=${LINK#http://}
	HOST=${HOST%%/*}
	[ "$(status "$(envpod dashboard --print-url --role view)")" = 303 ]
	[ "$(get /sessions | jq -r '.[0].role')" = view ]
	timeout 20 envpod dashboard --stop
	expect 2 envpod dashboard --print-url
}

@test "the OpenAPI document is the table" {
	pod-dash routes --openapi | jq -S . | diff "$BATS_TEST_DIRNAME/../../share/dashboard/openapi.json" -
	[ "$(jq -r '.paths | to_entries[] | .key as $p | .value | keys[] | "\(. | ascii_upcase) \($p)"' "$BATS_TEST_DIRNAME/../../share/dashboard/openapi.json" | sort)" = \
		"$(pod-dash routes | awk '{ print $1, $2 }' | sort)" ]
}
