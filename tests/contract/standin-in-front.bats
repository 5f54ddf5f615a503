#!/usr/bin/env bats
# A tool put in front by ENVPOD_TOOLS is the one that is used: every event of every program of ours
# goes through the shell pod-audit, and what both have written is one log.
load contract

setup()
{
	envpod_setup
	export ENVPOD_TOOLS=$BATS_TEST_DIRNAME/standin STANDIN_TRACE=$T/trace
	mkdir -p "$ENVPOD_STATE_DIR/pods/web"
	LOG=$ENVPOD_STATE_DIR/pods/web/audit/000001.jsonl
}
teardown() { envpod_teardown; }

built()
{
	local tool
	for tool; do
		[ -x "$B/bin/$tool" ] || need "$tool"
	done
}
named() { jq -r .event "$LOG" | grep -qx "$1"; }

# The stand-in does not seal: what it writes to is a log that never had a seal.
@test "both write to one log, both find it whole" {
	mkdir -m 700 "${LOG%/*}"
	printf '{"src":"a","event":"one"}\n' | "$B/bin/pod-audit" append web
	printf '{"src":"a","event":"two"}\n' | "$ENVPOD_TOOLS/pod-audit" append web
	printf '{"src":"a","event":"three"}\n' | "$B/bin/pod-audit" append web
	"$B/bin/pod-audit" verify web
	"$ENVPOD_TOOLS/pod-audit" verify web
	[ "$("$ENVPOD_TOOLS/pod-audit" query --json web | "$B/bin/pod-audit" verify -)" = "$("$B/bin/pod-audit" verify web)" ]
}

@test "pod-supervise records through it, also at the end of a run" {
	built pod-supervise
	pod-supervise run --foreground web -- true
	[ "$(grep -c "^append web" "$STANDIN_TRACE")" = 2 ]
	named supervise_start
	named supervise_end
	"$B/bin/pod-audit" verify web
}

@test "when it refuses, so does the program" {
	built pod-supervise
	rm -f "$LOG"
	mkdir "$T/broken"
	printf '#!/bin/sh\nexit 2\n' >"$T/broken/pod-audit"
	chmod +x "$T/broken/pod-audit"
	ENVPOD_TOOLS=$T/broken expect 125 pod-supervise run web -- touch "$T/ran"
	[[ $output == *"ENVPOD_TOOLS"* ]]
	[ ! -e "$T/ran" ]
}

@test "pod-limit records through it" {
	need root
	built pod-config pod-limit
	export ENVPOD_CGROUP=envpod-contract-$$
	pod-config compile --name web --into "$ENVPOD_STATE_DIR/pods/web"
	pod-limit kill web
	pod-limit remove web
	grep -q "^append" "$STANDIN_TRACE"
	named kill
	"$B/bin/pod-audit" verify web
}

@test "envpod init and run record through it" {
	need root overlay userns
	built envpod pod-config pod-mount pod-exec pod-limit
	rm -r "$ENVPOD_STATE_DIR/pods/web"
	envpod init web
	envpod run web -- true
	named run_start
	named run_end
	[ "$(grep -c "^append" "$STANDIN_TRACE")" = "$(wc -l <"$LOG")" ]
	"$B/bin/pod-audit" verify web
	envpod destroy --force web
	"$B/bin/pod-audit" verify "$ENVPOD_STATE_DIR"/archive/web-*
}
