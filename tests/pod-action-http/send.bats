#!/usr/bin/env bats
# The executor by hand, against a server on a loopback of the test's own: bounds, redirects, what the environment and
# files of the user would have it do.

load ../lib/envpod

setup()
{
	need root netns
	envpod_setup
	mkdir "$T/home"
	cat >"$T/server.py" <<-'END'
	import http.server, sys
	class H(http.server.BaseHTTPRequestHandler):
	    def do_GET(self):
	        self.log(self.command)
	        if self.path == "/redirect":
	            self.send_response(302); self.send_header("Location", "/elsewhere"); self.end_headers()
	        elif self.path == "/heads":
	            self.send_response(200)
	            for i in range(60): self.send_header("X-%d" % i, "y" * 1000)
	            self.end_headers()
	        else:
	            n = 1000000 if self.path == "/long" else 5
	            self.send_response(503 if self.path == "/sick" else 200); self.send_header("Content-Type", "text/x-odd"); self.end_headers()
	            try: self.wfile.write(b"\xff\x00abc" if self.path == "/bytes" else b"z" * n)
	            except OSError: pass
	    do_DELETE = do_GET
	    def do_POST(self):
	        self.body = self.rfile.read(int(self.headers["Content-Length"])); self.do_GET()
	    def log(self, what):
	        print(what, self.path, dict(self.headers), getattr(self, "body", b""), file=open(sys.argv[1], "a"))
	    def log_message(self, *a): pass
	http.server.ThreadingHTTPServer(("127.0.0.1", 80), H).serve_forever()
	END
	unshare -n sleep 1000 3>&- &
	NS=$!
	wait_for 5 apart
	inside ip link set lo up
	nsenter -t "$NS" -n -- python3 "$T/server.py" "$T/log" 3>&- & # itself, no function's shell
	SERVER=$!
	wait_for 10 inside curl -so/dev/null http://127.0.0.1/
	: >"$T/log"
}

teardown()
{
	kill "$SERVER" "$NS" 2>/dev/null || true
	envpod_teardown
}

apart() { [ "$(readlink "/proc/$NS/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
inside() { nsenter -t "$NS" -n -- "$@"; }
ask() { inside env HOME="$T/home" "${ENV[@]}" pod-action-http <<<"{\"type\":\"$1\",\"params\":$2,\"config\":${3:-{\}}}"; }

@test "an answer is taken up to its bound, whatever its status, and a redirect is an answer" {
	ask http_get '{"url":"http://127.0.0.1/long"}' | jq -e '.result | .truncated and .bytes == 262144 and (.body | length) == 262144'
	ask http_get '{"url":"http://127.0.0.1/sick"}' | jq -e '.ok and .result == {status:503,content_type:"text/x-odd",bytes:5,truncated:false,body:"zzzzz"}'
	ask http_get '{"url":"http://127.0.0.1/redirect"}' | jq -e '.result.status == 302'
	refute grep -q elsewhere "$T/log"
	ask http_get '{"url":"http://127.0.0.1/bytes"}' | jq -e '.ok'
	expect 2 ask http_get '{"url":"http://127.0.0.1/heads"}'
	expect 2 ask http_get '{"url":"http://127.0.0.1:1/"}'
}

@test "bodies, headers, keys: as the action and its config say" {
	ENV=(KEY=dummy-of-key)
	ask http_post '{"url":"http://127.0.0.1/a","body":"é \"x\"","content_type":"text/plain"}' >/dev/null
	grep -q "text/plain.*\\\\xc3\\\\xa9 \"x\"" "$T/log"
	ask http_post '{"url":"a/b?c","body":{"k":[1]}}' '{"base_url":"http://127.0.0.1/v1/","auth_vault_key":"KEY","auth_scheme":"X-Key: <{value}>"}' >/dev/null
	grep -q "POST /v1/a/b?c .*'X-Key': '<dummy-of-key>'.*{\"k\":\[1\]}" "$T/log"
	ask http_delete '{"url":"http://127.0.0.1/d"}' '{"auth_vault_key":"KEY"}' >/dev/null
	grep -q "DELETE /d .*Bearer dummy-of-key" "$T/log"
	expect 2 ask http_get '{"url":"http://127.0.0.1/d","headers":{"authorization":"mine"}}' '{"auth_vault_key":"KEY"}'
	expect 2 ask webhook '{"url":"http://127.0.0.1/w"}'
	expect 2 ask http_get '{"url":"http://127.0.0.1/x"}' '{"url":"http://127.0.0.1/fixed"}'
	ask http_get '{}' '{"url":"http://127.0.0.1/fixed"}' >/dev/null
	grep -q 'GET /fixed ' "$T/log"
	refute grep -q 'GET /x ' "$T/log"
}

@test "proxies of the environment, .curlrc and .netrc are not looked at" {
	ENV=(http_proxy=http://127.0.0.1:1 ALL_PROXY=socks5://127.0.0.1:1 CURL_HOME="$T/home")
	printf 'proxy = http://127.0.0.1:1\nheader = "X-Planted: 1"\n' >"$T/home/.curlrc"
	printf 'machine 127.0.0.1 login l password p\n' >"$T/home/.netrc"
	ask http_get '{"url":"http://127.0.0.1/plain"}' | jq -e .ok
	grep -q 'GET /plain ' "$T/log"
	refute grep -Eqi 'planted|authorization' "$T/log"
}
