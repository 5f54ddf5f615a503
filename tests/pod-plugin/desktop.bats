#!/usr/bin/env bats
# The plugins of desktops: what they say, and that a pod with it has a desktop.
load ../lib/envpod
load helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root
	own_plugins
}
teardown()
{
	[ ! -e "$ENVPOD_RUN_DIR/web/init.pid" ] || envpod stop web >/dev/null 2>&1 || true
	envpod_teardown
}

# The X server of a pod, by its number out here.
server() { pgrep -x Xvfb --ns "$1" --nslist pid; }
# other INIT PID: one stands, and it is another.
other() { local now; now=$(server "$1") && [ "$now" != "$2" ]; }

@test "each says what it needs, within what its kind may have" {
	local plugin word
	for plugin in desktop-openbox desktop-xfce desktop-sway audio-pipewire web-novnc; do
		word=
		[ "$plugin" != web-novnc ] || word="page=yes clipboard=no"
		# shellcheck disable=SC2086 # its words
		pod-plugin plan --judge "$plugin" uid=4711 resolution=800x600 $word >"$T/$plugin"
		[ -s "$T/$plugin" ]
		refute grep -q '[{][a-z]*[}]' "$T/$plugin"
		pod-plugin probe "$plugin" | grep -q "^$plugin: here$"
		run -2 pod-plugin plan "$plugin" uid=root
		[[ "$output" == *"plugin $plugin: 'uid=root' is no option"* ]]
		run -2 pod-plugin plan "$plugin" resolution=800
		run -2 pod-plugin plan "$plugin" password=1
	done
	for plugin in desktop-openbox desktop-xfce; do
		[ "$(jq -r 'select(.name == "DISPLAY") | .value' "$T/$plugin")" = :99 ]
		[ "$(jq -r 'select(.name == "DBUS_SESSION_BUS_ADDRESS") | .value' "$T/$plugin")" = unix:path=/run/user/4711/bus ]
	done
	jq -r 'select(.name == "sway") | .command' "$T/desktop-sway" | grep -q 'POD_RESOLUTION=800x600'
	[ "$(jq -r 'select(.need == "service") | .with' "$T/audio-pipewire" | sort -u)" = sound ]
}

@test "web-novnc: a service of the page for what the page has" {
	pod-plugin plan web-novnc page=yes audio=yes upload=no clipboard=no >"$T/plan"
	[ "$(jq -r '"\(.name) \(.listen)"' "$T/plan" | tr '\n' ' ')" = "display display audio audio " ]
	pod-plugin plan web-novnc page=no audio=no upload=no >"$T/plan"
	[ "$(jq -r '"\(.name) \(.listen)"' "$T/plan" | tr '\n' ' ')" = "display null " ]
	run -2 pod-plugin plan web-novnc page=maybe
	pod-plugin plan web-novnc page=yes clipboard=yes | jq -r .command | grep -qx 'pod-display serve --clipboard --size 1280x720'
	pod-plugin plan web-novnc page=yes clipboard=no | jq -r .command | grep -qx 'pod-display serve --size 1280x720'
}

@test "an X server is as large as any viewer may want, or larger where the pod file says so" {
	pod-plugin plan desktop-openbox resolution=1280x720 | grep -q -- '-screen 0 3840x2160x24'
	pod-plugin plan desktop-openbox resolution=5120x1440 | grep -q -- '-screen 0 5120x2160x24'
}

@test "what may run at an agent's word is frozen with the pod: only the X server and what serves the page guard" {
	local plugin
	for plugin in desktop-openbox desktop-xfce desktop-sway audio-pipewire "web-novnc page=yes audio=yes upload=yes clipboard=yes"; do
		# shellcheck disable=SC2086 # a plugin and its words
		pod-plugin plan $plugin
	done | jq -r 'select(.group == "guardian") | .name' | sort -u >"$T/guards"
	[ "$(tr '\n' ' ' <"$T/guards")" = "audio display upload x11 " ]
}

@test "a pod with openbox: its user's places, variables, name and home; and what was judged" {
	need overlay userns
	printf 'network: {mode: None}\ndevices: {desktop_env: openbox}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	envpod run --user agent web -- sh -c 'stat -c "%n %a %u" /run/user/60000 ~ /tmp/.X11-unix /tmp/.ICE-unix
		echo "$DISPLAY $XDG_RUNTIME_DIR $XDG_SESSION_TYPE"
		id -un; wc -c </etc/machine-id; ls /run/envpod/desktop/openbox/rc.xml; echo $(df --output=size -k /dev/shm)
		touch /run/envpod/desktop/x 2>/dev/null || echo closed' >"$T/out"
	diff - "$T/out" <<-'END'
		/run/user/60000 700 60000
		/home/agent 755 60000
		/tmp/.X11-unix 1777 0
		/tmp/.ICE-unix 1777 0
		:99 /run/user/60000 x11
		agent
		33
		/run/envpod/desktop/openbox/rc.xml
		1K-blocks 262144
		closed
	END
	[ -z "$(envpod diff --all web)" ]
	grep -q '^package xvfb /usr/bin/Xvfb$' "$ENVPOD_RUN_DIR/web/needs"
	grep -q '^service wm app - x11\\040bus - - openbox ' "$ENVPOD_RUN_DIR/web/needs"
}

@test "a user whom /etc/passwd does not know has a name all the same: a bus starts for no other" {
	need overlay userns dbus-daemon
	printf 'network: {mode: None}\ndevices: {desktop_env: openbox}\n' >"$T/pod.yaml"
	SUDO_UID=54321 SUDO_GID=54321 envpod init web -c "$T/pod.yaml"
	refute getent passwd 54321
	envpod run web -- sh -c 'id -u; getent passwd 54321 | cut -d: -f 3-4
		timeout 20 dbus-run-session -- sh -c "echo bus"' >"$T/out"
	[ "$(tr '\n' ' ' <"$T/out")" = "54321 54321:54321 bus " ]
	printf 'user: "54322"\nnetwork: {mode: None}\ndevices: {desktop_env: openbox}\n' >"$T/pod.yaml"
	envpod init other -c "$T/pod.yaml"
	[ "$(envpod run other -- id -un)" = user54322 ]
}

@test "a pod without a desktop has none of its places" {
	need overlay userns
	envpod init web
	envpod run web -- sh -c 'ls -d /tmp/.X11-unix /tmp/.ICE-unix /run/envpod/desktop /home/agent; grep agent /etc/passwd' >"$T/out" 2>&1 || true
	[ "$(grep -c 'No such file' "$T/out")" = 4 ]
	[ "$(wc -l <"$T/out")" = 4 ]
}

@test "a host without a machine-id: the pod has one of its own, the same each time" {
	need overlay userns
	printf 'network: {mode: None}\ndevices: {desktop_env: openbox}\n' >"$T/pod.yaml"
	unshare -m --propagation private bash -euo pipefail -c '
		mkdir "$T/up" "$T/work"
		mount -t tmpfs none "$T/work"
		mkdir "$T/work/u" "$T/work/w"
		mount -t overlay -o lowerdir=/etc,upperdir="$T/work/u",workdir="$T/work/w" etc /etc
		rm /etc/machine-id
		envpod init web -c "$T/pod.yaml"
		envpod run web -- cat /etc/machine-id >"$T/first"
		envpod run web -- cat /etc/machine-id >"$T/second"'
	grep -qE '^[0-9a-f]{32}$' "$T/first"
	cmp "$T/first" "$T/second"
}

@test "the X server of a pod on the host's network listens on its file, and on no abstract socket" {
	need overlay userns Xvfb
	printf 'network: {mode: Unsafe}\ndevices: {desktop_env: openbox}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	envpod start --unsafe web
	local init first
	wait_for 20 test -s "$ENVPOD_RUN_DIR/web/init.pid"
	read -r init _ <"$ENVPOD_RUN_DIR/web/init.pid"
	wait_for 20 server "$init"
	first=$(server "$init")
	wait_for 20 nsenter -t "$init" -m test -S /tmp/.X11-unix/X99
	find "/proc/$first/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' | sort -u >"$T/sockets"
	# Of those that listen.
	[ "$(awk 'NR == FNR { mine[$1]; next } $4 == "00010000" && $7 in mine { print $8 }' "$T/sockets" /proc/net/unix)" = /tmp/.X11-unix/X99 ]
	# One that was killed leaves its lock and its socket behind: the next one stands all the same.
	kill -KILL "$first"
	wait_for 20 other "$init" "$first"
	wait_for 20 envpod run --unsafe web -- python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("/tmp/.X11-unix/X99")'
	envpod stop web
}
