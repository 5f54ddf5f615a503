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
	failed webhook '{"url":"https://api.example/hook2","payload":{},"secret_header":"X-Signature"}' "nothing in a pod has the secret"
	refute sent '.target == "/hook2"'
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
