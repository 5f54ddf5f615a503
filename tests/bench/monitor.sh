#!/usr/bin/env bash
# What a monitor costs: processor time a look and memory, for one pod and for a hundred; how fast it
# reads a flood of events; how long a freeze takes, idle and under a fork bomb.
# Ends by itself, whatever hangs: BENCH_S seconds at most.
[ -n "${BENCH_BOUNDED:-}" ] || BENCH_BOUNDED=1 exec timeout -k 60 "${BENCH_S:-900}" "$0" "$@"
. "$(dirname "$0")/lib.bash"

pods=${PODS:-100}
seconds=${SECONDS_EACH:-20} # of each of three rounds, whose median is told

# rules NAME INTERVAL: a pod with three programs and two ready conditions.
rules()
{
	cat >"$T/$1.yaml" <<-END
	name: $1
	network: {mode: None}
	processor: {max_pids: 400}
	monitor:
	  check_interval: $2
	  rules:
	    - {name: cpu, when: .sample.cpu.percent > 99, for: 1h, response: alert}
	    - {name: mean, when: "([.window[].cpu.percent // 0] | add / length) > 99", response: alert}
	    - {name: names, when: "[.events[] | select(.event == \"dns_denied\")] | length > 1000", response: alert}
	    - {name: many, condition: {type: max_actions_per_minute, limit: 1000000}, response: alert}
	    - {name: memory, condition: {type: resource_threshold, resource: memory, max_percent: 99}, response: alert}
	END
	envpod init "$1" -c "$T/$1.yaml" >/dev/null
}

# Processor time of processes in microseconds, and their share of memory in KB.
of_each() { local file=$1 pid; shift; for pid; do cat "/proc/$pid/$file" 2>/dev/null || true; done; }
used() { of_each schedstat "$@" | awk '{ n += $1 } END { printf "%d\n", n / 1000 }'; }
memory() { of_each smaps_rollup "$@" | awk '/^Pss:/ { n += $2 } END { print n + 0 }'; }
family() { local pid; for pid; do echo "$pid"; pgrep -P "$pid"; done; }

# cost NAME INTERVAL PID...: what these watchers use while nothing happens; of the second, the ratio to the
# first, which is one.
cost()
{
	local name=$1 interval=$2 all before rounds=()
	shift 2
	mapfile -t all < <(family "$@")
	for _ in 1 2 3; do
		before=$(used "${all[@]}")
		sleep "$seconds"
		rounds+=($(($(used "${all[@]}") - before)))
	done
	jq -cn --arg name "$name" --argjson rounds "[$(IFS=,; echo "${rounds[*]}")]" --argjson kb "$(memory "${all[@]}")" --argjson one "${ONE:-0}" \
		--argjson pods $# --argjson looks $((seconds / interval)) --argjson seconds "$seconds" \
		'($rounds | sort[1]) as $us | ($us / $looks / $pods) as $look |
		 {bench: $name, pods: $pods, cpu_ms_a_look: ($look | round / 1000),
		  cpu_percent_each: ($us / 10000 / $seconds / $pods * 1000 | round / 1000), memory_kb_each: ($kb / $pods | round)} +
		  if $one > 0 then {ratio_to_one: ($look / $one * 100 | round / 100)} else {} end' | tee "$T/cost"
	ONE=${ONE:-$(jq '.cpu_ms_a_look * 1000' "$T/cost")}
}

# watch POD: until its rules are in force; its pid is added to WATCHERS.
WATCHERS=()
watch()
{
	local byte
	mkfifo "$T/ready"
	pod-monitor watch --ready-fd 8 "$1" 8>"$T/ready" &
	WATCHERS+=($!)
	read -r -N1 byte <"$T/ready" || true
	rm "$T/ready"
}
bench_stop() { [ ${#WATCHERS[@]} = 0 ] || kill "${WATCHERS[@]}" 2>/dev/null || true; bench_end; }
trap bench_stop EXIT

# kept POD: the watcher that the pod's keeper has started.
kept() { pod-supervise helpers --set govern --json status "$1" | jq -r 'select(.name == "monitor").pid'; }

rules one 1
envpod run one -- sleep 100000 &
until [ "$(pod-monitor sample one | jq '.running and .events.count > 0')" = true ]; do :; done
cost monitor_one 1 "$(kept one)"

# A flood, from its last line to the sample that has it.
read -r total < <(pod-monitor sample one | jq .events.count)
yes '{"src":"bench","event":"hay","name":"a name of usual length.example"}' | head -100000 >"$T/flood"
begin=$(date +%s%N)
pod-audit append one <"$T/flood"
appended=$(date +%s%N)
until [ "$(pod-monitor sample one | jq .events.count)" -ge $((total + 100000)) ]; do :; done
jq -cn --argjson append $(((appended - begin) / 1000000)) --argjson seen $((($(date +%s%N) - appended) / 1000000)) \
	'{bench: "monitor_flood_100000", append_ms: $append, seen_after_ms: $seen}'
# Freezing: what a rule's response takes.
freeze()
{
	local begin
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		begin=$(date +%s%N)
		pod-limit freeze one
		echo $((($(date +%s%N) - begin) / 1000))
		pod-limit thaw one
	done | sort -n | jq -cs --arg name "$1" --argjson idle "${IDLE:-0}" '{bench: $name, median_ms: (.[5] / 1000), max_ms: (.[-1] / 1000)} +
		if $idle > 0 then {ratio: (.[5] / 1000 / $idle * 100 | round / 100)} else {} end' | tee "$T/freeze"
	IDLE=${IDLE:-$(jq .median_ms "$T/freeze")}
}
freeze monitor_freeze_idle
# shellcheck disable=SC2016
envpod run one -- sh -c 'b() { b | b & }; b; sleep 1000' >/dev/null 2>&1 &
until [ "$(pod-limit usage --json one | jq .pids)" -ge 300 ]; do :; done
freeze monitor_freeze_fork_bomb
envpod kill one

rules p1 5
watch p1
for ((i = 2; i <= pods; i++)); do
	envpod clone p1 "p$i" >/dev/null
	watch "p$i"
done
cost "monitor_$pods" 5 "${WATCHERS[@]}"
