#!/usr/bin/env bats
# What pod-config promises.  Formats: pod.yaml(5), envpod-plan(5).
load contract

setup()
{
	contract_setup pod-config
	mkdir -p -m 700 "$ENVPOD_STATE_DIR/pods/web"
	POD=$ENVPOD_STATE_DIR/pods/web
}
teardown() { envpod_teardown; }

@test "compile --into DIR --file FILE: pod.yaml byte for byte, pod.json, plan, for root alone" {
	printf '# mine\nname: web\n' >"$T/in"
	"$TOOL" compile --name web --into "$POD" --file "$T/in"
	cmp "$T/in" "$POD/pod.yaml"
	jq -e 'type == "object" and .v == 1' "$POD/pod.json"
	[ "$(stat -c %a "$POD/pod.json" "$POD/plan" | sort -u)" = 600 ]
}

@test "compile without a file: all is default" {
	"$TOOL" compile --name web --into "$POD"
	[ -e "$POD/pod.json" ]
	[ -e "$POD/plan" ]
}

@test "plan: names the pod.json it was made from, a word and a value a line, ends in end" {
	"$TOOL" compile --name web --into "$POD"
	[ "$(head -n1 "$POD/plan")" = "envpod-plan 1 $(stat -c '%i %.9Y %s' "$POD/pod.json" | tr -d .)" ]
	[ "$(tail -n1 "$POD/plan")" = end ]
	grep -qx "name web" "$POD/plan"
	for key in user.name user.uid user.gid user.home base view system network seccomp; do
		grep -q "^$key ." "$POD/plan"
	done
}

@test "plan POD: made anew from pod.json" {
	"$TOOL" compile --name web --into "$POD"
	cp "$POD/plan" "$T/before"
	rm "$POD/plan"
	"$TOOL" plan web
	diff "$T/before" "$POD/plan"
	echo nonsense >"$POD/pod.json"
	expect 78 "$TOOL" plan web
}

@test "check: the compiled form on standard output; - is standard input" {
	echo 'name: web' >"$T/in"
	"$TOOL" check --json "$T/in" | jq -e 'type == "object"'
	"$TOOL" check --json - <"$T/in" | jq -e 'type == "object"'
	[ "$("$TOOL" check --json "$T/in" | wc -l)" = 1 ]
}

@test "check: 78 and every error as FILE:LINE:COLUMN: message on standard error" {
	printf 'nmae: web\nprocessor:\n  cores: many\n' >"$T/in"
	run "$TOOL" check "$T/in"
	[ "$status" = 78 ]
	[ "$(grep -cE "in:[0-9]+:[0-9]+: " <<<"$output")" = 2 ]
	[[ $output == *"in:1:1: "*name* ]]
	expect 78 "$TOOL" compile --name web --into "$POD" --file "$T/in"
	[ ! -e "$POD/plan" ]
}

@test "keys: one a line" {
	"$TOOL" keys -z | tr '\0' '\n' | grep -qx 'processor.memory'
	"$TOOL" keys --json | objects key type
}

@test "words" {
	helps check compile plan keys seccomp
}
