#!/usr/bin/env bats
# pod-monitor test: what rules do to recorded samples.
load helper

setup() { envpod_setup; }
teardown() { envpod_teardown; }

@test "a program fires once for each crossing, and again only after it did not hold" {
	rules '{name: hot, when: .sample.cpu.percent > 80, response: freeze}'
	run fired < <(cpu 10 90 95 99 20 85 85)
	[ "$output" = "00:05 hot fires
00:20 hot clears
00:25 hot fires" ]
	jq -se '.[0].response == ["freeze"]' "$T/fired"
}

@test "clear: between the two bounds nothing fires again" {
	rules '{name: hot, when: .sample.cpu.percent > 80, clear: .sample.cpu.percent < 50, response: freeze}'
	run fired < <(cpu 90 60 90 70 40 90)
	[ "$output" = "00:00 hot fires
00:20 hot clears
00:25 hot fires" ]
}

@test "for: it must hold all the time" {
	rules '{name: hot, when: .sample.cpu.percent > 80, for: 10, response: alert}'
	run fired < <(cpu 90 90 10 90 90 90 90)
	[ "$output" = "00:25 hot fires" ]
}

@test "as grep: 0 when a rule fired, 1 when none did, 2 and 78 for what is none" {
	rules '{name: hot, when: .sample.cpu.percent > 80, response: freeze}'
	pod-monitor test "$T/rules.yaml" < <(cpu 90)
	expect 1 pod-monitor test "$T/rules.yaml" < <(cpu 10)
	expect 1 pod-monitor test "$T/rules.yaml" </dev/null
	for line in hm '{}' '[]' '{"ts":1}' '{"ts":"yesterday"}' 7; do
		expect 2 pod-monitor test "$T/rules.yaml" <<<"$line"
		[[ $output == *"line 1 is neither a sample nor an event"* ]]
	done
	rules '{name: hot, when: .sample.cpu.percent >, response: freeze}'
	expect 78 pod-monitor test "$T/rules.yaml" < <(cpu 10)
	[[ $output == *"rules.yaml:3:23: "*"is no jq program"* ]]
}

@test "what nothing measures is null, and fires nothing" {
	rules '{name: hot, when: .sample.memory.percent > 10, response: freeze}' \
		'{name: null, when: .sample.memory.bytes == null and .sample.io.read_rate == null, response: alert}' \
		'{name: limit, condition: {type: resource_threshold, resource: memory, max_percent: 1}, response: kill}'
	run fired < <(sample 0 '"memory":{"bytes":null}')
	[ "$output" = "00:00 null fires" ]
}

@test "a program sees the sample, the samples of five minutes, and the events since the last look" {
	rules '{name: window, when: "(.window | length) == 61 and .window[0].ts < .window[60].ts", response: alert}' \
		'{name: last, when: ".window[-1] == .sample and .sample.ts[14:19] == \"00:10\"", response: alert}' \
		'{name: events, when: "[.events[] | select(.event == \"dns_denied\") | .name] == [\"a.example\", \"b.example\"]", response: alert}'
	run fired < <(
		cpu 1 1
		event 6 dns dns_denied '"name":"a.example"'
		event 7 dns dns_denied '"name":"b.example"'
		for ((at = 10; at < 400; at += 5)); do sample $at; done
	)
	[ "$output" = "00:10 last fires
00:10 events fires
00:15 last clears
00:15 events clears
05:00 window fires" ]
}

@test "the reference's file of rules: its keys, its conditions, its responses" {
	cat >"$T/rules.yaml" <<-'Y'
	check_interval_secs: 5
	rules:
	  - name: busy
	    condition: {type: max_actions_per_minute, limit: 3}
	    response: {type: freeze}
	  - name: memory
	    condition: {type: resource_threshold, resource: memory, max_percent: 80}
	    response: {type: restrict, cpu_cores: 0.5, memory_bytes: 536870912, max_pids: 10}
	  - name: forbidden
	    condition: {type: forbidden_action, action: vault_get}
	    response: {type: freeze}
	  - name: sequence
	    condition: {type: forbidden_sequence, actions: [vault_get, http_request], window_secs: 10}
	    response: {type: freeze}
	Y
	run fired < <(
		sample 0 '"memory":{"percent":79}'
		event 1 proxy http_request
		event 2 vault vault_get
		sample 5 '"memory":{"percent":80}'
		for at in 6 7 8 9 10; do event $at trace exec; done # what runs is no action
		event 13 proxy http_request
		sample 15
		event 16 vault vault_get
		sample 20
		event 25 proxy http_request
		sample 30
		sample 90
	)
	[ "$(sort <<<"$output")" = "00:05 forbidden fires
00:05 memory fires
00:15 forbidden clears
00:15 memory clears
00:20 busy fires
00:20 forbidden fires
00:30 forbidden clears
00:30 sequence fires
01:30 busy clears
01:30 sequence clears" ]
}

@test "an action of the queue is one by its name, and by its type" {
	rules '{name: by-name, condition: {type: forbidden_action, action: deploy}, response: alert}' \
		'{name: by-type, condition: {type: forbidden_action, action: http_post}, response: alert}' \
		'{name: said, condition: {type: forbidden_action, action: evil}, response: alert}'
	run fired < <(
		event 1 queue action_submitted '"action":"deploy","type":"http_post","said":{"event":"evil","name":"evil"}'
		event 2 dns dns_query '"name":"evil"'
		sample 5
	)
	[ "$output" = "00:05 by-name fires
00:05 by-type fires" ]
}

@test "a program that never ends, and one that takes all memory, are off; the others go on" {
	rules '{name: loop, when: "last(repeat(1))", response: alert}' \
		'{name: hot, when: .sample.cpu.percent > 80, response: freeze}' \
		'{name: fat, when: "[limit(100000000; repeat(\"x\"))] | length > 0", response: alert}' \
		'{name: deep, when: "[recurse([.])] | length > 0", response: alert}' \
		'{name: regex, when: "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" | test(\"^(a|a?)+(a|aa)+b$\")", response: alert}' \
		'{name: window, when: "(.window | length) == 2", response: alert}' \
		'{name: events, when: (.events | length) == 1, response: alert}'
	run fired < <(
		event 0 dns dns_denied
		cpu 90 10 90
	)
	[ "$(grep -c off <<<"$output")" -ge 3 ]
	for rule in loop fat; do [ "$(grep -c "00:00 $rule off" <<<"$output")" = 1 ]; done
	[ "$(grep -v ' off' <<<"$output")" = "00:00 events fires
00:00 hot fires
00:05 hot clears
00:05 window fires
00:05 events clears
00:10 hot fires
00:10 window clears" ] || [ "$(grep -v ' off' <<<"$output" | sort)" = "00:00 events fires
00:00 hot fires
00:05 events clears
00:05 hot clears
00:05 window fires
00:10 hot fires
00:10 window clears" ]
}

@test "a program that fails counts as no, and says so once until it works" {
	rules '{name: keys, when: .sample.cpu.percent | keys | length > 0, response: alert}'
	run fired < <(cpu 1 2 3)
	[ "$output" = "00:00 keys fails" ]
}

@test "a program sees no environment, reads no file, takes no module" {
	mkdir "$T/home"
	echo 'def mine: true;' >"$T/home/.jq"
	echo '{"x":1}' >"$T/home/m.json"
	export HOME=$T/home SECRET=1
	rules '{name: env, when: "(env | has(\"SECRET\")) or ($ENV | has(\"SECRET\"))", response: alert}' \
		'{name: input, when: "[inputs] | length > 0", response: alert}'
	run fired < <(cpu 1 2)
	refute grep -qv 'input fails' <<<"${output:-00:00 input fails}"
	for program in mine 'import \"m\" as $m; true' 'include \"m\"; true'; do
		rules "{name: x, when: \"$program\", response: alert}"
		expect 78 pod-monitor check --file "$T/rules.yaml"
	done
}

# Dates, sorting and the like ask the C library for what it looks up when it is first wanted.
@test "what jq offers works behind the lock-down" {
	local n=0 list=() program programs=(
		'[range(5000)] | group_by(. % 7) | length == 7'
		'[range(1000)] | sort | unique | length == 1000'
		'[.window[] | .ts[:19] + \"Z\" | fromdate] | max > 4'
		'(now | localtime | mktime) > 5'
		'(now | strflocaltime(\"%Z\")) == \"UTC\"'
		'\"test\" | test(\"T\"; \"i\")'
		'[inputs] | length == 0'
		'debug | stderr | true'
		'(\"x\" * 1000 | @base64 | @base64d | length) == 1000'
		'[limit(5; ..)] | tojson | fromjson | length == 5'
		'([1, 2.5] | map(pow(.; 2) | sqrt | floor) | add) == 3'
	)
	for program in "${programs[@]}"; do
		n=$((n + 1))
		list+=("{name: r$n, when: \"$program\", response: alert}")
	done
	rules "${list[@]}"
	run fired < <(cpu 1)
	[ "$(grep -c ' fires' <<<"$output")" = "${#programs[@]}" ] || { echo "$output"; false; }
	# One that halts says no, and the next ones go on.
	rules '{name: halt, when: halt, response: alert}' '{name: error, when: "\"x\" | halt_error", response: alert}' \
		'{name: after, when: "true", response: alert}'
	run fired < <(cpu 1)
	[ "$output" = "00:00 after fires" ]
}

@test "a flood of events is counted whole, and cut for programs" {
	rules '{name: many, condition: {type: max_actions_per_minute, limit: 19999}, response: freeze}' \
		'{name: cut, when: "(.events | length) == 1000 and .events[-1].n == 20000", response: alert}'
	run fired < <(
		seq 20000 | sed 's/.*/{"v":1,"ts":"2026-01-01T00:00:01.000000Z","pod":"web","src":"dns","event":"dns_query","n":&}/'
		sample 5
	)
	[ "$output" = "00:05 many fires
00:05 cut fires" ]
}

@test "faults of a file of rules: all of them, each with its place, and what was meant" {
	cat >"$T/rules.yaml" <<-'Y'
	rules:
	  - name: a
	    wehn: .sample
	    response: frieze
	  - name: a
	    condition: {type: resource_threshold, resource: memory, limit: 4}
	    response: {type: restrict}
	  - {name: b, when: 'true', condition: {type: forbidden_action, action: x}, response: []}
	  - {name: c, when: 'true', response: {type: hook, argv: [true]}}
	Y
	expect 78 pod-monitor check --file "$T/rules.yaml"
	[[ $output == *":3:5: unknown key 'wehn' in monitor.rules[]; did you mean when?"* ]]
	[[ $output == *"did you mean freeze?"* ]]
	[[ $output == *":5:5: "*"needs resource and max_percent"* ]]
	[[ $output == *"limit does not belong to resource_threshold"* ]]
	[[ $output == *"the response restrict needs cpu_cores or memory_bytes or max_pids"* ]]
	[[ $output == *"either 'when' or 'condition'"* ]]
	[[ $output == *"a rule without a response"* ]]
	[[ $output == *"absolute path"* ]]
	[[ $output == *"two of the name a"* ]]
}
