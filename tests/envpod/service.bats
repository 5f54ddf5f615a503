#!/usr/bin/env bats
# Pods as services: units that systemd takes, and what it is told.
load ../lib/envpod

setup()
{
	need root
	envpod_setup
	mkdir "$T/units"
	export ENVPOD_UNIT_DIR=$T/units
	UNIT=$T/units/envpod-pod-web.service
}
teardown()
{
	pod-supervise stop -t 1 web >/dev/null 2>&1 || true
	envpod_teardown
}

# What systemd itself says of a unit: nothing.
verified() { [ -z "$(systemd-analyze verify --man=no "$1" 2>&1 | tee /dev/stderr)" ]; }
have_systemd() { command -v systemd-analyze >/dev/null; }
value() { sed -n "s/^$1=//p" "${2:-$UNIT}"; }

# booted COMMAND...: on a host that systemd runs, with a systemctl that writes down its words.
booted()
{
	mkdir -p "$T/front"
	cat >"$T/front/systemctl" <<-'END'
	#!/bin/sh
	echo "$*" >>"$T/told"
	case $1 in show) printf 'UnitFileState=enabled\nActiveState=%s\nSubState=running\nMainPID=4711\n' "$(cat "$T/active")" ;; esac
	[ ! -e "$T/refuses" ]
	END
	chmod +x "$T/front/systemctl"
	: >"$T/told"
	# shellcheck disable=SC2016
	ENVPOD_TOOLS="$T/front" unshare -m sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec "$@"' sh "$@"
}

@test "register writes a unit that systemd takes, runs the pod in its foreground, and stops it" {
	need systemd
	envpod init web >/dev/null
	run envpod service register web
	[ "$status" -eq 0 ]
	[[ $output == "Wrote $UNIT; systemctl enable envpod-pod-web.service"* ]]
	verified "$UNIT"
	[ "$(value Type)" = exec ]
	[ "$(value ExecStart)" = "$B/bin/envpod start --foreground web" ]
	[ "$(value ExecStop)" = "$B/bin/envpod stop web" ]
	[ "$(value Restart) $(value RestartSec) $(value KillMode) $(value WorkingDirectory)" = "always 5 mixed /" ]
	[ "$(value Environment | sort | head -2 | paste -sd' ')" = "ENVPOD_CGROUP=${ENVPOD_CGROUP:-} ENVPOD_RUN_DIR=$ENVPOD_RUN_DIR" ] || [ -z "${ENVPOD_CGROUP:-}" ]
	value Environment | grep -qx "ENVPOD_STATE_DIR=$ENVPOD_STATE_DIR"
	[ "$(stat -c %a:%U "$UNIT")" = 644:root ]
	# again: another directory
	mkdir "$T/work"
	envpod service register -w "$T/work" web
	[ "$(value WorkingDirectory)" = "$T/work" ]
	verified "$UNIT"
}

@test "the words of the unit, typed: the pod runs, ends with its run's status, and stops" {
	need overlay userns
	printf 'start_command: [sh, -c, "pwd; echo up; exec sleep 1000"]\nfilesystem: {mount_cwd: no}\n' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web >/dev/null
	envpod service register web
	(cd / && eval "exec $(value ExecStart)") >"$T/said" 2>&1 3>&- &
	wait_for 10 grep -qx 'up.' "$ENVPOD_STATE_DIR/pods/web/log/run.log"
	eval "$(value ExecStop)"
	local status=0
	wait $! || status=$?
	[ "$status" -eq 143 ]
	[ "$(value SuccessExitStatus)" = 143 ]
	expect 5 envpod start --foreground web -- sh -c 'exit 5'
	expect 64 envpod start --foreground web web
	expect 64 envpod start --foreground --all
}

@test "names that mean something to systemd are only names" {
	need systemd
	local odd="$T/a b%h\$HOME \"q\" 'x' \\n;#é" bin="$T/a b%h\$HOME;é" other
	mkdir "$odd" "$bin"
	mkdir -m 700 "$odd/state"
	cp "$B"/bin/* "$bin"
	envpod --dir "$odd/state" init web >/dev/null
	"$bin/envpod" --dir "$odd/state" service register -w "$odd" web
	verified "$UNIT"
	# not vacuous: a program that is not there is found out
	sed '/^ExecStart/s/%%h/%%g/' "$UNIT" >"$T/units/other.service"
	[[ $(systemd-analyze verify --man=no "$T/units/other.service" 2>&1) == *"not executable"* ]]
	# and what stands in the other lines, read as systemd reads it
	python3 - "$UNIT" "$odd" <<-'END'
	import shlex, sys
	lines = dict(line.split("=", 1) for line in open(sys.argv[1]).read().splitlines() if "=" in line and not line.startswith("#"))
	assert lines["WorkingDirectory"].replace("%%", "%") == sys.argv[2], lines["WorkingDirectory"]
	env = [line.split("=", 1)[1] for line in open(sys.argv[1]) if line.startswith("Environment=")]
	assert ("ENVPOD_STATE_DIR=" + sys.argv[2] + "/state") in [shlex.split(e)[0].replace("%%", "%") for e in env], env
	assert [w.replace("%%", "%") for w in shlex.split(lines["RequiresMountsFor"])] == [sys.argv[2] + "/state", sys.argv[2]]
	END
	for other in $'new\nline' $'bell\a' 'backslash\' 'blank ' $'\xff'; do
		mkdir -p "$T/$other"
		expect 64 envpod --dir "$odd/state" service register -w "$T/$other" web
	done
	expect 2 envpod --dir "$odd/state" service register -w "$T/gone" web
	mkdir "$T/it's"
	cp "$B/bin/envpod" "$B/bin/pod-config" "$T/it's"
	expect 64 "$T/it's/envpod" --dir "$odd/state" service register web
}

@test "--print shows the unit and writes nothing; without systemd, nothing else can be had" {
	envpod init web >/dev/null
	run envpod service register --print web
	[ "$status" -eq 0 ]
	grep -q '^ExecStart=' <<<"$output"
	[ -z "$(ls "$T/units")" ]
	[ "$(envpod --print service register web)" = "$output" ]
	[ ! -d /run/systemd/system ] || not_here "systemd runs"
	unset ENVPOD_UNIT_DIR
	expect 77 envpod service register web
	[[ $output == *--print* ]]
	expect 77 envpod service unregister web
	[ ! -e /etc/systemd/system/envpod-pod-web.service ]
	envpod service register --print web | grep -q '^ExecStart='
	expect 2 envpod service register --print nosuch
}

@test "systemd is told: reload, enable, start; restart; disable and stop, and the unit is gone" {
	envpod init web >/dev/null
	echo active >"$T/active"
	booted envpod service register web
	[ "$(cat "$T/told")" = "daemon-reload
enable --now envpod-pod-web.service" ]
	booted envpod service restart web
	[ "$(cat "$T/told")" = "restart envpod-pod-web.service" ]
	[ "$(booted envpod service status --json web | jq -r '[.pod, .unit, .enabled, .active, .state, .pid] | join(" ")')" = "web envpod-pod-web.service enabled active running 4711" ]
	# the ordinary words are for systemd, too; but the unit's own ExecStop is not
	booted envpod stop web
	[ "$(cat "$T/told")" = "stop envpod-pod-web.service" ]
	booted envpod restart web
	[ "$(cat "$T/told")" = "restart envpod-pod-web.service" ]
	booted env "$(value Environment | grep ^ENVPOD_UNIT=)" envpod stop web
	[ ! -s "$T/told" ]
	echo failed >"$T/active"
	expect 1 booted envpod service status web
	[[ $output == *failed* ]]
	: >"$T/refuses"
	expect 2 booted envpod service unregister web
	[ -e "$UNIT" ]
	rm "$T/refuses"
	booted envpod service unregister web
	[ "$(cat "$T/told")" = "disable --now envpod-pod-web.service
daemon-reload" ]
	[ ! -e "$UNIT" ]
	expect 2 booted envpod service unregister web
	[[ $output == *"is no service"* ]]
}

@test "a pod that runs is registered, and not started a second time" {
	need overlay userns
	envpod init web >/dev/null
	envpod start web >/dev/null
	run booted envpod service register web
	[ "$status" -eq 0 ]
	[ "$(cat "$T/told")" = "daemon-reload
enable envpod-pod-web.service" ]
	[[ $output == *"runs already"* ]]
}

@test "list has what is ours; somebody else's unit is neither listed, written over nor removed" {
	envpod init web >/dev/null
	envpod init db >/dev/null
	envpod service register db >/dev/null
	printf '[Service]\nExecStart=/bin/true\n' >"$UNIT"
	: >"$T/units/envpod-pod-.service"
	ln -s /etc/passwd "$T/units/envpod-pod-link.service"
	[ "$(envpod service list --json | jq -r .pod)" = db ]
	[ "$(envpod service status --json | jq -r .pod)" = db ]
	expect 3 envpod service register web
	expect 3 envpod service unregister web
	[ "$(head -1 "$UNIT")" = "[Service]" ]
	expect 64 envpod service unregister ../web
	expect 64 envpod service register
	expect 64 envpod service what web
}

@test "destroy refuses a pod that is a service; unregister takes the unit of a pod that is gone" {
	envpod init web >/dev/null
	envpod service register web >/dev/null
	expect 3 envpod destroy web
	[[ $output == *"envpod service unregister web"* ]]
	rm -rf "$ENVPOD_STATE_DIR/pods/web"
	envpod service unregister web
	[ ! -e "$UNIT" ]
}

@test "the pod file: enabled registers at init, workdir and restart are the unit's" {
	mkdir "$T/work"
	printf 'service: {enabled: yes, workdir: %s, restart: on-failure}\n' "$T/work" >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
	[ "$(value WorkingDirectory) $(value Restart)" = "$T/work on-failure" ]
	envpod service unregister web
	[ ! -d /run/systemd/system ] || not_here "systemd runs"
	unset ENVPOD_UNIT_DIR
	run envpod init -c "$T/web.yaml" web2
	[ "$status" -eq 0 ]
	[[ $output == *"systemd does not run this host"* ]]
}
