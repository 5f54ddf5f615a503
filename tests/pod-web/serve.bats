#!/usr/bin/env bats
# pod-web serve: links, sessions, names and origins; the page and its files.
load helper
setup() { web_setup; }
teardown() { web_teardown; }

@test "a link logs in once; the page then comes with the cookie alone" {
	pod
	serve
	link
	[[ $LINK =~ ^http://[0-9a-f]{20}\.localhost:[0-9]+/login/[0-9a-f]{32}$ ]]
	COOKIE=
	[ "$(get /)" = 401 ]
	[ "$(get "/login/${LINK##*/}")" = 303 ]
	tr -d '\r' <"$T/head" >"$T/head1"
	grep -qx "Set-Cookie: envpod_${PLACE##*:}=[0-9a-f]\{32\}; Path=/; HttpOnly; SameSite=Strict" "$T/head1"
	grep -qx 'Location: /' "$T/head1"
	COOKIE=$(sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' "$T/head1")
	[ "$(get /)" = 200 ]
	cmp "$T/body" "$T/data/display/index.html"
	[ "$(get "/login/${LINK##*/}")" = 410 ]
	refute grep -qi '^Set-Cookie' "$T/head"
	for last in 0 1; do
		[ "${COOKIE: -1}" = "$last" ] || [ "$(COOKIE=${COOKIE%?}$last get /)" = 401 ]
	done
	[ "$(get / -H "Cookie: $COOKIE; $COOKIE" -b '')" = 401 ]
}

@test "it answers by the name of its start alone: 421 to localhost, addresses, other ports and names" {
	pod
	serve
	login
	port=${PLACE##*:} name=${PLACE%:*}
	for host in "localhost:$port" "127.0.0.1:$port" "[::1]:$port" "$name" "$name:1" "$name.:$port" "evil.example:$port" \
		"x.$name:$port" "${name^^}:$port" "evil.example" "$name:0$port"; do
		[ "$(get / -H "Host: $host")" = 421 ] || { echo "answered to $host"; return 1; }
	done
	[ "$(get / --http1.0)" = 505 ]
}

@test "the page's files: from a table made at start, with types, ETag and 304; nothing beside or above it" {
	pod
	serve
	login
	[ "$(get /app.js)" = 200 ]
	grep -qi '^Content-Type: text/javascript' "$T/head"
	tag=$(tr -d '\r' <"$T/head" | sed -n 's/^ETag: //p')
	[ "$(get /app.js -H "If-None-Match: $tag")" = 304 ]
	[ "$(get /vendor/novnc/core/rfb.js)" = 200 ]
	for path in /secret.js /../secret.js /vendor/../../secret.js /%2e%2e/secret.js /.hidden.js /link.js /app.js%00 /app.js/ \
		/app%2ejs //app.js /vendor /vendor/ '/index.html%00.js' /nothing "/$(printf 'a%.0s' {1..3000})"; do
		[ "$(get "$path")" = 404 ] || { echo "answered $path"; return 1; }
	done
	[ "$(get /favicon.ico)" = 204 ]
	echo changed >"$T/data/display/app.js"
	[ "$(get /app.js)" = 200 ]
	refute grep -q changed "$T/body"
}

@test "every answer: policy of contents, no sniffing, no storing, no referrer, nobody's frame" {
	pod
	serve
	login
	for path in / /app.js /nothing /ws/display; do
		get "$path" >/dev/null
		tr -d '\r' <"$T/head" >"$T/head1"
		grep -qx "Content-Security-Policy: default-src 'none'; script-src 'self'; .*frame-ancestors 'none'" "$T/head1"
		refute grep -q unsafe "$T/head1"
		grep -qx 'X-Content-Type-Options: nosniff' "$T/head1"
		grep -qx 'X-Frame-Options: DENY' "$T/head1"
		grep -qx 'Referrer-Policy: no-referrer' "$T/head1"
		grep -qx 'Cross-Origin-Resource-Policy: same-origin' "$T/head1"
		grep -qx 'Cross-Origin-Opener-Policy: same-origin' "$T/head1"
		grep -qxE 'Cache-Control: no-(store|cache)' "$T/head1"
	done
	COOKIE='' get / >/dev/null
	grep -q '^Cache-Control: no-store' "$T/head"
}

@test "a dashboard may be named whose pages show ours in a frame" {
	pod
	serve --frame-ancestor http://0123456789abcdef0123.localhost:9090
	login
	get / >/dev/null
	grep -q "frame-ancestors http://0123456789abcdef0123.localhost:9090" "$T/head"
	refute grep -q X-Frame-Options "$T/head"
}

@test "no secret in events, messages or pages; who came is on record" {
	pod
	serve
	login
	link --view
	get / >/dev/null
	get "/login/${LINK##*/}" >/dev/null
	get "/login/${LINK##*/}" >/dev/null
	COOKIE='' get /app.js >/dev/null
	wait_for 5 event '.event == "web_link" and .role == "view"'
	wait_for 5 event '.event == "web_login" and .session == 1 and .role == "full"'
	wait_for 5 event '.event == "web_login" and .session == 2 and .role == "view"'
	wait_for 5 event '.event == "web_refused" and .status == 410'
	wait_for 5 event '.event == "web_refused" and .status == 401 and .reason == "no_session"'
	for secret in "${LINK##*/}" "${COOKIE#*=}"; do
		refute grep -rq "$secret" "$T/events" "$T/err" "$T/out" "$T/body"
		refute grep -q "$secret" "$R/desktop/web.state"
	done
}

@test "a pod without a page: nothing to do" {
	pod 'network none'
	expect 0 pod-web serve web
	expect 2 pod-web link web
	[[ $output == *"envpod display web"* ]]
}

@test "without noVNC it refuses to serve, and says what to do" {
	pod
	rm "$T/data/display/vendor/novnc/core/rfb.js"
	expect 2 pod-web serve web
	[[ $output == *"noVNC is not there"* ]]
}

@test "sessions are listed and ended; a cookie that was revoked is nobody's" {
	pod
	serve
	login
	first=$COOKIE
	login --view
	[ "$(pod-web sessions --json web | jq -sc '[.[] | [.session, .role]]')" = '[[1,"full"],[2,"view"]]' ]
	pod-web revoke web 1
	expect 1 pod-web revoke web 1
	[ "$(COOKIE=$first get /)" = 401 ]
	[ "$(get /)" = 200 ]
	link
	pod-web revoke --all web
	[ "$(get /)" = 401 ]
	[ "$(get "/login/${LINK##*/}")" = 410 ]
	expect 64 pod-web revoke web
	expect 64 pod-web revoke --all web 1
}

@test "killed, it goes on where it was: name, port, sessions, links; ended, it forgets all" {
	pod
	serve
	login
	link
	place=$PLACE
	kill -9 "$WEB"
	wait "$WEB" || true
	serve
	[ "$(get /)" = 200 ]
	[ "$(get "/login/${LINK##*/}")" = 303 ]
	link
	[ "$PLACE" = "$place" ]
	kill "$WEB"
	wait "$WEB"
	serve
	link
	refute [ "$PLACE" = "$place" ]
	[ "$(get /)" = 401 ]
}

@test "it holds no power: another uid, no capability, a filter, one thread, no core, no way to files" {
	pod
	serve
	link
	status=$(cat "/proc/$WEB/status")
	grep -qx $'CapEff:\t0000000000000000' <<<"$status"
	grep -qx $'Seccomp:\t2' <<<"$status"
	grep -qx $'NoNewPrivs:\t1' <<<"$status"
	grep -qx $'Threads:\t1' <<<"$status"
	[ "$(awk '/^Uid:/ {print $2}' <<<"$status")" -gt 1879048192 ]
	[ "$(readlink "/proc/$WEB/root")" = "$R/desktop" ]
	grep -q '^Max core file size *0 *0' "/proc/$WEB/limits"
	[ "$(stat -c %a:%u "$R/desktop/web.sock")" = 600:0 ]
	refute setpriv --reuid 65534 --clear-groups pod-web link web
}

@test "a port that the pod file names is that one or none; another is free when it is taken" {
	pod
	taker='import socket; s=socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); s.accept()'
	python3 -c "$taker" >"$T/taken" 3>&- &
	PIDS+=($!)
	wait_for 5 [ -s "$T/taken" ]
	taken=$(cat "$T/taken")
	page='plugin web_display web-novnc audio=no upload=no uid=1000'
	pod "$page" "web.port $taken"
	expect 2 pod-web serve web
	[[ $output == *"port $taken of 127.0.0.1 and ::1 (web.port)"*"in use"* ]]
	pod "$page"
	serve
	link
	[ "${PLACE##*:}" -gt 0 ]
	first=$WEB
	curl -s -o /dev/null "http://[::1]:${PLACE##*:}/"
	kill -0 "$first"
}

# handed LINE...: sockets that are bound like this (FAMILY ADDRESS PORT), as descriptors of a pod-web that serves; the rest of serve()
handed()
{
	rm -f "$T/ready"
	mkfifo "$T/ready"
	python3 - "$T/ports" "$@" 9>"$T/ready" 8>>"$T/events" 2>"$T/err" 3>&- <<-'END' &
	import os, socket, sys
	fds, port = [], 0
	for spec in sys.argv[2:]:
	    s = socket.socket(socket.AF_INET6 if ":" in spec else socket.AF_INET)
	    if ":" in spec: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
	    s.bind((spec, port)); s.listen(); s.setblocking(False)
	    port = s.getsockname()[1]; os.set_inheritable(s.fileno(), True); fds.append(s.detach())
	plan = os.environ["ENVPOD_STATE_DIR"] + "/pods/web/plan"
	text = open(plan).read()
	open(plan, "w").write(text.replace("web.port 1\n", f"web.port {port}\n"))
	open(sys.argv[1], "w").write(str(port))
	os.execvp("pod-web", ["pod-web", "serve", "--ready-fd", "9", "--event-fd", "8", "--listen-fds", ",".join(map(str, fds)), "web"])
	END
	WEB=$!
	PIDS+=("$WEB")
	[ "$(timeout 10 head -c 1 "$T/ready"; echo x)" = $'\nx' ]
}

@test "sockets that somebody holds for it: taken where they are its ports; what is missing of a port is added" {
	page='plugin web_display web-novnc audio=no upload=no uid=1000'
	for given in '127.0.0.1 ::1' '127.0.0.1' '::1'; do
		pod "$page" 'web.port 1'
		# shellcheck disable=SC2086
		handed $given
		link
		[ "${PLACE##*:}" = "$(cat "$T/ports")" ]
		for address in 127.0.0.1 '[::1]'; do
			[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$address:${PLACE##*:}/")" = 421 ]
		done
		kill "$WEB"
		wait "$WEB"
	done
	expect 64 pod-web serve --listen-fds 77 web
}

@test "killed under its keeper, its port is nobody's but its own meanwhile" {
	port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	pod 'plugin web_display web-novnc audio=no upload=no uid=1000' 'desktop yes' "web.port $port"
	pod-supervise helpers --set desktop start web
	link
	[ "${PLACE##*:}" = "$port" ]
	login
	grep -q "^web? listen=own:127.0.0.1#$port,own:::1#$port pod-web serve web$" "$R/desktop/services"
	pid=$(jq -r '.services[] | select(.name == "web").pid' "$R/desktop/services.json")
	kill -STOP "$(awk '{print $1}' "$R/desktop/helpers.pid")"
	kill -9 "$pid"
	taken='import socket, sys; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen()'
	refute python3 -c "$taken" "$port" 2>"$T/taken"
	grep -q 'in use' "$T/taken"
	kill -CONT "$(awk '{print $1}' "$R/desktop/helpers.pid")"
	[ "$(get /)" = 200 ]
	pod-supervise helpers --set desktop stop web
	wait_for 5 python3 -c "$taken" "$port"
}
