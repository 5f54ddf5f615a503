#!/usr/bin/env bats
# /upload: files into the pod.
load helper
setup() { web_setup; }
teardown() { web_teardown; }

up() { post /upload -H "X-File-Name: ${NAME:-a%20file.bin}" -H 'Expect:' "$@"; }
says() { jq -e "$1" "$T/body" >/dev/null || { cat "$T/body"; return 1; }; }
again() { kill -9 "$FAKE"; : >"$T/fake.upload"; fake upload fake_upload.py "$T" "$1"; }

@test "a file goes into the pod as it comes, under its name; so do empty ones; the record says who and what" {
	pod
	fake upload fake_upload.py "$T"
	serve
	login
	head -c 5000000 /dev/urandom >"$T/file"
	[ "$(NAME=%C3%BCber%20%22all%22.bin up --data-binary "@$T/file")" = 200 ]
	says '. == {ok: true, path: "/tmp/uploads/über \"all\".bin", size: 5000000}'
	cmp "$T/file" "$T/got"
	[ "$(post /upload -H 'X-File-Name: b' -H 'Expect: 100-continue' --data-binary "@$T/file")" = 200 ]
	[ "$(NAME=empty up --data-binary @/dev/null)" = 200 ]
	says '.size == 0'
	wait_for 5 event '.event == "web_upload" and .bytes == 5000000 and .name == "über \"all\".bin" and .session == 1'
	[ "$(NAME=x up -d 12345)" = 200 ]
	grep -qx 'head {"name": "x", "size": 5}' "$T/fake.upload"
}

@test "names: percent-encoded UTF-8 and nothing else; too large, switched off, for looking only: refused before a byte" {
	pod 'plugin web_display web-novnc audio=no upload=yes uid=1000' 'web.upload_max 100'
	fake upload fake_upload.py "$T"
	serve
	login
	[ "$(post /upload -H 'X-File-Name;' -d x)" = 400 ]
	for NAME in '%00' 'a%' '%zz' '%ff' "$(printf 'a%.0s' {1..256})" 'a%c3'; do
		[ "$(NAME=$NAME up -d x)" = 400 ] || { echo "took $NAME"; return 1; }
	done
	[ "$(post /upload -d x)" = 400 ]
	[ "$(NAME=a up -d "$(printf 'x%.0s' {1..101})")" = 413 ]
	says '.error == "size"'
	[[ $(NAME=a up -H 'Content-Length: 99999999999999999999' -d x) == 4?? ]]
	login --view
	[ "$(NAME=a up -d x)" = 403 ]
	refute grep -q head "$T/fake.upload"
	kill "$WEB"
	wait "$WEB"
	pod 'plugin web_display web-novnc audio=no upload=no uid=1000'
	serve
	login
	[ "$(NAME=a up -d x)" = 403 ]
	says '.error == "off"'
}

@test "a receiver that refuses is heard: at once, midway, at the end; its words are text" {
	pod
	serve
	login
	head -c 3000000 /dev/zero >"$T/file"
	[ "$(up -d x)" = 503 ]
	fake upload fake_upload.py "$T" refuse
	[ "$(up --data-binary "@$T/file")" = 400 ]
	says '.error == "name" and .message == "no such names here \u001b[31m<b>"'
	again midway
	[ "$(up --data-binary "@$T/file")" = 507 ]
	says '.error == "space"'
	again late
	[ "$(up --data-binary "@$T/file")" = 502 ]
	says '.error == "failed"'
	refute event '.event == "web_upload"'
}

@test "a receiver that lies, talks without end, is done too early or goes away: 502, and the front goes on" {
	pod
	serve
	login
	head -c 3000000 /dev/zero >"$T/file"
	fake upload fake_upload.py "$T" lie
	for mode in lie long early vanish; do
		again $mode
		[ "$(up --data-binary "@$T/file")" = 502 ] || { echo $mode; return 1; }
		says '.ok == false'
	done
	[ "$(get /)" = 200 ]
}

@test "a receiver that takes its time: no more is here than a buffer holds; others are not held up" {
	pod
	fake upload fake_upload.py "$T" slow
	serve
	login
	head -c 100000000 /dev/zero >"$T/file"
	up --data-binary "@$T/file" >"$T/code" 3>&- &
	pid=$!
	PIDS+=("$pid")
	wait_for 5 grep -q head "$T/fake.upload"
	[ "$(T=$T/other; mkdir "$T"; get /)" = 200 ]
	[ "$(awk '/^VmHWM/ {print $2}' "/proc/$WEB/status")" -lt 60000 ]
	touch "$T/go"
	wait "$pid"
	[ "$(cat "$T/code")" = 200 ]
	[ "$(stat -c %s "$T/got")" = 100000000 ]
}

@test "one that breaks off is cut in the pod, too" {
	pod
	fake upload fake_upload.py "$T"
	serve
	login
	printf 'POST /upload HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: %s\r\nX-Envpod: 1\r\nX-File-Name: a\r\nContent-Length: 100\r\n\r\nabc' \
		"$PLACE" "$ORIGIN" "$COOKIE" >"$T/begun"
	python3 - "${PLACE##*:}" "$T/begun" "$T/fake.upload" <<-'END'
	import socket, sys, time
	s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
	s.sendall(open(sys.argv[2], "rb").read())
	while b"head" not in open(sys.argv[3], "rb").read(): time.sleep(0.02)
	END
	wait_for 5 grep -qx 'cut 97' "$T/fake.upload"
}

@test "the port of uploads alone: the same checks, nothing else there" {
	pod
	fake upload fake_upload.py "$T"
	serve
	login
	port=$(python3 -c 'import struct,sys; print(struct.unpack_from("<4H", open(sys.argv[1],"rb").read(), 12)[2])' "$R/desktop/web.state")
	main=$ORIGIN
	ORIGIN=${ORIGIN%:*}:$port
	[ "$(up -d x)" = 200 ]
	[ "$(post /upload -H "Origin: $main" -H 'X-File-Name: a' -d x)" = 400 ]
	[ "$(get /upload -H "Origin: $main" -H 'X-Envpod: 1' -H 'X-File-Name: a' -d x)" = 403 ]
	[ "$(COOKIE='' up -d x)" = 401 ]
	[ "$(get /)" = 404 ]
	[ "$(get /state)" = 404 ]
	[ "$(get /app.js)" = 404 ]
	[ "$(up -d x -H "Host: ${main#http://}")" = 421 ]
}
