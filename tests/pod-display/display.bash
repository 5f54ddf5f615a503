# shellcheck shell=bash
# X servers of a test's own; what was started is ended by display_teardown.

# begin NAME COMMAND...: in the background, its words in $T/NAME.log, its number in $NAME_PID.
begin()
{
	local name=$1
	shift
	"$@" >"$T/$name.log" 2>&1 3>&- &
	declare -g "${name}_PID=$!"
	DISPLAY_PIDS+=("$!")
}

# xserver SIZE [cookie]: DISPLAY is its name.
xserver()
{
	local number auth=()
	need Xvfb
	unset XAUTHORITY
	if [ "${2:-}" = cookie ]; then
		# The number is known only when it runs: a cookie for all of them.
		number=$(printf '%032x' $RANDOM)
		export XAUTHORITY=$T/cookies
		# shellcheck disable=SC2001
		printf '\377\377\0\0\0\0\0\022MIT-MAGIC-COOKIE-1\0\020%b' "$(sed 's/../\\x&/g' <<<"$number")" >"$XAUTHORITY"
		auth=(-auth "$XAUTHORITY")
	fi
	# Not the first that is free: a test that restarts its own would find another test's there.
	mkfifo "$T/ready"
	for _ in 1 2 3 4 5; do
		begin X Xvfb ":$((RANDOM % 30000 + 10000))" -displayfd 9 -screen 0 "$1" -nolisten tcp -noreset "${auth[@]}" 9<>"$T/ready"
		! read -r number <"$T/ready" || break
	done
	rm "$T/ready"
	export DISPLAY=:$number
}

display_teardown()
{
	local pid
	for pid in "${DISPLAY_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || continue
		wait "$pid" 2>/dev/null
	done
	return 0
}

# serve [OPTION]...: pod-display serve, reached at $T/sock.
serve()
{
	mkdir -p -m 700 "$T/runtime"
	export XDG_RUNTIME_DIR=$T/runtime
	begin serve python3 "$TOP/tests/lib/hand.py" "$T/sock" display "${TOOL:-pod-display}" serve "$@"
	wait_for 20 test -S "$T/runtime/envpod-display" # it is made later than the other
}

# viewers <<EOF: a Python script of rfb.py and xclient.py, with SOCK.
viewers()
{
	{ printf 'import os, sys, time, struct\nfrom rfb import *\nfrom xclient import X\nSOCK = os.environ["T"] + "/sock"\n'; cat; } >"$T/script.py"
	PYTHONPATH=$TOP/tests/lib timeout 60 python3 "$T/script.py"
}

# compositor [CONFIG-LINE]...: a headless sway, which refuses to be root's; WAYLAND_DISPLAY is its socket, WAY its directory.
compositor()
{
	need sway foot swaybg setpriv
	unset DISPLAY
	WAY=$T/way
	mkdir -m 700 "$WAY"
	printf '%s\n' 'output HEADLESS-1 resolution 640x480 position 0,0' 'output * bg #204060 solid_color' "$@" >"$T/sway.conf"
	chown 64321 "$WAY"
	begin SWAY setpriv --reuid=64321 --regid=64321 --clear-groups --no-new-privs env -i PATH="$PATH" HOME="$WAY" XDG_RUNTIME_DIR="$WAY" \
		LC_ALL=C.UTF-8 WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 sway -c "$T/sway.conf"
	wait_for 20 test -S "$WAY/wayland-1"
	export WAYLAND_DISPLAY=$WAY/wayland-1 XDG_RUNTIME_DIR=$WAY
}
