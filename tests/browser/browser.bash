# shellcheck shell=bash
# A browser for a file of tests.  What it needs beyond packages (playwright-core, axe-core) `make unit` fetches by hash.

have_browser() { command -v node >/dev/null && [ -x "${CHROMIUM:-/usr/bin/chromium}" ] && [ -e "$B/tests/browser/fetched" ]; }

browser_start()
{
	export BROWSER_DIR
	BROWSER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/browser.XXXXXX")
	# Its profile and its sockets go there, too.
	TMPDIR=$BROWSER_DIR HOME=$BROWSER_DIR node "$TOP/tests/browser/browser.mjs" "$BROWSER_DIR/address" >"$BROWSER_DIR/log" 2>&1 3>&- &
	echo $! >"$BROWSER_DIR/pid"
	wait_for 60 test -s "$BROWSER_DIR/address" || { cat "$BROWSER_DIR/log" >&2; return 1; }
}

browser_stop()
{
	local pid
	[ -n "${BROWSER_DIR:-}" ] || return 0
	pid=$(cat "$BROWSER_DIR/pid")
	kill "$pid" 2>/dev/null || true
	wait_for 20 gone "$pid" || kill -KILL "$pid"
	rm -rf "$BROWSER_DIR"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# browser_case FILE CASE [NAME=VALUE...]
browser_case()
{
	local file=$1 name=$2
	shift 2
	env "$@" B="$B" BROWSER="$(cat "$BROWSER_DIR/address")" node "$TOP/tests/browser/$file" "$name"
}
