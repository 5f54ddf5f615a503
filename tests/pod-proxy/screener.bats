#!/usr/bin/env bats
# The injector's side of screening, before a screen that lies, stalls or dies.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

# screen: answers each question by what its body says: raw text after "say ", in the escapes of Python; "stall": never.
screen()
{
	cat >"$T/screen.py" <<-'END'
	import os, socket, sys, threading
	l = socket.socket(socket.AF_UNIX); l.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o666); l.listen(16)
	log = open(sys.argv[2], "a")
	def serve(c):
	    f = c.makefile("rb")
	    line = f.readline()
	    body = f.read(int(line.split()[1]))
	    log.write("%s %d\n" % (line.split()[2].decode(), len(body))); log.flush()
	    if body.startswith(b"say "):
	        c.sendall(body[4:].decode().encode().decode("unicode_escape").encode("latin-1"))
	    elif body.startswith(b"stall"):
	        f.read(1)
	        log.write("left\n"); log.flush()
	    else:
	        c.sendall(b"screened unknown broken 0\nend\n")
	    f.close(); c.close()
	while True:
	    c, _ = l.accept()
	    threading.Thread(target=serve, args=(c,), daemon=True).start()
	END
	(exec python3 "$T/screen.py" "$R/web/net/screen" "$T/asked") >"$T/screen.err" 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 10 test -S "$R/web/net/screen"
}

# begin MODE CATEGORIES
begin()
{
	odd_site
	bindings 'host 0 c.example 443' "screen 0 $1 $2"
	screen
}
code() { call -o /dev/null -w '%{http_code}' --data-binary "$1" https://c.example/x; }
asked() { grep -q "$1" "$T/asked"; }
clean='screened gemini understood 0\nend\n'

@test "an answer that is none is no yes: cut, too long, of other words, with more behind it; the right one is" {
	begin block injection,pii
	[ "$(code "say $clean")" = 200 ]
	asked '^injection,pii '
	for answer in '' 'screened' 'screened gemini understood 0\n' 'screened gemini understood 0\nen' 'yes\n' "${clean}x" "$clean$clean" '\x00' \
		'screened gemini understood 0\nhit a b\nend\n' "screened gemini understood 0\n$(printf 'hit a b c\\n%.0s' {1..500})end\n"; do
		[ "$(code "say $answer")" = 503 ] || { echo "$answer"; false; }
	done
	[ "$(code 'say screened gemini understood 0\nhit pii low some-rule\nend\n')" = 403 ]
	[ "$(code 'say screened gemini understood 1\nend\n')" = 403 ]
	wait_for 5 said '.event == "screen_hit" and .rule == "some-rule" and .category == "pii" and .api == "gemini"'
	wait_for 5 said '.event == "screen_hit" and .rule == null'
	wait_for 5 said '.event == "screen_skipped" and .reason == "away" and .action == "block"'
}

@test "who asks nothing waits for nobody; a client that leaves lets the next one be asked about" {
	begin block '*'
	[ "$(call -o /dev/null -w '%{http_code}' https://c.example/x)" = 200 ]
	in_pod sh -c 'echo $$ >/tmp/first; exec curl -sS --max-time 60 -o /dev/null --data-binary stall https://c.example/x' 3>&- &
	jobs=($!)
	wait_for 10 asked '^\* 5$'
	(code "say $clean" >"$T/second") 3>&- &
	jobs+=($!)
	in_pod curl -sS --max-time 1 -o /dev/null --data-binary stall2 https://c.example/x || true # waits in line, and leaves it
	[ ! -s "$T/second" ]
	in_pod sh -c 'kill $(cat /tmp/first)'
	wait_for 15 asked left
	wait_for 15 test -s "$T/second"
	[ "$(cat "$T/second")" = 200 ]
	refute asked '^\* 6$'
	wait "${jobs[@]}" || true
}

@test "bodies that are kept are bounded in all: more are told to wait, and what waits is let go" {
	begin block '*'
	truncate -s 30M "$T/big"
	in_pod sh -c 'echo $$ >/tmp/first; exec curl -sS --max-time 60 -o /dev/null --data-binary stall https://c.example/x' 3>&- &
	jobs=($!)
	wait_for 10 asked '^\* 5$'
	for i in 1 2 3; do
		(big >"$T/big.$i") 3>&- &
		jobs+=($!)
	done
	# Two wait in line, and the third has found no room.
	wait_for 20 said '.event == "screen_skipped" and .reason == "busy"'
	in_pod sh -c 'kill $(cat /tmp/first)'
	wait "${jobs[@]}" || true
	[ "$(sort "$T"/big.[123] | tr '\n' ' ')" = '200 200 503 ' ] || { cat "$T"/big.?; false; }
	[ "$(big)" = 200 ]
}
big() { on_host envpod run web -- curl -sS --max-time 60 -o /dev/null -w '%{http_code}\n' -H Expect: --data-binary @- https://c.example/x <"$T/big"; }
