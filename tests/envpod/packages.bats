#!/usr/bin/env bats
# Packages that a pod's plugins need: looked for in its view, installed into its own layer by a real apt.
load ../lib/envpod
load ../pod-plugin/helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root overlay userns apt-ftparchive dpkg-deb
	own_plugins
	mkdir -p "$T/repo" "$T/apt/sources.list.d"
	shell_plugin desktop-toy 'case $1 in
		describe) echo "{\"plugin\":\"desktop-toy\",\"abi\":1,\"summary\":\"a toy\"}" ;;
		plan) for name in toy-screen toy-panel; do
			echo "{\"need\":\"package\",\"name\":\"$name\",\"file\":\"/usr/share/$name/file\"}"
		done
		echo "{\"need\":\"package\",\"name\":\"coreutils\",\"file\":\"/usr/bin/env\"}"
		esac'
	package toy-screen
	package toy-panel
	# It says what it finds, as a package with a daemon would: may it be started?
	printf '#!/bin/sh\nsh /usr/sbin/policy-rc.d toy start; echo "$?" >/usr/share/toy-panel/policy\n' >"$T/toy-panel/DEBIAN/postinst"
	chmod 755 "$T/toy-panel/DEBIAN/postinst"
	echo "deb [trusted=yes] file:/srv/toys ./" >"$T/apt/sources.list"
	cat >"$T/pod.yaml" <<-END
		network: {mode: None}
		devices: {plugins: [desktop-toy]}
		filesystem:
		  mounts:
		    - {path: $T/repo, target: /srv/toys}
		    - {path: $T/apt, target: /etc/apt}
	END
}
teardown() { envpod_teardown; }

package()
{
	mkdir -p "$T/$1/DEBIAN" "$T/$1/usr/share/$1"
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: a toy\n' "$1" >"$T/$1/DEBIAN/control"
	echo "$1" >"$T/$1/usr/share/$1/file"
}

# repository NAME...: those packages and no others
repository()
{
	local name
	rm -f "$T/repo"/*
	for name; do
		dpkg-deb --root-owner-group -b "$T/$name" "$T/repo/${name}_1_all.deb" >/dev/null
	done
	(cd "$T/repo" && apt-ftparchive packages . >Packages)
	chmod -R a+rX "$T/repo" "$T/apt"
}

@test "init installs what the view lacks, with progress, into the pod's own layer; the host has none of it" {
	repository toy-screen toy-panel
	run -0 envpod init web -c "$T/pod.yaml"
	[[ "$output" == *"[1/1] install toy-panel, toy-screen"* ]] || [[ "$output" == *"[1/1] install toy-screen, toy-panel"* ]]
	[[ "$output" == *"pods of a base have it already"*"[1/1]"* ]]
	[[ "$output" == *"      asking for the lists of packages"* ]]
	[[ "$output" == *"      installed "*"%"* ]]
	[ "$(envpod run web -- cat /usr/share/toy-screen/file /usr/share/toy-panel/file | tr '\n' ' ')" = "toy-screen toy-panel " ]
	[ "$(envpod run web -- dpkg-query -W -f '${Status}' toy-panel)" = "install ok installed" ]
	[ ! -e /usr/share/toy-screen ]
	refute dpkg-query -W toy-screen
	# Sealed: no change of the agent's.  Nothing was started, and nothing is left of how.
	envpod diff --all --exit-code web
	[ "$(envpod run web -- cat /usr/share/toy-panel/policy)" = 101 ]
	[ ! -e /usr/sbin/policy-rc.d ] && refute envpod run web -- test -e /usr/sbin/policy-rc.d
	refute envpod run web -- test -e /var/tmp/envpod-packages
}

@test "a pod that lacks them does not run, and says what to do; envpod setup does it" {
	repository toy-screen
	run -2 envpod init web -c "$T/pod.yaml"
	[[ "$output" == *"envpod setup web"* ]]
	mkfifo "$T/status"
	cat "$T/status" >"$T/said" 3>&- &
	run -125 pod-mount enter --status-fd 9 web -- pod-exec web -- true 9>"$T/status"
	[[ "$output" == *"pod web needs packages that it does not have: toy-screen, toy-panel (envpod setup web installs them into the pod)"* ]]
	wait_for 10 grep -q '"reason_status":77' "$T/said"
	repository toy-screen toy-panel
	envpod setup web
	envpod run web -- test -e /usr/share/toy-panel/file
	# Again: nothing is lacking, nothing is done.
	run -0 envpod setup web
	[ -z "$output" ] || [[ "$output" != *"install toy"* ]]
}

@test "where apt reaches nobody it is said whom it would have to" {
	repository
	echo "deb http://packages.example/toys ./" >"$T/apt/sources.list"
	printf 'Types: deb\nURIs: https://more.example:8080/x\nSuites: ./\n' >"$T/apt/sources.list.d/more.sources"
	run -2 envpod init web -c "$T/pod.yaml"
	[[ "$output" == *"The pod's network must let apt reach more.example:8080 packages.example (network.dns.allow)"* ]]
}

@test "of a base that has them a pod needs no setup" {
	repository toy-screen toy-panel
	envpod init web -c "$T/pod.yaml" --base-name toys
	rm -f "$T/repo"/*
	envpod clone toys second
	envpod run second -- test -e /usr/share/toy-panel/file
}

@test "progress is a pod's text: shown without its control characters, and a bounded line" {
	cat >"$T/pod.yaml" <<-'END'
		network: {mode: None}
		setup: ["printf 'progress: a\\033[31mb\\n'; printf 'progress: '; head -c 3000 /dev/zero | tr '\\0' x; echo; echo 'progress:none'"]
	END
	run -0 envpod init web -c "$T/pod.yaml"
	[[ "$output" == *'      a\x1b[31mb'* ]]
	[ "$(grep -o 'x*' <<<"$output" | awk '{ if (length > n) n = length } END { print n }')" -lt 200 ]
	[[ "$output" != *"      none"* ]]
}
