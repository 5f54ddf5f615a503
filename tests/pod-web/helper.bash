# shellcheck shell=bash
# A pod with a page, and in the pod's stead a fake of what listens there.
load ../lib/envpod

web_setup()
{
	need root
	envpod_setup
	PIDS=()
	export ENVPOD_DATA_DIR=$T/data
	mkdir -p "$T/data/display/vendor/novnc/core"
	printf '<!doctype html><title>page</title><script type="module" src="app.js"></script>\n' >"$T/data/display/index.html"
	printf 'import "./vendor/novnc/core/rfb.js";\n' >"$T/data/display/app.js"
	printf 'export default class {}\n' >"$T/data/display/vendor/novnc/core/rfb.js"
	printf 'not for anybody\n' >"$T/data/display/.hidden.js"
	printf 'nor this\n' >"$T/data/secret.js"
	ln -s ../secret.js "$T/data/display/link.js"
	R=$ENVPOD_RUN_DIR/web
}

web_teardown()
{
	local pid
	for pid in "${PIDS[@]}"; do kill -9 "$pid" 2>/dev/null; done
	for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null; done
	envpod_teardown
}

# pod [PLAN-LINE]...: a pod whose plan says this besides.
pod()
{
	local dir=$ENVPOD_STATE_DIR/pods/web line
	mkdir -p -m 700 "$ENVPOD_STATE_DIR/pods" "$dir"
	printf '%s\n' "" >"$T/web.yaml"
	pod-config compile --name web --into "$dir" --file "$T/web.yaml"
	sed -i '/^plugin web_display/d; /^web\./d; /^end$/d' "$dir/plan"
	[ $# -gt 0 ] || set -- 'plugin web_display web-novnc audio=yes upload=yes uid=1000'
	for line; do printf '%s\n' "$line"; done >>"$dir/plan"
	echo end >>"$dir/plan"
	mkdir -p "$R/desktop/sock"
	chmod 711 "$R/desktop" "$R/desktop/sock"
}

# serve [OPTION]...: its events go to $T/events.
serve()
{
	local ready
	rm -f "$T/ready"
	mkfifo "$T/ready"
	pod-web serve --ready-fd 9 --event-fd 8 "$@" web 9>"$T/ready" 8>>"$T/events" >"$T/out" 2>"$T/err" 3>&- &
	WEB=$!
	PIDS+=("$WEB")
	ready=$(timeout 10 head -c 1 "$T/ready"; echo x)
	[ "$ready" = $'\nx' ] || { cat "$T/err" >&2; return 1; }
}

# fake NAME SCRIPT [WORD]...: a program of the pod's that listens on its socket.
fake()
{
	local name=$1 script=$2
	shift 2
	python3 "$BATS_TEST_DIRNAME/$script" "$R/desktop/sock/$name" "$@" >>"$T/fake.$name" 2>&1 3>&- &
	PIDS+=($!)
	FAKE=$!
	wait_for 10 grep -q listens "$T/fake.$name"
	chmod 777 "$R/desktop/sock/$name"
}

# link [OPTION]: one that logs in, and from it LINK, ORIGIN (http://NAME:PORT), PLACE (NAME:PORT).
link()
{
	LINK=$(pod-web link "$@" web)
	ORIGIN=${LINK%/login/*}
	PLACE=${ORIGIN#http://}
}

# login [OPTION]: COOKIE ("envpod_PORT=SECRET") of a new session.
login()
{
	link "$@"
	COOKIE=$(curl -s -o "$T/body" -D - "$LINK" | tr -d '\r' | sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p')
	[ -n "$COOKIE" ]
}

# get PATH [CURL-OPTION]...: the status; the answer's head is in $T/head, its body in $T/body.
get()
{
	local path=$1
	shift
	curl -s --path-as-is --max-time 20 -o "$T/body" -D "$T/head" -w '%{http_code}' -b "$COOKIE" "$@" "$ORIGIN$path"
}

# ws [OPTION]... PATH [WORD]...: a WebSocket of our making (websocket.py) with our Origin and cookie.  In the background:
# EXEC='exec' ws ... &, so that its pid is the one that is killed.
ws()
{
	local options=()
	while [[ $1 == --* ]]; do
		options+=("$1" "$2")
		shift 2
	done
	local path=$1
	shift
	${EXEC:-} python3 "$BATS_TEST_DIRNAME/websocket.py" "${options[@]}" "$ORIGIN" "$path" "$COOKIE" "$@"
}

# event JQ: has one such been reported?
event() { jq -e -s "any(.[]; $1)" <"$T/events" >/dev/null; }

# post PATH BODY-OPTION...: the status of a change from our page.
post()
{
	local path=$1
	shift
	get "$path" -H "Origin: $ORIGIN" -H 'X-Envpod: 1' "$@"
}

# session JSON: what the pod's session says, put in place in one step.
session()
{
	printf '%s\n' "$1" >"$R/desktop/.session"
	chmod 644 "$R/desktop/.session"
	mv "$R/desktop/.session" "$R/desktop/session.json"
}

hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
# what RFB begins with
GREETING=524642203030332e3030380a

# viewer NUMBER [QUERY]: one that stays; its output is $T/viewer.NUMBER
viewer()
{
	mkfifo "$T/hold.$1"
	EXEC='exec' ws "/ws/display?viewer=$1${2:-}" read:1 "send:$GREETING" read:1 stdin close end <"$T/hold.$1" >"$T/viewer.$1" 3>&- &
	PIDS+=($!)
	eval "exec {HOLD_$1}>\"$T/hold.$1\""
	wait_for 10 grep -q 'binary 0101' "$T/viewer.$1"
}
leave() { eval "exec {HOLD_$1}>&-"; }
