#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Governance: from an agent's request to the executed action, from a person's approval to the same, freezing a pod
# in which two hundred processes work, and what the meter of budgets costs.  Medians; nobody else does the same, so
# ratios are to what the same pod does ungoverned: a command in it, a freeze of it at rest.
# Ends by itself, whatever hangs: BENCH_S seconds at most.
[ -n "${BENCH_BOUNDED:-}" ] || BENCH_BOUNDED=1 exec timeout -k 60 "${BENCH_S:-600}" "$0" "$@"
. "$(dirname "$0")/lib.bash"
for program in python3 jq; do has "$program" || exit 0; done

done_with_it()
{
	exec 8>&- 9<&-
	envpod kill web >/dev/null 2>&1 || true
	pod-supervise helpers --set govern stop web >/dev/null 2>&1 || true
	bench_end
}
trap done_with_it EXIT

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
now_us() { echo "${EPOCHREALTIME/./}"; }
# tell NAME UNIT MEDIAN N [OTHER]: and its ratio to another median.
tell() { jq -nc --arg bench "$1" --arg unit "$2" --argjson median "$3" --argjson n "$4" --argjson other "${5:-0}" \
	'{bench: $bench, unit: $unit, median: $median, n: $n} + if $other > 0 then {ratio: ($median / $other * 100 | round / 100)} else {} end'; }

cat >"$T/pod.yaml" <<'END'
network: {mode: None}
queue: {socket: true}
budget: {max_duration: 1d, max_cpu: 1d}
END
envpod init -c "$T/pod.yaml" web >/dev/null

# The agent: a line on stdin is a request; the answer is how many microseconds it took to be executed.
cat >"$T/agent.py" <<'END'
import json, socket, sys, time
s = socket.socket(socket.AF_UNIX); s.connect("/run/envpod/queue.sock"); f = s.makefile("rw")
def ask(o):
    f.write(json.dumps(o) + "\n"); f.flush()
    return json.loads(f.readline())
print("ready", flush=True)
for n, line in enumerate(sys.stdin):
    begin = time.monotonic()
    a = ask({"type": "call", "action": line.strip(), "params": {"path": "/tmp/f%d" % n, "content": "x"}})
    if not a.get("ok"):
        sys.exit(str(a))
    if line.strip() == "staged":
        print(a["id"], flush=True)
    w = ask({"type": "wait", "id": a["id"], "timeout": 60})
    if w.get("status") != "executed":
        sys.exit(str(w))
    print(int((time.monotonic() - begin) * 1e6), flush=True)
END
envpod actions web add staged --description "as a test" --type file_create --tier staged >/dev/null
mkfifo "$T/ask" "$T/told"
envpod run web -- python3 -uc "$(cat "$T/agent.py")" <"$T/ask" >"$T/told" &
exec 8>"$T/ask" 9<"$T/told"
read -r _ <&9 # an agent may ask for twenty things a minute: nine and nine

for _ in {1..9}; do
	begin=$(now_us)
	envpod run web -- true
	echo $(($(now_us) - begin))
done >"$T/runs"
run=$(median <"$T/runs")
tell run_in_a_live_pod us "$run" 9

for _ in {1..9}; do
	echo file_create >&8
	read -r us <&9
	echo "$us"
done >"$T/calls"
tell queue_request_to_executed us "$(median <"$T/calls")" 9 "$run"

# The approval is a command of its own: its start and its end are in the figure.
for _ in {1..9}; do
	echo staged >&8
	read -r id <&9
	begin=$(now_us)
	envpod approve --no-wait web "$id" >/dev/null
	read -r _ <&9
	echo $(($(now_us) - begin))
done >"$T/approvals"
tell queue_approval_to_executed us "$(median <"$T/approvals")" 9 "$run"
exec 8>&- 9<&-
wait

# Two hundred that work, half of them at files.
mkfifo "$T/up"
envpod run web -- sh -c 'for i in $(seq 100); do (while :; do :; done) & (while :; do : >/tmp/$i; done) & done; echo up; wait' >"$T/up" &
read -r _ <"$T/up"
freezes()
{
	local begin
	for _ in {1..10}; do
		begin=$(now_us)
		pod-limit freeze --no-undo web
		echo $(($(now_us) - begin))
		pod-limit thaw --no-undo web
	done >"$T/freezes"
	median <"$T/freezes"
}
busy=$(freezes)
envpod kill web
wait
envpod run web -- sleep 100000 &
until [ "$(pod-limit usage --json web | jq .populated)" = true ]; do :; done
idle=$(freezes)
tell freeze_idle us "$idle" 10
tell freeze_200_busy us "$busy" 10 "$idle"

# What the meter holds and uses, of a pod that works.
pid=$(jq -r '.services[] | select(.name == "budget").pid' "$ENVPOD_RUN_DIR/web/govern/services.json")
used() { awk '{ print int($1 / 1000) }' "/proc/$pid/schedstat"; }
before=$(used) begin=$(now_us)
sleep 10
tell meter_cpu_of_a_minute us "$((($(used) - before) * 60000000 / ($(now_us) - begin)))" 1
tell meter_memory KiB "$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")" 1
envpod kill web
wait
