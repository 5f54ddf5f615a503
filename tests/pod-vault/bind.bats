# Bindings: what is refused, what policy/proxy says, what the injector gets.
load ../lib/envpod
load helper
setup()
{
	vault_setup
	pod web 'network: {dns: {allow: [api.example, "*.b.example", "**.c.example:8443", host.example]}, http: [{domain: host.example, methods: [GET, HEAD], paths: ["/v1/*"]}]}'
	put web KEY 'sk-live-0123456789'
	POLICY=$PODS/web/policy
}
teardown()
{
	[ -z "${injector:-}" ] || kill "$injector" 2>/dev/null || true
	envpod_teardown
}

# lines KEY: those of policy/proxy.
lines() { grep "^$1 " "$POLICY/proxy"; }

# A stand-in for pod-proxy inject: keeps what it was fed last, answers ANSWER.
injector()
{
	mkdir -p "$ENVPOD_RUN_DIR/web/net"
	python3 - "$ENVPOD_RUN_DIR/web/net/feed" "$T/fed" "${1:-ok}" <<-'END' &
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	s.listen()
	while True:
	    c, _ = s.accept()
	    got = b''
	    while not got.endswith(b'end\n'):
	        part = c.recv(65536)
	        if not part:
	            break
	        got += part
	    open(sys.argv[2] + '.new', 'wb').write(got)
	    os.rename(sys.argv[2] + '.new', sys.argv[2])
	    c.sendall(sys.argv[3].encode() + b'\n')
	    c.close()
	END
	injector=$!
	wait_for 10 test -S "$ENVPOD_RUN_DIR/web/net/feed"
}

@test "bind: hosts, rules, limits and dummies in policy/proxy" {
	envpod vault web bind KEY api.example --header 'X-Api-Key: {value}' -m GET -m POST -p '/v1/*' -p '/a b' \
		--requests 60/m --bytes 1MB/m --concurrent 4 --usage openai --strip cookie:session --pin sha256//LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=
	pod-vault bind web KEY any.b.example --basic me
	pod-vault bind web KEY x.c.example --port 8443 --query api_key
	diff - <(grep -v -e ^dummy "$POLICY/proxy") <<-'END'
	envpod-plan 1 0 0 0
	canary alert
	host 0 api.example 443
	bind 0 KEY header X-Api-Key {value}
	strip 0 cookie session
	pin 0 sha256/LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=
	usage 0 openai
	allow 0 GET,POST /v1/*
	allow 0 GET,POST /a\\040b
	limit 0 requests 60
	limit 0 bytes 1048576
	limit 0 concurrent 4
	host 1 api.example 80
	allow 1 GET,POST /v1/*
	allow 1 GET,POST /a\\040b
	limit 1 requests 60
	limit 1 bytes 1048576
	limit 1 concurrent 4
	host 2 any.b.example 443
	bind 2 KEY basic me
	host 3 x.c.example 8443
	bind 3 KEY query api_key
	host 4 host.example 443
	allow 4 GET,HEAD /v1/*
	host 5 host.example 80
	allow 5 GET,HEAD /v1/*
	end
	END
	[ "$(pod-vault bindings --json web | jq -r '"\(.key) \(.domain) \(.port)"')" = $'KEY api.example 443\nKEY any.b.example 443\nKEY x.c.example 8443' ]
	[ "$(events web vault_bind '"\(.key) \(.host) \(.how)"' | head -1)" = 'KEY api.example header X-Api-Key' ]
	refute grep -rq sk-live "$POLICY" "$PODS/web/audit"
}

@test "dummies: made once a key, of the shape that its host's keys have, and known for good" {
	envpod dns web --allow api.anthropic.com --allow github.com
	pod-vault bind web KEY api.anthropic.com
	dummy=$(lines dummy)
	[[ "$dummy" =~ ^'dummy KEY sk-ant-api03-'[A-Za-z0-9]{93}AA$ ]]
	pod-vault bind web KEY github.com
	pod-vault compile web
	[ "$(lines dummy)" = "$dummy" ]
	pod-vault unbind web KEY
	[ "$(lines dummy)" = "$dummy" ]
	refute lines bind
	put web TOKEN 'ghs-0123456789'
	pod-vault bind web TOKEN github.com
	lines dummy | grep -Eq '^dummy TOKEN ghp_[A-Za-z0-9]{36}$'
}

@test "refused: a host that is not allowed, a wildcard by accident, port 80, a value that could not be found again" {
	expect 3 pod-vault bind web KEY other.example
	grep -q 'envpod dns web --allow' <<<"$output"
	expect 3 pod-vault bind web KEY b.example
	expect 64 pod-vault bind web KEY '*.b.example'
	expect 64 pod-vault bind web KEY '**.b.example'
	expect 3 pod-vault bind web KEY '*.api.example' --wide
	expect 64 pod-vault bind web KEY api.example --port 80
	expect 64 pod-vault bind web KEY api.example --basic me --query key
	expect 64 pod-vault bind web KEY api.example --header 'Authorization: Bearer'
	expect 64 pod-vault bind web KEY api.example --header $'A: {value}\r\nB: c'
	expect 64 pod-vault bind web KEY api.example --requests 60/s
	expect 64 pod-vault bind web KEY 192.0.2.1
	expect 64 pod-vault bind web KEY api.example --pin sha256/short=
	expect 64 pod-vault bind web KEY api.example --pin md5/LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=
	expect 64 pod-vault bind web KEY api.example --usage mine
	put web SHORT 1234567
	expect 3 pod-vault bind web SHORT api.example
	printf 'two\nlines of it' | pod-vault set web LINES
	expect 3 pod-vault bind web LINES api.example
	[ ! -e "$POLICY/proxy.json" ]
	[ "$(events web vault_denied '"\(.what) \(.key) \(.host)"' | head -1)" = 'bind KEY other.example' ]
	pod-vault bind web '*.b.example' KEY 2>/dev/null && return 1
	pod-vault bind web KEY '*.b.example' --wide
	expect 3 pod-vault set web KEY <<<short
	[ "$(value web KEY)" = sk-live-0123456789 ]
}

@test "refused: while the network is open" {
	pod open 'network: {mode: Unsafe}'
	pod deny 'network: {dns: {mode: Denylist}}'
	pod watched 'network: {mode: Monitored}'
	pod none 'network: {mode: None}'
	pod off $'network: {dns: {allow: [api.example]}}\nvault: {proxy: no}'
	for name in open deny watched none off; do
		put "$name" KEY sk-live-0123456789
		expect 3 pod-vault bind "$name" KEY api.example
	done
}

@test "bindings of the pod file: taken back by unbind, replaced by bind, switched off by vault.proxy" {
	pod file $'network: {dns: {allow: [api.example, b.example]}}\nvault: {bindings: [{key: KEY, domain: api.example}, {key: KEY, domain: b.example}]}'
	pod-vault compile file
	POLICY=$PODS/file/policy
	[ "$(lines host | wc -l)" = 2 ]
	pod-vault unbind file KEY b.example
	[ "$(lines host)" = 'host 0 api.example 443' ]
	pod-vault compile file
	[ "$(lines host)" = 'host 0 api.example 443' ]
	pod-vault bind file KEY b.example --basic me
	[ "$(pod-vault bindings --json file | jq -rs 'map(.domain) | join(" ")')" = 'api.example b.example' ]
	expect 2 pod-vault unbind file OTHER
	expect 2 pod-vault unbind file KEY other.example
	pod off $'network: {dns: {allow: [api.example]}}\nvault: {proxy: no, bindings: [{key: KEY, domain: api.example}]}'
	pod-vault compile off
	refute grep -q ^host "$PODS/off/policy/proxy"
}

@test "screening: hosts of the pod file or the known ones, with their port 80, beside bindings, rules and wide ones" {
	pod known $'network: {dns: {allow: [api.anthropic.com]}}\nscreen: block'
	pod-vault compile known
	POLICY=$PODS/known/policy
	[ "$(lines 'host\|screen' | head -4)" = "$(printf '%s\n' 'host 0 api.anthropic.com 443' 'screen 0 block *' 'host 1 api.anthropic.com 80' 'screen 1 block *')" ]
	[ "$(lines host | grep -c ' 443$')" -ge 10 ]
	[ "$(lines host | wc -l)" = "$(lines screen | wc -l)" ]
	pod some $'network: {dns: {allow: [api.example, "**.x.example", other.example, "own.example:11434"]}, http: [{domain: b.x.example, methods: [POST]}, {domain: other.example, port: 8080, paths: [/a]}]}
vault: {bindings: [{key: KEY, domain: api.example}, {key: KEY, domain: "*.x.example", wide: yes}, {key: KEY, domain: no.example.x.example}]}
screen: {mode: alert, hosts: [api.example, a.x.example, "**.y.example", "own.example:11434,80,443"], categories: [pii, injection]}'
	pod-vault compile some
	POLICY=$PODS/some/policy
	diff - <(lines 'host\|screen\|bind') <<-'END'
	host 0 api.example 443
	bind 0 KEY header Authorization Bearer\\040{value}
	screen 0 alert pii,injection
	host 1 api.example 80
	screen 1 alert pii,injection
	host 2 *.x.example 443
	bind 2 KEY header Authorization Bearer\\040{value}
	screen 2 alert pii,injection
	host 3 *.x.example 80
	screen 3 alert pii,injection
	host 4 no.example.x.example 443
	bind 4 KEY header Authorization Bearer\\040{value}
	host 5 b.x.example 443
	host 6 b.x.example 80
	host 7 other.example 8080
	host 8 y.example 443
	screen 8 alert pii,injection
	host 9 y.example 80
	screen 9 alert pii,injection
	host 10 *.y.example 443
	screen 10 alert pii,injection
	host 11 *.y.example 80
	screen 11 alert pii,injection
	host 12 own.example 11434
	screen 12 alert pii,injection
	host 13 own.example 80
	screen 13 alert pii,injection
	host 14 own.example 443
	screen 14 alert pii,injection
	END
	pod used $'network: {dns: {allow: [llm.example]}}\nvault: {bindings: [{key: KEY, domain: llm.example, usage: ollama}]}\nscreen: alert'
	pod-vault compile used
	POLICY=$PODS/used/policy
	grep -q '^screen 0 alert' "$POLICY/proxy" && grep -q '^host 0 llm.example 443' "$POLICY/proxy"
}

@test "undo takes bindings back and brings them again, with every word of theirs, and no value" {
	local first odd='Authorization: Odd "{value}" \x'
	undo() { envpod undo web "$(envpod undo web --json | jq -rs "$1.id")"; }
	bound() { pod-vault bindings --json web | jq -cS .; }
	pod-vault bind web KEY api.example --header "$odd" -m GET -m POST -p '/a b/*' -p '/[%2F]' --strip cookie:s --requests 60/m --bytes 1MB/m --concurrent 3 --usage openai \
		--pin "sha256/$(head -c 32 /dev/zero | base64)"
	pod-vault bind web KEY '*.b.example' --wide --basic me
	first=$(bound)
	# Replaced, and back; taken back, all of one key, and back one by one.
	pod-vault bind web KEY api.example --query key
	undo '.[-1]'
	[ "$(bound | sort)" = "$(sort <<<"$first")" ]
	pod-vault unbind web KEY
	[ -z "$(bound)" ]
	undo '.[-1]'
	undo '.[-3]'
	[ "$(bound | sort)" = "$(sort <<<"$first")" ]
	envpod undo web --json | jq -se '.[0].what == "vault" and .[0].by == "root"'
	refute grep -r sk-live "$PODS/web/undo"
	# The same again is nothing to take back.
	first=$(envpod undo web --json | wc -l)
	pod-vault bind web KEY '*.b.example' --wide --basic me
	[ "$(envpod undo web --json | wc -l)" = "$first" ]
	# Changed since: left alone.
	first=$(envpod undo web --json | jq -r .id | tail -1)
	pod-vault bind web KEY '*.b.example' --wide --basic you
	pod-vault bind web KEY api.example --basic other
	expect 3 envpod undo web "$first"
	expect 3 pod-vault unbind --was none web KEY api.example
	expect 64 pod-vault bind --words nonsense web KEY api.example
	[ "$(pod-vault bindings --json web | jq -rs 'map(.basic) | sort | join(" ")')" = "other you" ]
	# What the pod may not do any more does not come back by this way, either.
	pod-vault unbind web KEY api.example
	envpod dns web --remove-allow api.example
	expect 3 envpod undo web "$(envpod undo web --json | jq -rs 'map(select(.what == "vault"))[-1].id')"
	[ "$(bound | wc -l)" = 1 ]
}

@test "undo of a binding that the pod file says leaves nothing behind" {
	pod file $'network: {dns: {allow: [api.example]}}\nvault: {bindings: [{key: KEY, domain: api.example}]}'
	pod-vault compile file
	pod-vault unbind file KEY
	envpod undo file --all
	[ "$(pod-vault bindings --json file | jq -r .domain)" = api.example ]
	jq -e '.bind == [] and .unbind == []' "$PODS/file/policy/proxy.json"
}

@test "feed: bound keys alone, byte for byte; what has no value is left out" {
	put web OTHER not-bound-value
	pod-vault bind web KEY api.example
	pod-vault bind web KEY any.b.example
	[ "$(pod-vault list --json web | jq -r '"\(.key) \(.bound)"')" = $'KEY api.example,any.b.example\nOTHER null' ]
	pod-vault bind web LATER any.b.example 2>/dev/null
	diff <(pod-vault feed web 2>/dev/null) <(printf 'secret KEY 18\nsk-live-0123456789\nend\n')
	[ "$(pod-vault feed web 2>&1 >/dev/null | grep -c LATER)" = 1 ]
	expect 64 script -qec 'pod-vault feed web' /dev/null
	refute grep -q sk-live <<<"$output"
}

@test "feed and list wait for nobody who is changing the policy" {
	pod-vault bind web KEY api.example
	flock -x "$POLICY" sh -c 'pod-vault feed web >"$1"; pod-vault list web >/dev/null' sh "$T/fed"
	grep -qx sk-live-0123456789 "$T/fed"
}

@test "feed: a vault that cannot be opened says why, on one line" {
	pod-vault bind web KEY api.example
	mv "$KEYS/master" "$T/master"
	pod-vault feed web >"$T/fed"
	grep -qx 'end' "$T/fed"
	[ "$(wc -l <"$T/fed")" = 2 ]
	head -1 "$T/fed" | grep -q '^locked .*master key'
	pod nothing ''
	[ "$(pod-vault feed nothing)" = end ]
}

# signed: the hosts that an authority may sign for.
signed() { sed -n 's/^domain //p' "$POLICY/issuers" | paste -sd' '; }

@test "what may be signed for the pod follows: bind, unbind, compile" {
	pod-vault bind web KEY api.example
	[ "$(signed)" = 'api.example host.example' ]
	pod-vault bind web KEY '*.b.example' --wide
	[ "$(signed)" = 'api.example b.example host.example' ]
	pod-vault unbind web KEY api.example
	[ "$(signed)" = 'b.example host.example' ]
	jq -c '.bind[0].domain = "any.b.example" | del(.bind[0].wide)' "$POLICY/proxy.json" >"$T/changed"
	cat "$T/changed" >"$POLICY/proxy.json"
	pod-vault compile web
	[ "$(signed)" = 'any.b.example host.example' ]
}

@test "push: every change reaches the injector before the command ends" {
	injector
	pod-vault bind web KEY api.example
	grep -qx sk-live-0123456789 "$T/fed"
	put web KEY sk-live-another-one
	grep -qx sk-live-another-one "$T/fed"
	pod-vault unbind web KEY
	[ "$(cat "$T/fed")" = end ]
	pod-vault bind web KEY api.example
	pod-vault rm web KEY
	[ "$(cat "$T/fed")" = end ]
	put web KEY sk-live-0123456789
	: >"$T/fed"
	pod-vault push
	grep -qx sk-live-0123456789 "$T/fed"
}

@test "push: an injector that does not take it fails the command" {
	injector refused
	expect 2 pod-vault bind web KEY api.example
	grep -q 'may still go by' <<<"$output"
	expect 2 pod-vault unbind web KEY # which the authority may sign for no more, all the same
	grep -q 'may still go by' <<<"$output"
	[ "$(signed)" = host.example ]
	kill "$injector"
	wait "$injector" || true
	injector=
	pod-vault push web
}

@test "proxy.json: what is not understood is an error, and is left alone" {
	pod-vault bind web KEY api.example
	for bad in '' '[]' '{}' '{"v":2}' '{"v":1,"bidn":[]}' '{"v":1,"bind":{}}' '{"v":1,"bind":[{"key":"A"}]}' \
		'{"v":1,"bind":[{"domain":"a.example"}]}' '{"v":1,"bind":[{"key":"A","domain":"a.example","port":80}]}' \
		'{"v":1,"bind":[{"key":"A","domain":"a.example","pahts":["/"]}]}' '{"v":1,"bind":[{"key":"A","domain":"a.example","header":null}]}' \
		'{"v":1,"dummies":[{"key":"A","value":"x y z 1 2 3 4"}]}' '{"v":1,"dummies":["A"]}' '{"v":1'; do
		printf '%s' "$bad" >"$POLICY/proxy.json"
		expect 78 pod-vault compile web
		expect 78 pod-vault bind web KEY api.example
		[ "$(cat "$POLICY/proxy.json")" = "$bad" ]
		lines bind >/dev/null
	done
}
