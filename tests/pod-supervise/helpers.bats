#!/usr/bin/env bats
# pod-supervise helpers: the keeper of a pod's daemons.
load ../lib/envpod
load helper
export ENVPOD_EVENTS=forged # what its daemons say

# A daemon of the test's own: says it is ready, writes one event, and does as its file says.
setup()
{
	supervise_setup
	mkdir -p "$T/tools" "$RUNDIR"
	chmod 700 "$RUNDIR"
	export ENVPOD_TOOLS=$T/tools T
	cat >"$T/tools/fake" <<-'END'
	#!/bin/bash
	# fake NAME POD --ready-fd N --event-fd M
	T=${0%/tools/fake}
	echo $$ >"$T/$1.pid"
	echo "$* env:$(env | grep -c -v -e ^ENVPOD -e ^PATH -e ^PWD -e ^SHLVL -e ^_=) fds:$(ls /proc/self/fd | wc -w)" >"$T/$1.args"
	[ ! -e "$T/$1.fail" ] || { cat "$T/$1.fail" >&2; exit 3; }
	now=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
	while read -r line; do
		printf "%s\n" "${line//NOW/$now}" >&"$6"
	done <"$T/$1.events"
	[ -e "$T/$1.mute" ] || printf . >&"$4"
	eval "exec $4>&-"
	[ ! -e "$T/$1.stubborn" ] || trap '' TERM
	while :; do sleep 0.05; done
	END
	chmod +x "$T/tools/fake"
	for name in dns proxy; do
		echo '{"v":1,"ts":"NOW","pod":"web","src":"'$name'","event":"hello","n":1}' >"$T/$name.events"
	done
	printf 'dns fake dns web\nproxy fake proxy web\n' >"$RUNDIR/services"
}

teardown()
{
	local file
	pod-supervise helpers stop web || true
	for file in "$T"/*.pid; do
		[ -s "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null || true
	done
	supervise_teardown
}

pid() { cat "$T/$1.pid"; }
keeper() { cut -d' ' -f1 "$RUNDIR/helpers.pid"; }
events() { pod-audit query --json web | jq -c "select(.event == \"$1\")"; }
has_event() { [ "$(events "$1" | wc -l)" -ge "${2:-1}" ]; }
other_pid() { [ -s "$T/$1.pid" ] && [ "$(pid "$1")" != "$2" ]; }
is_up() { pod-supervise helpers status web >/dev/null; }

@test "start returns when all are ready; stop leaves nothing" {
	pod-supervise helpers start web
	kill -0 "$(pid dns)"
	kill -0 "$(pid proxy)"
	run pod-supervise helpers --json status web
	[ "$status" -eq 0 ]
	jq -es 'map(.name) == ["dns", "proxy"] and all(.state == "up")' <<<"$output"
	jq -e '.v == 1 and (.services | length) == 2' "$RUNDIR/services.json"
	keeper=$(keeper)
	pod-supervise helpers start web
	[ "$(keeper)" = "$keeper" ]
	pod-supervise helpers stop web
	wait_for 5 gone "$(pid dns)"
	wait_for 5 gone "$(pid proxy)"
	wait_for 5 gone "$keeper"
	[ "$(ls "$RUNDIR")" = services ]
	expect 1 pod-supervise helpers status web
}

@test "a daemon gets its words, two descriptors, and nothing of the caller's" {
	exec 9<"$T"
	SECRET=x ENVPOD_LOCK_FD=9 pod-supervise helpers start web
	exec 9<&-
	grep -q '^dns web --ready-fd [0-9]* --event-fd [0-9]* env:0 ' "$T/dns.args"
	# 0, 1, 2, ready, events, the script, and ls's own directory
	[ "$(sed 's/.*fds://' "$T/dns.args")" -le 7 ]
}

@test "what they report is in the log, checked; what speaks for another is not" {
	cat >>"$T/dns.events" <<-'END'
	{"v":1,"ts":"NOW","pod":"web","src":"exec","event":"forged"}
	{"v":1,"ts":"NOW","pod":"other","src":"dns","event":"forged"}
	{"v":1,"ts":"NOW","pod":"web","src":"dns","event":"forged","seq":7}
	not json
	{"v":1,"ts":"NOW","pod":"web","src":"dns","event":"good","s":"a\"\u00e9"}
	END
	pod-supervise helpers start web
	wait_for 5 has_event good
	wait_for 5 has_event events_refused
	[ -z "$(events forged)" ]
	events events_refused | jq -es 'map(.count) | add == 4'
	has_event hello 2
	pod-audit verify web
}

@test "a daemon that dies is started again, and its death is an event" {
	pod-supervise helpers start web
	old=$(pid dns)
	other=$(pid proxy)
	kill -KILL "$old"
	wait_for 5 other_pid dns "$old"
	wait_for 5 is_up
	events service_died | jq -e '.service == "dns" and .signal == 9 and .restarts == 1'
	[ "$(pid proxy)" = "$other" ]
}

@test "the writer dies: another takes over what was not read" {
	pod-supervise helpers start web
	wait_for 5 has_event hello 2
	writer=$(pgrep -P "$(keeper)" -x pod-events)
	kill -KILL "$writer"
	old=$(pid dns)
	kill -KILL "$old"
	wait_for 10 has_event hello 3
}

@test "one that fails at once fails the start, which says why and leaves nobody" {
	echo 'bind 127.0.0.1:53: address in use' >"$T/proxy.fail"
	expect 2 pod-supervise helpers start web
	[[ "$output" == *"proxy ended at once: bind 127.0.0.1:53: address in use"* ]]
	wait_for 5 gone "$(pid dns)"
	refute [ -e "$RUNDIR/helpers.pid" ]
}

@test "a program that is not there fails the start" {
	printf 'dns nowhere web\n' >"$RUNDIR/services"
	expect 2 pod-supervise helpers start web
	[[ "$output" == *nowhere* ]]
}

@test "bad lists are refused" {
	for list in 'UP fake' 'a/b fake' 'dns' "$(for i in 1 2 3 4 5 6 7 8 9; do echo "s$i fake s$i web"; done)"; do
		printf '%s\n' "$list" >"$RUNDIR/services"
		expect 2 pod-supervise helpers start web
	done
	rm "$RUNDIR/services"
	expect 2 pod-supervise helpers start web
	expect 64 pod-supervise helpers stert web
}

@test "a daemon that does not end is killed" {
	touch "$T/dns.stubborn"
	pod-supervise helpers start web
	pod-supervise helpers stop web
	wait_for 5 gone "$(pid dns)"
}

@test "a killed keeper leaves its daemons; the next one adopts them, and keeps them" {
	pod-supervise helpers start web
	dns=$(pid dns)
	keeper=$(keeper)
	kill -KILL "$keeper"
	wait_for 5 gone "$keeper"
	kill -0 "$dns"
	expect 1 pod-supervise helpers status web
	pod-supervise helpers start web
	[ "$(pid dns)" = "$dns" ]
	[ "$(keeper)" != "$keeper" ]
	kill -KILL "$dns"
	wait_for 5 other_pid dns "$dns"
	wait_for 5 is_up
	pod-supervise helpers stop web
	wait_for 5 gone "$(pid proxy)"
}

@test "stop after a killed keeper ends what it left" {
	pod-supervise helpers start web
	kill -KILL "$(keeper)"
	pod-supervise helpers stop web
	wait_for 5 gone "$(pid dns)"
	wait_for 5 gone "$(pid proxy)"
	[ "$(ls "$RUNDIR")" = services ]
}

@test "two starts at once: one keeper" {
	jobs=()
	for _ in 1 2 3; do
		pod-supervise helpers start web &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || [ $? -eq 75 ]
	done
	
	kill -0 "$(keeper)"
	pod-supervise helpers stop web
	refute pgrep -f "$T/tools/fake"
}

@test "a canary that is to freeze the pod has it frozen, once it is on record; another one has not" {
	cat >"$T/tools/pod-limit" <<-'END'
	#!/bin/bash
	[ -s "${0%/tools/*}/state/pods/web/audit/000001.jsonl" ] && grep -q canary "${0%/tools/*}"/state/pods/web/audit/*.jsonl && echo recorded >>"${0%/tools/*}/frozen"
	echo "$*" >>"${0%/tools/*}/frozen"
	END
	chmod +x "$T/tools/pod-limit"
	echo '{"v":1,"ts":"NOW","pod":"web","src":"dns","event":"canary","key":"K","action":"alert","name":",\"action\":\"freeze\""}' >>"$T/dns.events"
	echo '{"v":1,"ts":"NOW","pod":"web","src":"dns","event":"other","action":"freeze"}' >>"$T/dns.events"
	pod-supervise helpers start web
	wait_for 5 has_event other
	[ ! -e "$T/frozen" ]
	pod-supervise helpers stop web
	echo '{"v":1,"ts":"NOW","pod":"web","src":"proxy","event":"canary","key":"K","action":"freeze","name":"x"}' >>"$T/proxy.events"
	pod-supervise helpers start web
	wait_for 5 test -e "$T/frozen"
	[ "$(sort -u "$T/frozen")" = $'freeze --part all web\nrecorded' ]
}

@test "the daemons that govern are a set of their own, with a keeper of their own" {
	for tool in queue monitor budget trace; do
		printf '#!/bin/sh\n[ -e "${0%%/tools/*}/rest" ] && exit 0\nexec "${0%%/*}/fake" %s "$@"\n' $tool >"$T/tools/pod-$tool"
		chmod +x "$T/tools/pod-$tool"
	done
	# fake NAME WORD POD --ready-fd N --event-fd M
	sed -i 's/\$4/$5/; s/\$6/$7/' "$T/tools/fake"
	: >"$T/queue.events"
	: >"$T/monitor.events"
	: >"$T/budget.events"
	: >"$T/trace.events"
	expect 1 pod-supervise helpers --set govern status web
	pod-supervise helpers --set govern start web
	run pod-supervise helpers --set govern --json status web
	jq -es 'map(.name) == ["queue", "monitor", "budget", "trace"] and all(.state == "up")' <<<"$output"
	[ ! -e "$RUNDIR/helpers.pid" ]
	first=$(cut -d' ' -f1 "$RUNDIR/govern/helpers.pid")
	pod-supervise helpers --set govern start web
	[ "$(cut -d' ' -f1 "$RUNDIR/govern/helpers.pid")" = "$first" ]
	# The keeper killed: the next start adopts what lives.
	queue=$(pid queue)
	kill -KILL "$first"
	wait_for 5 gone "$first"
	pod-supervise helpers --set govern start web
	[ "$(pid queue)" = "$queue" ]
	pod-supervise helpers --set govern stop web
	wait_for 5 gone "$queue"
	[ -z "$(ls "$RUNDIR/govern")" ]
	# With nothing to do they rest, which is a good start, until somebody wakes them.
	touch "$T/rest"
	pod-supervise helpers --set govern start web
	run pod-supervise helpers --set govern --json status web
	jq -es 'all(.state == "resting")' <<<"$output"
	rm "$T/rest"
	pod-supervise helpers --set govern wake web
	kill -0 "$(pid monitor)"
	expect 64 pod-supervise helpers --set other start web
	pod-supervise helpers --set govern stop web
	expect 2 pod-supervise helpers --set govern wake web
}
