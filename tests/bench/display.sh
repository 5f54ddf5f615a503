#!/usr/bin/env bash
# A 1280x720 screen for viewers: ours, x11vnc and TigerVNC's Xvnc (an X server and an encoder in one),
# each with the same viewer (Tight, quality 6, nothing decoded) and the same program on its screen, in
# turns: first frame, a full-screen change 60 times a second, typing, from a key to its update, four
# viewers, one beside a viewer that never reads; what the servers take of a processor meanwhile, and of
# memory.  (Xvnc counts updates, of which it may send several for one change.)  At last ours as a part of the others', with the budgets.  PEERS="ours xvnc" measures these alone.
. "$(dirname "$0")/lib.bash"
has Xvfb && has python3 || exit 0
seconds=${SECONDS_EACH:-5} rounds=${ROUNDS:-2} size=1280x720
pids=()
display_end()
{
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	pids=()
}
trap 'display_end; bench_end' EXIT
cd "$T"
export PYTHONPATH=$TOP/tests/lib XDG_RUNTIME_DIR=$T
unset XAUTHORITY

# up SERVER COMMAND... with the X server's number on descriptor 9.
up()
{
	rm -f number
	mkfifo number
	"$@" -displayfd 9 -nolisten tcp 9<>number >/dev/null 2>&1 &
	pids+=($!)
	X=$!
	read -r DISPLAY <number
	export DISPLAY=:$DISPLAY
}

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# start PEER: where (a path, or a port) and which processes.
start()
{
	case $1 in
	ours)
		up Xvfb -screen 0 ${size}x24 -noreset
		rm -f sock
		python3 "$TOP/tests/lib/hand.py" "$T/sock" display pod-display serve 2>/dev/null & pids+=($!)
		where=$T/sock
		;;
	x11vnc)
		up Xvfb -screen 0 ${size}x24 -noreset
		where=$(port)
		x11vnc -display "$DISPLAY" -rfbport "$where" -localhost -nopw -forever -shared -quiet -noipv6 -no6 >/dev/null 2>&1 & pids+=($!)
		;;
	xvnc)
		where=$(port)
		up Xtigervnc -geometry $size -depth 24 -SecurityTypes None -rfbport "$where" -localhost -AlwaysShared
		;;
	esac
}

measure()
{
	local peer=$1
	start "$peer"
	python3 "$TOP/tests/bench/display.py" "$peer" "$where" "$seconds" "${pids[@]}"
	display_end
}

peers=${PEERS:-ours x11vnc xvnc}
for round in $(seq "$rounds"); do
	for peer in $peers; do
		case $peer in
		x11vnc) has x11vnc || continue ;;
		xvnc) has Xtigervnc || continue ;;
		esac
		measure "$peer" | tee -a results
	done
done
jq -cs '
def median: sort | if length == 0 then null else .[length / 2 | floor] end;
def value($bench; $name; $what): [.[] | select(.bench == $bench and .name == $name)[$what] | select(. != null)] | median;
def against($bench; $what; $peer; $budget):
	value($bench; "ours"; $what) as $x | value($bench; $peer; $what) as $y | select($x != null and $y != null and $y > 0) |
	{bench: "display_ratio", of: $bench, what: "ours / \($peer) \($what)", ratio: ($x / $y * 1000 | round / 1000)} +
	(if $budget == null then {} else {budget: "<= \($budget)", holds: ($x / $y <= $budget)} end);
def holds($bench; $what; $op; $n): value($bench; "ours"; $what) as $x | select($x != null) |
	{bench: "display_budget", of: $bench, what: $what, value: $x, budget: "\($op) \($n)", holds: (if $op == ">=" then $x >= $n else $x <= $n end)};
holds("display_video"; "fps"; ">="; 50), holds("display_four"; "fps"; ">="; 20), holds("display_key"; "p50_ms"; "<="; 10),
holds("display_first"; "p50_ms"; "<="; 50),
(("x11vnc", "xvnc") as $peer | against("display_video"; "fps"; $peer; null),
	against("display_video"; "cpu_per_frame_ms"; $peer; if $peer == "xvnc" then 1 else null end), against("display_key"; "p50_ms"; $peer; null),
	against("display_first"; "p50_ms"; $peer; null), against("display_four"; "fps"; $peer; null), against("display_stuck"; "fps"; $peer; null),
	against("display_memory"; "resident_kib"; $peer; null))' results
