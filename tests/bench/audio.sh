#!/usr/bin/env bash
# What a pod's sound costs: from a tone's first sample in PipeWire to its packet at a listener (median; a packet
# is 20 ms, which are not counted), processor time of pod-audio a second of sound for one and for twenty
# listeners, and with nothing playing, and its memory.
# Ends by itself, whatever hangs: BENCH_S seconds at most.
[ -n "${BENCH_BOUNDED:-}" ] || BENCH_BOUNDED=1 exec timeout -k 60 "${BENCH_S:-240}" "$0" "$@"
. "$(dirname "$0")/lib.bash"

for program in pipewire wireplumber pipewire-pulse pactl pw-play dbus-daemon ffmpeg; do
	has $program || exit 0
done
. "$TOP/tests/lib/envpod.bash"
. "$TOP/tests/pod-audio/trio.bash"
trap 'trio_end; bench_end' EXIT
exec 3>&2
seconds=10

family() { pgrep -P "$SERVER" | tr '\n' ' '; echo "$SERVER"; }
each() { local file=$1 pid; shift; for pid; do cat "/proc/$pid/$file" 2>/dev/null || true; done; }
# shellcheck disable=SC2046
used() { each schedstat $(family) | awk '{ n += $1 } END { printf "%d\n", n / 1000 }'; }
# shellcheck disable=SC2046
memory() { each smaps_rollup $(family) | awk '/^Pss:/ { n += $2 } END { print n + 0 }'; }

# cost NAME LISTENERS: processor time a second while they listen.
cost()
{
	local n all='' before
	for n in $(seq "$2"); do
		hear opus 1000000 $((seconds + 4)) >"$T/heard.$n" 3>&- &
		all+=" $!"
	done
	sleep 2
	before=$(used)
	sleep $seconds
	printf '{"bench":"audio","name":"%s","listeners":%s,"usec_a_second":%s,"pss_kb":%s}\n' "$1" "$2" $((($(used) - before) / seconds)) "$(memory)"
	# shellcheck disable=SC2086
	wait $all
}

trio_setup
trio_start
serve
cost silence 1
tone 1000 120 "$T/tone.wav"
keep pw-play --target pod-speaker "$T/tone.wav"
cost tone 1
jq -c '{bench: "audio", name: "latency", usec: .late_us, packets, gaps}' "$T/heard.1"
cost tone 20
