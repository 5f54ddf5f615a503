#!/usr/bin/env bats
# /ws/audio, /audio.webm: what the pod plays.
load helper
setup() { web_setup; }
teardown() { web_teardown; }

again() { kill -9 "$FAKE"; : >"$T/fake.audio"; fake audio fake_audio.py "$1"; }

@test "packets arrive whole, one a message, those without sound too" {
	pod
	fake audio fake_audio.py
	serve
	login
	ws /ws/audio read:3 close end >"$T/ws"
	grep -qx opus "$T/fake.audio"
	diff - "$T/ws" <<-END
	open -
	binary 00050000000000000001$(hex first)
	binary 00000000000000000002
	binary 00960000000000000003$(printf '78%.0s' {1..150})
	close 1000
	end
	END
	wait_for 5 grep -qx ended "$T/fake.audio"
	login --view
	[ "$(ws /ws/audio | head -1)" = 'open -' ]
}

@test "a stream, on its own port as its first page, too; it ends when the pod's does" {
	pod
	fake audio fake_audio.py
	serve
	login
	touch "$R/desktop/sock/audio.go"
	[ "$(get /audio.webm)" = 200 ]
	grep -qi '^Content-Type: audio/webm' "$T/head"
	[ "$(tail -c +5 "$T/body")" = firstsecond ]
	port=$(python3 -c 'import struct,sys; print(struct.unpack_from("<4H", open(sys.argv[1],"rb").read(), 12)[1])' "$R/desktop/web.state")
	ORIGIN=${ORIGIN%:*}:$port
	[ "$(get /)" = 200 ]
	[ "$(tail -c +5 "$T/body")" = firstsecond ]
	[ "$(COOKIE='' get /)" = 401 ]
	[ "$(get / -H 'Host: localhost')" = 421 ]
	[ "$(get /state)" = 404 ]
}

@test "nobody listens without cookie and Origin, or where sound is switched off" {
	pod
	fake audio fake_audio.py
	serve
	login
	[ "$(ws --without Origin /ws/audio)" = 403 ]
	[ "$(ws --header Origin:http://evil.example /ws/audio)" = 403 ]
	[ "$(COOKIE='' ws /ws/audio)" = 401 ]
	[ "$(COOKIE='' get /audio.webm)" = 401 ]
	[ "$(get /audio.webm -H 'Origin: http://evil.example')" = 403 ]
	[ "$(get /ws/audio)" = 403 ]
	[ "$(get /ws/audio -H "Origin: $ORIGIN")" = 426 ]
	refute grep -qE 'opus|webm' "$T/fake.audio"
	kill "$WEB"
	wait "$WEB"
	pod 'plugin web_display web-novnc audio=no upload=no uid=1000'
	serve
	login
	[ "$(ws /ws/audio)" = 403 ]
	[ "$(get /audio.webm)" = 403 ]
}

@test "a pod that lies or floods: the listener is told or loses packets, memory stays bounded, others go on" {
	pod
	serve
	login
	[ "$(ws /ws/audio)" = 503 ]
	fake audio fake_audio.py lie
	ws /ws/audio end >"$T/ws"
	grep -qx 'close 1011' "$T/ws"
	again flood
	mkfifo "$T/in"
	EXEC='exec' ws --rcvbuf 4096 /ws/audio read:1 stdin read:5 end <"$T/in" >"$T/slow" 3>&- &
	PIDS+=($!)
	exec 7>"$T/in"
	wait_for 5 grep -q binary "$T/slow"
	ws /ws/audio total:3000000 close >"$T/ws"
	grep -qx total "$T/ws"
	[ "$(awk '/^VmRSS/ {print $2}' "/proc/$WEB/status")" -lt 60000 ]
	exec 7>&-
	[ "$(get /)" = 200 ]
}

@test "a listener of the stream who does not read loses it" {
	pod
	fake audio fake_audio.py flood
	serve
	login
	python3 - "$ORIGIN" "$COOKIE" >"$T/lazy" <<-'END' 3>&- &
	import socket, sys, time
	host = sys.argv[1].split("//")[1]
	s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048); s.connect(("127.0.0.1", int(host.split(":")[1])))
	s.sendall(f"GET /audio.webm HTTP/1.1\r\nHost: {host}\r\nCookie: {sys.argv[2]}\r\n\r\n".encode())
	time.sleep(1000)
	END
	PIDS+=($!)
	wait_for 10 grep -qx ended "$T/fake.audio"
	[ "$(get /)" = 200 ]
}
