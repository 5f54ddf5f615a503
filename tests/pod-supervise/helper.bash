# shellcheck shell=bash
# A pod made by hand: pod-supervise needs no more than its directory.
supervise_setup()
{
	envpod_setup
	POD=$ENVPOD_STATE_DIR/pods/web
	mkdir -p "$POD"
	RUNDIR=$ENVPOD_RUN_DIR/web
	LOG=$POD/log/run.log
	FIFOS=()
}

# Also the supervisors of the second and later runs, and whoever is still attached.
supervise_teardown()
{
	local file pid
	for file in "$RUNDIR"/supervise*.pid; do
		[ -s "$file" ] || continue
		read -r pid _ <"$file" || true
		kill -KILL "${pid:-0}" 2>/dev/null || true
	done
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	envpod_teardown
}
PIDS=()

supervisor() { cut -d' ' -f1 "$RUNDIR/supervise${1:+.$1}.pid"; }
relay() { pgrep -P "$(supervisor)" -x pod-relay; }
ended() { [ ! -e "$RUNDIR/supervise${1:+.$1}.pid" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
log_has() { grep -qF -- "$1" "$LOG"; }
last_status() { cut -d' ' -f1 "$POD/log/run${1:+.$1}.status"; }

# ends_with STATUS PID: of a child in the background; run cannot wait for it, being a subshell.
ends_with()
{
	local got=0
	wait "$2" || got=$?
	[ "$got" = "$1" ] || { echo "want status $1, got $got" >&2; return 1; }
}
