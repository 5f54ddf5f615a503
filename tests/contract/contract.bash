# shellcheck shell=bash
# A contract is stated in terms of a tool's words, files, streams and statuses alone, so that any
# program that keeps it may stand in for ours.  The one tested is found as all tools are: in
# ENVPOD_TOOLS first, then beside the others.
#	load contract
#	setup() { contract_setup pod-audit; }
#	teardown() { envpod_teardown; }
load ../lib/envpod

contract_setup()
{
	local front=${ENVPOD_TOOLS:-}
	case $BATS_TEST_FILENAME in
	*-standin.bats) front=$BATS_TEST_DIRNAME/standin ;;
	esac
	envpod_setup
	[ -z "$front" ] || export ENVPOD_TOOLS=$front
	TOOL=$(PATH=${front:+$front:}$PATH command -v "$1") || need "$1"
	export TOOL
}

# says: a JSON object a line, each with these keys at least.
#	objects name status <FILE
objects()
{
	local keys
	keys=${1:+$(printf ' and has("%s")' "$@")}
	jq -e -s "length > 0 and all(.[]; type == \"object\"$keys)" >/dev/null
}

# others TOOL...: the tools that this one works together with, or the test is skipped.
others()
{
	local tool
	for tool; do
		[ -x "$B/bin/$tool" ] || need "$tool"
	done
}

# pod NAME [YAML]: a compiled and prepared pod, as `envpod init` leaves it.
pod()
{
	local dir=$ENVPOD_STATE_DIR/pods/$1
	others pod-config pod-mount pod-exec
	mkdir -p -m 700 "$ENVPOD_STATE_DIR/pods" "$dir"
	printf '%s\n' "${2:-}" >"$T/$1.yaml"
	pod-config compile --name "$1" --into "$dir" --file "$T/$1.yaml"
	pod-exec --compile "$1"
	pod-mount prepare "$1"
}

# words TOOL-WORDS...: --help and --complete of each, from the same option tables.
helps()
{
	local word
	for word; do
		"$TOOL" "$word" --help | grep -q "^usage: $(basename "$TOOL") $word"
		"$TOOL" --complete | cut -f1 | grep -qx "$word"
		refute "$TOOL" "$word" --no-such-option x
	done
	expect 64 "$TOOL" no-such-word
}
