#!/usr/bin/env bats
# /ws/display: RFB between a browser and the pod's display.
load helper
setup() { web_setup; }
teardown() { web_teardown; }

hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
GREETING=524642203030332e3030380a

@test "a viewer's first line, RFB's greeting as a message of its own, the rest when the viewer has greeted; then bytes" {
	pod
	fake display fake_display.py
	serve
	login
	ws "/ws/display?viewer=7" read:1 send:$GREETING read:1 "send:$(hex hello)" read:1 close end >"$T/ws"
	diff - "$T/ws" <<-END
	open -
	binary $GREETING
	binary 0101
	binary $(hex HELLO)
	close 1000
	end
	END
	grep -qx 'viewer 7 control' "$T/fake.display"
	wait_for 5 grep -qx ended "$T/fake.display"
	wait_for 5 event '.event == "web_viewer" and .session == 1 and .viewer == 7 and .mode == "control"'
}

@test "a greeting that comes byte by byte is still one message; what comes behind the request is not lost" {
	pod
	fake display fake_display.py bytewise
	serve
	login

	frame=828c00000000$GREETING
	ws --behind "$frame" /ws/display read:2 close end >"$T/ws"
	sed -n 2,3p "$T/ws" | diff - <(printf 'binary %s\nbinary 0101\n' $GREETING)
}

@test "to look only: by the page's wish, or because the link said so" {
	pod
	fake display fake_display.py
	serve
	login
	ws "/ws/display?view=1&viewer=3" read:1 close end >/dev/null
	login --view
	ws "/ws/display?viewer=4" read:1 close end >/dev/null
	wait_for 5 grep -qx 'viewer 3 view' "$T/fake.display"
	wait_for 5 grep -qx 'viewer 4 view' "$T/fake.display"
}

@test "nobody without our Origin, cookie, name and a WebSocket's head" {
	pod
	fake display fake_display.py
	serve
	login
	try() { # STATUS OPTION...
		printf '%s\n' "$*" >>"$T/tries"
		shift
		printf '%s ' "$@" "$ORIGIN" /ws/display "$COOKIE" >>"$T/lines"
		echo >>"$T/lines"
	}
	try 403 --without Origin
	try 403 --header Origin:null
	try 403 --header "Origin:http://evil.example"
	try 403 --header "Origin:https://$PLACE"
	try 403 --header "Origin:http://localhost:${PLACE##*:}"
	try 403 --header "Origin:$ORIGIN.evil.example"
	try 403 --header "Origin:$ORIGIN/"
	try 403 --header Sec-Fetch-Site:cross-site
	try 403 --header Sec-Fetch-Site:same-site
	try 401 --without Cookie
	try 401 --header "Cookie:${COOKIE%=*}=00000000000000000000000000000000"
	try 401 --header "Cookie:other=${COOKIE#*=}"
	try 421 --header "Host:localhost:${PLACE##*:}"
	try 421 --header Host:evil.example
	try 426 --without Upgrade
	try 426 --header Upgrade:h2c
	try 426 --header Connection:close
	try 426 --header Sec-WebSocket-Version:8
	try 426 --header Sec-WebSocket-Key:short
	try 426 --without Sec-WebSocket-Key
	try 405 --method POST
	try 505 --version HTTP/1.0
	for twice in "Host:$PLACE" "Origin:$ORIGIN" "Cookie:$COOKIE" Upgrade:websocket Sec-WebSocket-Version:13; do
		try 400 --header "$twice" --header "$twice"
	done
	try 400 --header Content-Length:5
	try 400 --header Transfer-Encoding:chunked
	try 401 --without Cookie --header Sec-Fetch-Site:same-origin
	python3 "$BATS_TEST_DIRNAME/websocket.py" - <"$T/lines" >"$T/got"
	diff <(cut -d' ' -f1 "$T/tries") "$T/got" || { paste "$T/got" "$T/tries"; return 1; }
	refute grep -q viewer "$T/fake.display"
	[ "$(COOKIE='' ws /ws/display)" = 401 ]
	[ "$(ws --header Sec-WebSocket-Protocol:binary /ws/display)" = "open binary" ]
	[ "$(ws --header 'Sec-WebSocket-Protocol:chat, binary' /ws/display)" = "open binary" ]
	[ "$(ws --header Sec-WebSocket-Protocol:chat /ws/display)" = "open -" ]
}

@test "a viewer's number: chosen by its page, its login's own, and it may come back under it" {
	pod
	fake display fake_display.py
	serve
	login
	mkfifo "$T/in"
	EXEC='exec' ws /ws/display?viewer=5 read:1 end <"$T/in" >"$T/first" 3>&- &
	PIDS+=($!)
	exec 7>"$T/in"
	wait_for 5 grep -q binary "$T/first"
	other=$COOKIE
	login
	[ "$(ws /ws/display?viewer=5)" = 409 ]
	for odd in 0 -1 2147483648 x 5x '' 00000000000000000000005; do
		[ "$(ws "/ws/display?viewer=$odd")" = 400 ] || [ "$odd" = 00000000000000000000005 ] || { echo "took $odd"; return 1; }
	done
	COOKIE=$other
	ws /ws/display?viewer=5 read:1 close end >"$T/second"
	grep -q "binary $GREETING" "$T/second"
	wait_for 5 grep -qx end "$T/first"
	exec 7>&-
}

@test "frames that break the rules end the connection: unmasked, reserved bits, oversize, text, unknown kinds" {
	pod
	fake display fake_display.py
	serve
	login
	try() { # CODE WORD...
		local want=$1
		shift
		ws /ws/display read:1 send:$GREETING read:1 "$@" end >"$T/ws"
		sed 1,3d "$T/ws" | diff - <(printf 'close %s\nend\n' "$want")
	}
	try 1002 unmasked:00
	try 1002 unmasked:
	try 1002 rsv:00
	try 1002 raw:838000000000
	try 1002 raw:8b8000000000
	try 1009 big:1048577
	try 1009 big:9223372036854775807
	try 1003 text:hello
}

@test "fragments, pings between them, and many small frames arrive whole and in order" {
	pod
	fake display fake_display.py
	serve
	login
	ws /ws/display read:1 "frag:${GREETING:0:10},${GREETING:10}" bytes:2 "frag:$(hex ab),$(hex cd)" bytes:4 close end >"$T/ws"
	grep -qx "pong $(hex 'in between')" "$T/ws"
	[ "$(awk '/^binary/ {printf "%s", $2}' "$T/ws")" = "${GREETING}0101$(hex ABCD)" ]
	ws /ws/display read:1 send:$GREETING read:1 fill:1000000 total:1000000 close end >"$T/ws"
	grep -qx total "$T/ws"
}

@test "a viewer that never reads is dropped; others go on meanwhile" {
	pod
	fake display fake_display.py flood
	serve
	login
	mkfifo "$T/in"
	EXEC='exec' ws --rcvbuf 4096 /ws/display?viewer=1 read:1 send:$GREETING stdin end <"$T/in" >"$T/slow" 3>&- &
	PIDS+=($!)
	exec 7>"$T/in"
	wait_for 10 grep -q 'viewer says' "$T/fake.display"
	for _ in 1 2 3; do
		ws "/ws/display?view=1" read:1 send:$GREETING read:1 "send:$(hex hi)" read:1 close end >"$T/ws"
		grep -qx "binary $(hex HI)" "$T/ws"
	done
	wait_for 15 grep -q '^gone' "$T/fake.display"
	[ "$(awk '/^VmRSS/ {print $2}' "/proc/$WEB/status")" -lt 60000 ]
	exec 7>&-
}

@test "a pod that lies, stalls or is not there: its viewer hears of it, the front goes on" {
	pod
	serve
	login
	[ "$(ws /ws/display)" = 503 ]
	fake display fake_display.py lie
	ws /ws/display end >"$T/ws"
	grep -qx 'close 1011' "$T/ws"
	refute grep -q '^binary' "$T/ws"
	kill -9 "$FAKE"
	: >"$T/fake.display"
	fake display fake_display.py stall
	ws /ws/display read:1 close end >"$T/ws"
	grep -qx "binary $GREETING" "$T/ws"
	kill -9 "$FAKE"
	[ "$(ws /ws/display)" = 503 ]
	[ "$(get /)" = 200 ]
}

@test "a session that ends takes its viewers with it" {
	pod
	fake display fake_display.py
	serve
	login
	EXEC='exec' ws /ws/display read:1 send:$GREETING end >"$T/ws" 3>&- &
	PIDS+=($!)
	wait_for 5 grep -q 'viewer says' "$T/fake.display"
	[ "$(pod-web sessions --json web | jq .viewers)" = 1 ]
	pod-web revoke web 1
	wait_for 5 grep -qx end "$T/ws"
	wait_for 5 grep -qx ended "$T/fake.display"
}

@test "33 viewers are one too many; what left makes room" {
	pod
	fake display fake_display.py
	serve
	login
	cat >"$T/many.py" <<-'END'
	import sys
	sys.path.insert(0, sys.argv[1])
	from websocket import Client
	kept = [Client(sys.argv[2], "/ws/display", sys.argv[3]) for _ in range(33)]
	print(*(c.status for c in kept))
	kept[0].s.close()
	while True:
	    c = Client(sys.argv[2], "/ws/display", sys.argv[3])
	    if c.status == 101:
	        break
	print("room", flush=True)
	END
	python3 "$T/many.py" "$BATS_TEST_DIRNAME" "$ORIGIN" "$COOKIE" >"$T/many"
	[ "$(head -1 "$T/many" | tr ' ' '\n' | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 32 101; 1 503;' ]
	grep -qx room "$T/many"
}

@test "SIGTERM ends it with viewers at hand" {
	pod
	fake display fake_display.py
	serve
	login
	EXEC='exec' ws /ws/display read:1 send:$GREETING end >"$T/ws" 3>&- &
	PIDS+=($!)
	wait_for 5 grep -q 'viewer says' "$T/fake.display"
	kill "$WEB"
	wait "$WEB"
	wait_for 5 grep -qx end "$T/ws"
}
