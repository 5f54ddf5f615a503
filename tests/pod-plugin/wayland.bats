#!/usr/bin/env bats
# display-wayland: the invoking user's own compositor in a pod, and no other socket of anybody's.
load ../lib/envpod
load helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root overlay userns sway python3
	own_plugins
	printf 'network: {mode: None}\ndevices: {display: yes, display_protocol: wayland}\n' >"$T/pod.yaml"
	# What a client of the compositor says first, and what it offers.
	cat >"$T/client.py" <<-'PY'
		import os, socket, struct
		s = socket.socket(socket.AF_UNIX)
		s.connect(os.environ["WAYLAND_DISPLAY"])
		s.sendall(struct.pack("=IHHI", 1, 1, 12, 2) + struct.pack("=IHHI", 1, 0, 12, 3))
		data = b""
		while b"xdg_wm_base" not in data:
		    data += s.recv(4096)
		print("compositor" if b"wl_compositor" in data else "none")
	PY
	chmod 755 "$T"
}
teardown() { envpod_teardown; }

# seat SCRIPT: bash, on a machine where user 1234 has a runtime directory; `compositor` starts one there.
seat()
{
	SUDO_UID=1234 SUDO_GID=1234 unshare -m --propagation private bash -euo pipefail -c '
		mount -t tmpfs -o mode=755 user /run/user
		install -d -m 700 -o 1234 -g 1234 /run/user/1234
		compositor()
		{
			setpriv --reuid 1234 --regid 1234 --clear-groups --pdeathsig KILL env -i PATH="$PATH" HOME=/run/user/1234 \
				XDG_RUNTIME_DIR=/run/user/1234 WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 \
				sway -c /dev/null >"$T/sway.log" 2>&1 3>&- &
			for i in $(seq 400); do [ ! -S /run/user/1234/wayland-1 ] || return 0; sleep 0.05; done
			cat "$T/sway.log" >&2
			return 1
		}
		cd "$T"
		eval "$0"' "$1"
}

@test "a program of the pod is a client of the compositor, and sees no other socket of the user's" {
	run -0 seat '
		compositor
		python3 -c "import socket; s = socket.socket(socket.AF_UNIX); s.bind(\"/run/user/1234/bus\")"
		pod-plugin probe --user 1234:1234 display-wayland
		envpod init web -c pod.yaml
		envpod run web -- python3 -c "$(cat client.py)"
		envpod run web -- sh -c "echo \$WAYLAND_DISPLAY \$XDG_RUNTIME_DIR; ls /run/user/1234 /run/envpod/host; id -u
			rm -f \$WAYLAND_DISPLAY" 2>/dev/null || true
		[ ! -S /run/user/1234/wayland-1 ] || echo stands'
	[[ "$output" == *"display-wayland: here"*"/run/user/1234/wayland-1"* ]]
	[[ "$output" == *$'compositor\n/run/envpod/host/wayland-1 /run/user/1234\n/run/envpod/host:\nwayland-1\n\n/run/user/1234:\n1234\nstands' ]]
}

@test "without a compositor the pod does not run; another's socket, a link and a file are none" {
	run -0 seat '
		envpod init web -c pod.yaml
		envpod run web -- true || echo "status $?"
		make() { rm -f /run/user/1234/wayland-0; python3 -c "import socket; s = socket.socket(socket.AF_UNIX); s.bind(\"/run/user/1234/$1\")"; }
		make wayland-0; chown 4321 /run/user/1234/wayland-0
		envpod run web -- true || echo "status $?"
		make real; ln -s real /run/user/1234/wayland-0
		envpod run web -- true || echo "status $?"
		rm /run/user/1234/wayland-0; echo >/run/user/1234/wayland-0
		envpod run web -- true || echo "status $?"'
	[ "$(grep -c '^status 125$' <<<"$output")" = 4 ]
	[ "$(grep -c 'devices.display: not on this machine' <<<"$output")" = 3 ]
	[[ "$output" == *"the socket /run/user/1234/wayland-0: it belongs to somebody else than the pod's owner"* ]]
}

@test "what a plugin names is not believed: not another's directory, not what lies deeper, not for root" {
	shell_plugin display-toy 'echo "{\"need\":\"socket\",\"path\":\"/run/user/4321/wayland-0\",\"as\":\"/run/envpod/host/wayland-0\"}"'
	printf 'network: {mode: None}\ndevices: {plugins: [display-toy]}\n' >"$T/pod.yaml"
	run -0 seat '
		install -d -m 700 -o 4321 -g 4321 /run/user/4321
		python3 -c "import socket; s = socket.socket(socket.AF_UNIX); s.bind(\"/run/user/4321/wayland-0\")"
		chown 1234 /run/user/4321/wayland-0
		envpod init web -c pod.yaml
		envpod run web -- true || echo "status $?"
		SUDO_UID=0 SUDO_GID=0 envpod init other -c pod.yaml
		SUDO_UID=0 SUDO_GID=0 envpod run other -- true || echo "status $?"'
	[[ "$output" == *"it lies outside of the runtime directory of the pod's owner"* ]]
	[[ "$output" == *"root's display is nobody else's"* ]]
	[ "$(grep -c '^status 125$' <<<"$output")" = 2 ]
}

@test "auto: the compositor where there is one, else a screen of the pod's own" {
	printf 'devices: {display: yes}\n' >"$T/pod.yaml"
	seat '
		pod-config compile --into "$T" --name web --file pod.yaml
		cp plan without
		compositor
		pod-config compile --into "$T" --name web --file pod.yaml
		cp plan with'
	grep -qx 'plugin devices.display display-wayland uid=1234' "$T/with"
	refute grep -q '^desktop ' "$T/with"
	grep -qx 'desktop yes' "$T/without"
	grep -q '^plugin web_display web-novnc page=yes' "$T/without"
	refute grep -q 'display-wayland' "$T/without"
	printf 'devices: {display: yes, display_protocol: wayland, desktop_env: openbox}\n' >"$T/pod.yaml"
	expect 78 pod-config check "$T/pod.yaml"
	[[ "$output" == *"leave one of them out"* ]]
}
