#!/usr/bin/env bash
# A pod's desktop: from `envpod display` to its link and to a picture in a browser, the memory of the whole stack, a key's
# way to the picture, a sound's way to the ear.  Ends by itself, whatever hangs: BENCH_S seconds at most.
[ -n "${BENCH_BOUNDED:-}" ] || BENCH_BOUNDED=1 exec timeout -k 60 "${BENCH_S:-600}" "$0" "$@"
. "$(dirname "$0")/lib.bash"
. "$TOP/tests/lib/envpod.bash"
. "$TOP/tests/browser/browser.bash"

rounds=${ROUNDS:-7}
for program in Xvfb openbox node chromium xterm pacat; do has "$program" || exit 0; done
have_browser || { echo "bench: tests/browser is not built (make unit)" >&2; exit 0; }

cat >"$T/desk.yaml" <<END
name: desk
network: {mode: None}
devices: {desktop_env: openbox}
web_display: {type: novnc, resolution: 1280x720, audio: yes}
END
envpod init desk -c "$T/desk.yaml" >/dev/null

ms() { echo $(((${EPOCHREALTIME/./} - $1) / 1000)); }

# From nothing running to a link that shows a desktop.
usable()
{
	local i begin times=()
	for ((i = 0; i < rounds; i++)); do
		begin=${EPOCHREALTIME/./}
		envpod display desk >"$T/link" 2>/dev/null
		times+=("$(ms "$begin")")
		[ $i = $((rounds - 1)) ] || envpod stop desk >/dev/null
	done
	jq -cn --argjson all "[$(IFS=,; echo "${times[*]}")]" \
		'{bench: "envpod display, until it is usable", n: ($all | length), p50_ms: ($all | sort[length / 2 | floor]), max_ms: ($all | max)}'
}

# Each process below these, with its share of what is shared.
family() { local pid; for pid; do echo "$pid"; mapfile -t below < <(pgrep -P "$pid"); [ ${#below[@]} = 0 ] || family "${below[@]}"; done; }
pss() { local pid; for pid; do cat "/proc/$pid/smaps_rollup" 2>/dev/null || true; done | awk '/^Pss:/ { n += $2 } END { print n + 0 }'; }

memory()
{
	local keeper name pid
	keeper=$(cut -d ' ' -f 1 "$ENVPOD_RUN_DIR/desk/desktop/helpers.pid")
	jq -r '.services[] | "\(.name) \(.pid)"' "$ENVPOD_RUN_DIR/desk/desktop/session.json" | while read -r name pid; do
		# shellcheck disable=SC2046
		echo "\"$name\": $(pss $(family "$pid"))"
	done | paste -sd , >"$T/each"
	# shellcheck disable=SC2046
	jq -cn --argjson each "{$(cat "$T/each")}" --argjson all "$(pss $(family "$keeper"))" \
		'{bench: "memory of a desktop (Pss, KB)", services: $each, host_side: ($all - ([$each[]] | add)), all: $all}'
}

usable
memory
browser_start
trap 'browser_stop; bench_end' EXIT
for case in key sound; do
	browser_case bench.mjs "$case" POD=desk LINK="$(pod-web link desk)"
done
