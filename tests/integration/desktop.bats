#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# Real desktops in real pods, behind every wall: services, restarts, freezing, and the host afterwards.

load ../lib/envpod
bats_require_minimum_version 1.5.0

setup()
{
	need root overlay userns netns jq Xvfb openbox tint2 dbus-daemon xdpyinfo xsetroot ffmpeg
	envpod_setup
	export ENVPOD_PLUGIN_PATH=$B/plugins
	RUNDIR=$ENVPOD_RUN_DIR/web
}
teardown()
{
	exec 7>&- 8<&-
	envpod_teardown
}

# desktop YAML: a pod with one.
desktop()
{
	printf '%s\n' "$1" >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web >/dev/null
}

of() { jq -r --arg n "$1" ".services[] | select(.name == \$n) | .$2" "$RUNDIR/desktop/session.json" 2>/dev/null; }
ready() { [ "$(jq .ready "$RUNDIR/desktop/session.json" 2>/dev/null)" = true ]; }
group() { pod_group web; }
nobody_left() { ! grep -q . "$(group)"/{app,guardian}/cgroup.procs 2>/dev/null; }
# said: what services said, when a desktop does not come up.
up()
{
	wait_for 30 ready && return
	jq -c '.services[] | [.name, .state, .restarts]' "$RUNDIR/desktop/session.json" >&2
	tail -n 30 "$ENVPOD_STATE_DIR/pods/web/log/desktop.log" >&2
	return 1
}
# beside COMMAND...: as the desktop's own user, also while the pod is frozen.
beside() { pod-exec --beside guardian web -- "$@" </dev/null; }
# The colour in the middle of the screen, taken by MIT-SHM.
colour() { beside ffmpeg -v error -f x11grab -video_size 2x2 -grab_x 600 -grab_y 300 -i :99 -frames:v 1 -f rawvideo -pix_fmt rgb24 - | head -c 3 | od -An -tx1 | tr -d ' '; }
# paint COLOUR: until it is seen; the window manager may just be painting itself.
painted() { beside xsetroot -solid "#$1" && [ "$(colour)" = "$1" ]; }
paint() { wait_for 10 painted "$1"; }

@test "openbox: all services up under the default, the strict and the advanced walls; a program draws there" {
	local walls
	for walls in '' 'security: {seccomp_profile: strict}' 'filesystem: {system_access: advanced}'; do
		desktop "network: {mode: None}
devices: {desktop_env: openbox}
$walls"
		envpod start web
		up
		[ "$(jq '[.services[].restarts] | add' "$RUNDIR/desktop/session.json")" = 0 ]
		[ "$(envpod run web -- sh -c 'xdpyinfo >/dev/null && echo $DISPLAY' </dev/null)" = :99 ]
		beside xdpyinfo >"$T/extensions"
		grep -q MIT-SHM "$T/extensions"
		paint 12ab34
		envpod destroy --force web
	done
}

@test "all of it is the pod's user's, behind the filter, and only the screen's side goes on when frozen" {
	desktop 'network: {mode: None}
devices: {desktop_env: openbox}'
	envpod start web
	up
	local pid comms=
	for pid in $(cat "$(group)/guardian/cgroup.procs"); do
		comms+="$(cat "/proc/$pid/comm" 2>/dev/null) " || continue # one that does not stay
		grep -q '^Seccomp:.2' "/proc/$pid/status"
		grep -q '^NoNewPrivs:.1' "/proc/$pid/status"
		grep -q '^CapEff:.0000000000000000' "/proc/$pid/status"
		[ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" = "$(awk '/^Uid/ { print $5 }' "/proc/$pid/status")" ]
	done
	[[ $comms == *Xvfb* && $comms == *pod-display* && $comms != *openbox* && $comms != *dbus* ]]
	paint 0000ff
	envpod lock web
	# the server answers, draws and gives pictures by shared memory; what the agent may run does not move
	paint ff0000
	grep -q 'frozen 1' "$(group)/app/cgroup.events"
	run -75 envpod run web -- true
	envpod unlock web
	ready
}

@test "the X server is on no socket but its own in the pod: not the host's, not an abstract one" {
	desktop 'devices: {desktop_env: openbox}'
	local before
	before=$(grep -c X11-unix /proc/net/unix || true)
	envpod start web
	up
	[ "$(grep -c X11-unix /proc/net/unix || true)" = "$before" ]
	refute grep -q '@/tmp/.X11-unix/X99' /proc/net/unix
	envpod run web -- cat /proc/net/unix </dev/null >"$T/sockets"
	refute grep -q '@/tmp/.X11-unix' "$T/sockets"
	grep -q ' /tmp/.X11-unix/X99' "$T/sockets"
	# nor does it listen for the network
	refute envpod run web -- sh -c 'grep -q ":1773 " /proc/net/tcp /proc/net/tcp6' </dev/null
}

@test "each service killed in turn comes back, and the desktop with it" {
	desktop 'network: {mode: None}
devices: {desktop_env: openbox}'
	envpod start web
	up
	local name before
	for name in bus wm panel display x11; do
		before=$(of "$name" restarts)
		pkill -KILL -P "$(of "$name" pid)"
		wait_for 20 eval '[ "$(of '"$name"' restarts)" -gt '"$before"' ]'
		up
		beside xdpyinfo >/dev/null
	done
	paint 00ff00
}

@test "stop leaves no process, mount or socket, and the pod's changes are the agent's alone" {
	ls /tmp/.X11-unix/X99 >"$T/x11" 2>&1 || true
	desktop 'network: {mode: None}
devices: {desktop_env: openbox}'
	envpod start web
	up
	envpod run web -- sh -c 'mkdir -p /srv; echo agent >/srv/made' </dev/null
	envpod stop -t 5 web
	wait_for 10 nobody_left
	[ ! -e "$RUNDIR/desktop/helpers.pid" ]
	refute pgrep -f "pod-supervise session web.*$T"
	[ -z "$(grep " $T/" /proc/self/mounts | grep -v " $RUNDIR/ns")" ]
	ls /tmp/.X11-unix/X99 2>&1 | diff "$T/x11" -
	envpod diff web >"$T/diff"
	grep -q /srv/made "$T/diff"
	refute grep -vE '/srv/made|/home/agent/\.(cache|config|local|dbus)|^A  /srv$' "$T/diff"
}

@test "one sentence shows the desktop: a link, a login, a picture that goes on while the pod is frozen, and input that does not" {
	desktop 'network: {mode: None}
devices: {desktop_env: openbox}
web_display: {type: novnc, audio: false}'
	local link line
	link=$(envpod display web 2>"$T/progress")
	[[ $link == http://*.localhost:*/login/* ]]
	grep -q 'waiting for' "$T/progress"
	mkfifo "$T/words" "$T/answers"
	python3 "$TOP/tests/integration/viewer.py" "$link" <"$T/words" >"$T/answers" 2>"$T/viewer" 7>&- 8>&- &
	exec 7>"$T/words" 8<"$T/answers"
	read -r line <&8
	[ "$line" = 1280x720 ] || { cat "$T/viewer" >&2; return 1; }
	say() { echo "$*" >&7; read -r -t 30 line <&8 && [ "$line" = "${1%% *}" ]; }
	paint 123456
	say see 123456
	# a program that writes down what is typed at it
	envpod start web -- xterm -geometry 20x4+0+0 -e sh -c 'echo here >/tmp/typing; read -r line; echo "$line" >/tmp/typed; sleep 1000'
	wait_for 10 beside test -e /tmp/typing
	paint 777777
	say see 777777
	envpod lock web
	paint abcdef
	say see abcdef
	say type words
	say enter
	refute beside test -e /tmp/typed
	envpod unlock web
	wait_for 10 beside test -s /tmp/typed
	[ "$(beside cat /tmp/typed)" = words ]
	paint 445566
	say see 445566
	# the link was of one login
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$link")" = 410 ]
	envpod stop -t 5 web
	exec 7>&- 8<&-
}

@test "sway: the compositor and its programs, as the pod's ordinary user" {
	need sway foot swaymsg
	desktop 'network: {mode: None}
devices: {desktop_env: sway}
web_display: {resolution: 1024x768}'
	envpod start web
	wait_for 30 eval '[ "$(of sway state)" = up ]'
	size() { pod-exec --beside app web -- sh -c 'swaymsg -s "$XDG_RUNTIME_DIR"/sway*.sock -t get_outputs' </dev/null | jq -c '[.[0].current_mode.width, .[0].current_mode.height]'; }
	wait_for 10 eval '[ "$(size)" = "[1024,768]" ]'
	# it starts what its clients name: it is held with them
	envpod lock web
	refute grep -qx sway <(for pid in $(cat "$(group)/guardian/cgroup.procs"); do cat "/proc/$pid/comm"; done)
	envpod unlock web
}

@test "sound: the three of PipeWire are up, and begin anew as one" {
	need pipewire wireplumber pipewire-pulse pactl
	desktop 'network: {mode: None}
devices: {desktop_env: openbox}
web_display: {type: novnc, audio: true}'
	envpod start web
	local name
	sound() { for name in pipewire wireplumber pulse; do [ "$(of $name state)" = up ] && [ "$(of $name restarts)" = "$1" ] || return; done; }
	wait_for 30 sound 0
	wait_for 10 eval 'pod-exec --beside app web -- pactl info </dev/null | grep -q "^Default Sink: pod-speaker"'
	pkill -KILL -P "$(of wireplumber pid)"
	wait_for 30 sound 1
	wait_for 10 eval 'pod-exec --beside app web -- pactl info </dev/null | grep -q "^Default Sink: pod-speaker"'
}
