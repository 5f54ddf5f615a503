# shellcheck shell=bash
# Packages for tests of the protocol: once a build folder, those of the lock, by their hashes.
CLIENT=${B:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/plain}/tests/pod-mcp/client

fetch()
{
	[ "$(cat "$CLIENT/lock" 2>/dev/null)" = "$(sha256sum <package-lock.json)" ] && return 0
	mkdir -p "$CLIENT"
	cp package.json package-lock.json "$CLIENT/"
	(cd "$CLIENT" && npm_config_cache=$CLIENT/cache npm ci --ignore-scripts --no-audit --no-fund --silent) >&2 || return 1
	rm -rf "$CLIENT/cache"
	sha256sum <package-lock.json >"$CLIENT/lock"
}

# Two files that ask at the same time fetch once.
have_client()
{
	command -v node npm >/dev/null || return 1
	mkdir -p "$CLIENT"
	(cd "$TOP/tests/pod-mcp" && flock 9 && fetch) 9>"$CLIENT/.lock"
}
