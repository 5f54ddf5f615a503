#!/usr/bin/env bats
# /state, /events, /control: how the desktop stands, and what a person asks of it.
load helper
setup() { web_setup; }
teardown() { web_teardown; }

is() { [ "$(get /state)" = 200 ] && jq -e "$1" "$T/body" >/dev/null; }
UP='{"v":1,"services":[{"name":"x11","state":"up","pid":7,"restarts":2,"since":"2026"},{"name":"display","state":"up","restarts":0}],"ready":true}'

@test "the state: services as the session says, viewers, what is switched on" {
	pod 'plugin web_display web-novnc audio=yes upload=no uid=1000' 'web.clipboard yes' 'web.upload_max 1234'
	fake display fake_display.py
	serve
	login
	[ "$(get /state)" = 200 ]
	jq -e '. == {v: 1, pod: "web", ready: false, role: "full", services: [], viewers: [], lease: null, blank: false,
		audio: true, upload: false, upload_max: 1234, clipboard: true}' "$T/body"
	session "$UP"
	wait_for 5 is '.ready and .services == [{name: "x11", state: "up", restarts: 2}, {name: "display", state: "up", restarts: 0}]'
	viewer 7
	is '.viewers == [{id: 7, mode: "control", mine: true}]'
	login --view
	is '.viewers == [{id: 7, mode: "control", mine: false}] and .role == "view"'
	rm "$R/desktop/session.json"
	wait_for 5 is '.services == [] and (.ready | not)'
}

@test "a session's file that is none of its kind, or too large, says nothing; the front goes on" {
	pod
	serve
	login
	many=$(printf '{"name":"s%s","state":"up"},' {1..33})
	for odd in '' '[]' '{' '{"services":[{}]}' '{"services":7}' '{"services":[{"name":"'"$(printf 'a%.0s' {1..100})"'"}]}' "{\"services\":[${many%,}]}" \
		"$(printf '[%.0s' {1..1000})" "{\"pad\":\"$(head -c 70000 /dev/zero | tr '\0' x)\"}"; do
		session "$UP"
		wait_for 5 is '.services | length == 2'
		session "$odd"
		wait_for 5 is '.services == []'
	done
	session '{"services":[{"name":"<script>\u0007","state":"up"}],"ready":true}'
	wait_for 5 is '.services[0].name == "<script>\u0007"'
	chmod 600 "$R/desktop/session.json"
	[ "$(get /state)" = 200 ]
}

@test "events: all of the state at each change, to each in its own words, with an id" {
	pod
	fake display fake_display.py
	serve
	login
	curl -sN -b "$COOKIE" "$ORIGIN/events" >"$T/events1" 3>&- &
	PIDS+=($!)
	wait_for 5 grep -q '"ready":false' "$T/events1"
	grep -qx 'retry: 1000' "$T/events1"
	first=$COOKIE
	login
	curl -sN -b "$COOKIE" "$ORIGIN/events" >"$T/events2" 3>&- &
	PIDS+=($!)
	session "$UP"
	wait_for 5 grep -q '"ready":true' "$T/events1"
	COOKIE=$first viewer 7
	wait_for 5 grep -q '"id":7,"mode":"control","mine":true' "$T/events1"
	wait_for 5 grep -q '"id":7,"mode":"control","mine":false' "$T/events2"
	leave 7
	gone() { sed -n 's/^data: //p' "$T/events1" | tail -1 | jq -e '.viewers == []' >/dev/null; }
	wait_for 5 gone
	grep -qxE 'id: [0-9]+' "$T/events1"
	refute grep -vE '^(id: [0-9]+|event: state|data: \{.*\}|retry: 1000|: still here|)$' "$T/events1"
	pod-web revoke web 1
	wait_for 5 grep -q '"viewers"' "$T/events2"
}

@test "who does not read its events is told to look anew, and holds up nobody" {
	pod
	serve
	login
	cat >"$T/lazy.py" <<-'END'
	import socket, sys
	host = sys.argv[1].split("//")[1]
	s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048); s.connect(("127.0.0.1", int(host.split(":")[1])))
	s.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\nCookie: {sys.argv[2]}\r\n\r\n".encode())
	print("open", flush=True)
	sys.stdin.readline()
	s.settimeout(20); got = b""
	while b"event: reset" not in got: got += s.recv(65536)
	body = got.split(b"\r\n\r\n", 1)[1]
	print("reset", flush=True)
	END
	mkfifo "$T/in"
	python3 "$T/lazy.py" "$ORIGIN" "$COOKIE" <"$T/in" >"$T/lazy" 3>&- &
	PIDS+=($!)
	exec 7>"$T/in"
	wait_for 5 grep -q open "$T/lazy"
	curl -sN -b "$COOKIE" "$ORIGIN/events" >"$T/events1" 3>&- &
	PIDS+=($!)
	wait_for 5 grep -q 'event: state' "$T/events1"
	long=$(for i in {1..32}; do printf '{"name":"%060d","state":"up"},' "$i"; done)
	for i in {1..200}; do
		session "{\"services\":[$long{}],\"ready\":true}"
		session "{\"services\":[${long%,}],\"ready\":true,\"n\":$i}"
	done
	last() { sed -n 's/^data: //p' "$T/events1" | tail -1 | jq -e '.services | length == 32' >/dev/null; }
	wait_for 10 last
	[ "$(awk '/^VmRSS/ {print $2}' "/proc/$WEB/status")" -lt 60000 ]
	exec 7>&-
	is '.services | length == 32'
}

@test "too many streams of events are refused; what is left makes room" {
	pod
	serve
	login
	cat >"$T/many.py" <<-'END'
	import socket, sys
	host = sys.argv[1].split("//")[1]
	def one():
	    s = socket.socket(); s.connect(("127.0.0.1", int(host.split(":")[1]))); s.settimeout(20)
	    s.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\nCookie: {sys.argv[2]}\r\n\r\n".encode())
	    return s, int(s.recv(12)[9:12])
	kept = [one() for _ in range(65)]
	print(*(status for _, status in kept))
	kept[0][0].close()
	while one()[1] != 200: pass
	print("room")
	END
	python3 "$T/many.py" "$ORIGIN" "$COOKIE" >"$T/many"
	[ "$(head -1 "$T/many" | tr ' ' '\n' | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 64 200; 1 503;' ]
	grep -qx room "$T/many"
}

@test "a lease, a blank screen, another size: as words of ours to the display, on record and in the state" {
	pod
	fake display fake_display.py
	serve
	login
	viewer 7
	[ "$(post /control -d '{"seconds":60, "do":"lease", "viewer":7}')" = 200 ]
	jq -e '. == {ok: true}' "$T/body"
	grep -qx 'control {"do":"lease","viewer":"7","seconds":60}' "$T/fake.display"
	is '.lease.viewer == 7 and .lease.mine and .lease.seconds <= 60 and .lease.seconds > 50'
	[ "$(post /control -d '{"do":"blank","on":true}')" = 200 ]
	is .blank
	[ "$(post /control -d '{"do":"resize","width":800,"height":600}')" = 200 ]
	grep -qx 'control {"do":"resize","width":800,"height":600}' "$T/fake.display"
	[ "$(post /control -d '{"do":"lease","viewer":7,"seconds":0}')" = 200 ]
	is '.lease == null'
	[ "$(post /control -d '{"do":"lease","viewer":7,"seconds":60}')" = 200 ]
	leave 7
	wait_for 5 is '.lease == null and .viewers == []'
	wait_for 5 event '.event == "web_lease" and .viewer == 7 and .seconds == 60 and .session == 1'
	wait_for 5 event '.event == "web_blank" and .on'
	wait_for 5 event '.event == "web_resize" and .width == 800'
}

@test "a lease runs out by itself, and a display that was begun anew knows of none" {
	pod
	fake display fake_display.py
	serve
	login
	session "$UP"
	viewer 7
	[ "$(post /control -d '{"do":"lease","viewer":7,"seconds":1}')" = 200 ]
	wait_for 5 is '.lease == null'
	[ "$(post /control -d '{"do":"lease","viewer":7,"seconds":100}')" = 200 ]
	[ "$(post /control -d '{"do":"blank","on":true}')" = 200 ]
	session "${UP/\"restarts\":0/\"restarts\":1}"
	wait_for 5 is '.lease == null and (.blank | not)'
}

@test "what is no wish of ours never reaches the display: 400; another's viewer, one that looks: 403" {
	pod
	fake display fake_display.py
	serve
	login
	viewer 7
	viewer 8 '&view=1'
	for odd in '' '{}' '[]' 'x' '{"do":"type","text":"rm"}' '{"do":"shot"}' '{"do":"blank"}' '{"do":"blank","on":1}' '{"do":"blank","on":"true"}' \
		'{"do":"blank","on":true,"x":1}' '{"do":"blank","on":true,"on":false}' '{"do":"blank","do":"blank","on":true}' '{"do":"blank","on":true} {}' \
		'{"do":"resize","width":0,"height":5}' '{"do":"resize","width":16385,"height":5}' '{"do":"resize","width":5.5,"height":5}' '{"do":"resize","width":5}' \
		'{"do":"lease","viewer":7}' '{"do":"lease","viewer":7,"seconds":3601}' '{"do":"lease","viewer":7,"seconds":-1}' '{"do":"lease","viewer":4294967303,"seconds":5}' \
		'{"do":"lease\nblank","viewer":7,"seconds":5}' '{"do":"lease","viewer":7,"seconds":5,"width":5}'; do
		[ "$(post /control -d "$odd")" = 400 ] || { echo "took $odd"; return 1; }
		jq -e '.ok == false and .error and .message' "$T/body" >/dev/null
	done
	[ "$(post /control -d '{"do":"lease","viewer":8,"seconds":5}')" = 403 ]
	[ "$(post /control -d '{"do":"lease","viewer":9,"seconds":5}')" = 403 ]
	login
	[ "$(post /control -d '{"do":"lease","viewer":7,"seconds":5}')" = 403 ]
	[ "$(post /control -d "{\"do\":\"blank\",\"on\":true,\"pad\":\"$(head -c 5000 /dev/zero | tr '\0' x)\"}")" = 413 ]
	login --view
	[ "$(post /control -d '{"do":"blank","on":true}')" = 403 ]
	refute grep -q '^control' "$T/fake.display"
}

@test "changes need our Origin, the cookie and the header that no form can send" {
	pod
	fake display fake_display.py
	fake upload fake_upload.py "$T"
	serve
	login
	for path in /control /upload; do
		body=(-d '{"do":"blank","on":true}' -H 'X-File-Name: a')
		[ "$(get $path "${body[@]}")" = 403 ]
		[ "$(get $path "${body[@]}" -H "Origin: $ORIGIN")" = 403 ]
		[ "$(get $path "${body[@]}" -H 'X-Envpod: 1')" = 403 ]
		[ "$(get $path "${body[@]}" -H "Origin: http://evil.example" -H 'X-Envpod: 1')" = 403 ]
		[ "$(get $path "${body[@]}" -H "Origin: null" -H 'X-Envpod: 1')" = 403 ]
		[ "$(get $path "${body[@]}" -H "Origin: $ORIGIN" -H 'X-Envpod: 1' -H 'Sec-Fetch-Site: cross-site')" = 403 ]
		[ "$(COOKIE='' post $path "${body[@]}")" = 401 ]
		[ "$(get $path)" = 405 ]
		[ "$(post $path -X PUT)" = 405 ]
		[ "$(post $path -H 'Transfer-Encoding: chunked' "${body[@]}")" = 411 ]
		[ "$(get $path -X OPTIONS -H 'Origin: http://evil.example' -H 'Access-Control-Request-Method: POST')" = 403 ]
		refute grep -qi '^Access-Control' "$T/head"
	done
	refute grep -qE '^(control|head)' "$T/fake.display" "$T/fake.upload"
	[ "$(post /control -d '{"do":"blank","on":true}')" = 200 ]
}

@test "a display that refuses, lies, is gone, or never answers: what it says is text, and bounded" {
	pod
	serve
	login
	blank=(-d '{"do":"blank","on":true}')
	[ "$(post /control "${blank[@]}")" = 503 ]
	fake display fake_display.py
	[ "$(post /control -d '{"do":"resize","width":7,"height":7}')" = 409 ]
	jq -e '. == {ok: false, error: "size", message: "not so \u001b[31msmall"}' "$T/body"
	for mode in lie long; do
		kill -9 "$FAKE"
		: >"$T/fake.display"
		fake display fake_display.py $mode
		[ "$(post /control "${blank[@]}")" = 502 ]
		refute grep -q script "$T/body"
	done
	kill -9 "$FAKE"
	: >"$T/fake.display"
	fake display fake_display.py stall
	code=$(post /control "${blank[@]}") || true
	[ "$code" = 000 ]
	is '(.blank | not)'
}
