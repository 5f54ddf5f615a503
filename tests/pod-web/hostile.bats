#!/usr/bin/env bats
# What others on this machine, and a hostile page, might try on a front.
load helper
setup() { web_setup; }
teardown() { web_teardown; }

raw() { ${EXEC:-} python3 "$BATS_TEST_DIRNAME/raw.py" "${PLACE##*:}" "$@"; }
head_of() { printf '%s %s HTTP/1.1\\r\\nHost: %s\\r\\nCookie: %s\\r\\n' "$1" "$2" "$PLACE" "$COOKIE"; }

@test "a head that comes a byte at a time is cut, whatever it says; nobody else waits" {
	pod
	serve
	login
	EXEC='exec' raw "drip:$(head_of GET /)$(printf 'X-A: %.0sb' {1..100})" >"$T/slow" 3>&- &
	PIDS+=($!)
	EXEC='exec' raw "drip:$(head_of POST /control)Origin: $ORIGIN\\r\\nX-Envpod: 1\\r\\nContent-Length: 4000\\r\\n\\r\\n$(printf 'x%.0s' {1..400})" >"$T/body1" 3>&- &
	PIDS+=($!)
	EXEC='exec' raw end >"$T/nothing" 3>&- &
	PIDS+=($!)
	[ "$(get /)" = 200 ]
	wait_for 60 grep -q cut "$T/slow"
	wait_for 30 grep -q cut "$T/body1"
	wait_for 30 grep -q ended "$T/nothing"
	[ "$(get /)" = 200 ]
}

@test "heads that are too large, too many or no heads at all are refused or cut" {
	pod
	serve
	login
	big=$(head -c 40000 /dev/zero | tr '\0' a)
	for odd in "GET /$big HTTP/1.1\r\nHost: $PLACE\r\n\r\n" "$(head_of GET /)X-Big: $big\r\n\r\n" "$(head_of GET /)$(printf 'X-%s: y\\r\\n' {1..4000})\r\n" \
		'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' '\x00\x00\x00\x00\r\n\r\n' 'GET\r\n\r\n' ' / HTTP/1.1\r\n\r\n' "GET / HTTP/1.1\r\n\r\n" \
		"GET / HTTP/1.1\r\nHost: $PLACE\r\nCookie: $COOKIE\r\nCookie: a=b\r\n\r\n" "GET / HTTP/1.1\r\nHost: $PLACE\r\nHost: evil.example\r\nCookie: $COOKIE\r\n\r\n" \
		"GET / HTTP/1.1\r\n Host: $PLACE\r\nCookie: $COOKIE\r\n\r\n" "GET / HTTP/1.1\r\nHost : $PLACE\r\nCookie: $COOKIE\r\n\r\n" "GET / HTTP/3.1\r\nHost: $PLACE\r\nCookie: $COOKIE\r\n\r\n" \
		"GET http://$PLACE/ HTTP/1.1\r\nHost: evil.example\r\nCookie: $COOKIE\r\n\r\n" "GET / HTTP/1.1\r\nHost: evil.example\\x00.$PLACE\r\nCookie: $COOKIE\r\n\r\n" \
		"CONNECT $PLACE HTTP/1.1\r\nHost: $PLACE\r\nCookie: $COOKIE\r\n\r\n"; do
		printf '%b' "$odd" >"$T/odd"
		raw "file:$T/odd" statuses >"$T/said" 2>&1 || true
		refute grep -qE '\b(200|101|303)\b' "$T/said"
	done
	# libmicrohttpd sees nothing behind a NUL: it is not there for us either
	printf '%b' "GET /nothing\\x00/../app.js HTTP/1.1\r\nHost: $PLACE\r\nCookie: $COOKIE\r\n\r\n" >"$T/odd"
	[ "$(raw "file:$T/odd" statuses)" = "404 open" ]
	[ "$(get /)" = 200 ]
}

@test "requests one behind the other are answered in order; a body where none belongs ends the connection with it" {
	pod
	serve
	login
	one="$(head_of GET /state)\r\n"
	[ "$(raw "send:$one$one$(head_of GET /nothing)\r\n$one" statuses)" = "200 200 404 200 open" ]
	[ "$(raw "send:$(head_of GET /state)Content-Length: 5\r\n\r\nGET /$one" statuses)" = "400 end" ]
	[ "$(raw "send:$(head_of GET /state)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$one" statuses)" = "400 end" ]
	[ "$(raw "send:$(head_of POST /control)Origin: $ORIGIN\r\nX-Envpod: 1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$one" statuses)" = "411 end" ]
	[ "$(raw "send:$(head_of POST /control)Origin: $ORIGIN\r\nX-Envpod: 1\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello$one" statuses)" = "400 end" ]
	[ "$(raw "send:$(head_of POST /control)Content-Length: 500000\r\n\r\n$one" statuses)" = "403 end" ]
	[ "$(raw "send:$(head_of POST /control)Content-Length: 500000\r\nExpect: 100-continue\r\n\r\n" statuses)" = "403 end" ]
}

@test "idle connections, and halves of heads, more than there is room for: who has logged in is served" {
	pod
	fake display fake_display.py
	serve
	login
	mkfifo "$T/in"
	EXEC='exec' raw idle:300 half:400 <"$T/in" >"$T/kept" 3>&- &
	PIDS+=($!)
	exec 7>"$T/in"
	wait_for 20 grep -q kept "$T/kept"
	[ "$(get /)" = 200 ]
	echo >&7
	kept() { [ "$(grep -c kept "$T/kept")" = 2 ]; }
	wait_for 20 kept
	[ "$(get /)" = 200 ]
	ws /ws/display read:1 "send:$GREETING" read:1 close end >"$T/ws"
	grep -q 'binary 0101' "$T/ws"
	[ "$(awk '/^VmRSS/ {print $2}' "/proc/$WEB/status")" -lt 80000 ]
	exec 7>&-
}

@test "a page of another's: by a name that leads here, by a form, by a script, by an image" {
	pod
	fake display fake_display.py
	serve
	login
	port=${PLACE##*:}
	# a name of its own that is made to lead here
	[ "$(get / -H "Host: rebound.evil.example:$port" -H "Origin: http://rebound.evil.example:$port")" = 421 ]
	# a form: no header of its own, any text as its body
	[ "$(get /control -H 'Origin: http://evil.example' -H 'Content-Type: text/plain' -d '{"do":"blank","on":true}')" = 403 ]
	# a script: asks first, and is not told that it may
	[ "$(get /control -X OPTIONS -H 'Origin: http://evil.example' -H 'Access-Control-Request-Headers: x-envpod')" = 403 ]
	refute grep -qi '^access-control' "$T/head"
	# an image or a script's source has no Origin, and comes without the cookie (SameSite)
	[ "$(COOKIE='' get /app.js -H 'Sec-Fetch-Site: cross-site')" = 401 ]
	# an earlier front on this port, whose cookies are still there, and another's on another port
	[ "$(COOKIE="envpod_$port=0123456789abcdef0123456789abcdef; envpod_1=${COOKIE#*=}" get /)" = 401 ]
	refute grep -q '^control' "$T/fake.display"
}

@test "guesses of links and sessions: refused, counted, not all of them recorded" {
	pod
	serve
	login
	cat >"$T/guess.py" <<-'END'
	import socket, sys
	host = sys.argv[1].split("//")[1]
	s = socket.create_connection(("127.0.0.1", int(host.split(":")[1])))
	f = s.makefile("rb")
	for i in range(500):
	    s.sendall(f"GET /login/{i:032x} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
	    status = int(f.readline().split()[1])
	    n = 0
	    while (line := f.readline().strip()):
	        if line.lower().startswith(b"content-length"): n = int(line.split(b":")[1])
	    f.read(n)
	    assert status == 410, status
	END
	python3 "$T/guess.py" "$ORIGIN"
	[ "$(get /)" = 200 ]
	[ "$(grep -c web_refused "$T/events")" -lt 100 ]
}

@test "the door to root's questions takes nothing but them" {
	pod
	serve
	login
	for odd in 'link\n' 'link root\n' 'sessions and more\n' 'revoke \n' 'revoke -1\n' 'revoke 99999999999\n' '\n' 'x' "$(head -c 5000 /dev/zero | tr '\0' x)\n"; do
		python3 - "$R/desktop/web.sock" "$odd" >"$T/said" <<-'END'
		import os, socket, sys
		os.chdir(os.path.dirname(sys.argv[1]))
		s = socket.socket(socket.AF_UNIX); s.connect("web.sock"); s.settimeout(10)
		s.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
		try: print(s.recv(1000))
		except OSError: print("gone")
		END
		refute grep -q '/login/' "$T/said"
	done
	[ "$(get /)" = 200 ]
	[ "$(pod-web sessions --json web | jq -s length)" = 1 ]
}
