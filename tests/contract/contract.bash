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
	TOOL=$(PATH=${front:+$front:}$PATH command -v "$1") || skip "$1 is not built"
	export TOOL
}

# says: a JSON object a line, each with these keys at least.
#	objects name status <FILE
objects()
{
	local keys
	keys=$(printf ' and has("%s")' "$@")
	jq -e -s "length > 0 and all(.[]; type == \"object\"$keys)" >/dev/null
}
