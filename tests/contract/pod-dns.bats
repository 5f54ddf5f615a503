#!/usr/bin/env bats
# What pod-dns promises in words, files and statuses.  What it answers: tests/pod-dns.
load contract

setup()
{
	need root
	contract_setup pod-dns
	pod web "network: {dns: {allow: ['**.example.com', 'git.test:22'], deny: [bad.example.com], remap: {here.test: 192.0.2.7}}}"
}
teardown() { envpod_teardown; }

@test "check: 0 when all would be resolved, 1 when one would not, 64 for no name" {
	"$TOOL" check web www.example.com git.test here.test
	expect 1 "$TOOL" check web www.example.com bad.example.com
	expect 64 "$TOOL" check web 'a..b'
	expect 64 "$TOOL" check web
	expect 2 "$TOOL" check nosuch a.test
}

@test "check --json: an object a name, with the rule that decided" {
	printf '%s\n' www.example.com bad.example.com git.test here.test else.test |
		"$TOOL" check --stdin --json web >"$T/said" || [ $? = 1 ]
	objects name decision rule target ports <"$T/said"
	[ "$(jq -r '[.name, .decision, .rule, .ports // "-", .target // "-"] | join(" ")' "$T/said")" = "www.example.com allow allow **.example.com 80,443 -
bad.example.com deny deny bad.example.com - -
git.test allow allow git.test 22 -
here.test remap remap here.test 80,443 192.0.2.7
else.test deny mode allowlist - -" ]
}

@test "a broken dns.json is status 78, with its place" {
	"$TOOL" check web www.example.com
	printf '{"v":1,\n"alow":[]}' >"$ENVPOD_STATE_DIR/pods/web/policy/dns.json"
	expect 78 "$TOOL" check web www.example.com
	grep -q 'dns.json:2:' <<<"$output"
}

@test "edit: policy/dns.json holds it, why and check go by it" {
	"$TOOL" edit --allow new.test --for 1h web
	"$TOOL" edit --deny old.test web
	jq -e '.v == 1 and .allow[0].name == "new.test" and (.allow[0].until | test("Z$")) and .deny == [{"name": "old.test"}]' \
		"$ENVPOD_STATE_DIR/pods/web/policy/dns.json"
	"$TOOL" check web new.test
	expect 1 "$TOOL" why -j web old.test
	objects name decision rule refused <<<"$output"
	"$TOOL" edit --remove-allow new.test web
	expect 1 "$TOOL" check web new.test
	expect 64 "$TOOL" edit web
	"$TOOL" learn web | grep -q '^    allow:'
}

@test "help and completions" { helps serve check edit why learn doctor; }
