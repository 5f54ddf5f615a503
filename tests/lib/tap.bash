# shellcheck shell=bash
# TAP for scripts: source it, `check NAME COMMAND...` as often as needed, `done_testing` last.
# A check passes when its command succeeds; what the command says is shown when it does not.
tap_run=0
tap_failed=0

check()
{
	local name=$1 said
	shift
	tap_run=$((tap_run + 1))
	if said=$("$@" 2>&1); then
		echo "ok $tap_run - $name"
		return
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_run - $name"
	head -60 <<<"$said" | sed 's/^/# /'
}

done_testing()
{
	echo "1..$tap_run"
	[ $tap_failed -eq 0 ]
}

# The files of the project: tracked, or new and not ignored.  The demonstration's project is not ours.
ours()
{
	git ls-files -co --exclude-standard -- "$@" ':!share/demo/project' 2>/dev/null | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}
